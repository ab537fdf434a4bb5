"""What only a process of its own shows: signals, pipes, colours, and what is imported."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import lumaloom
from lumaloom.cli.stopping import stopping
from lumaloom.errors import CancelledError
from tests.cli.running import environment, start
from tests.media import clips


@pytest.fixture(scope="module")
def long_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clips.make(tmp_path_factory.mktemp("long") / "long.mp4", count=400, width=320, height=240)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_cleanly(long_clip: Path, folder: Path, number: signal.Signals, code: int) -> None:
    process = start(
        "render",
        long_clip,
        folder / "out.mkv",
        "-e",
        "flip",
        "--preset",
        "veryslow",
        "--threads",
        "1",
        "--json",
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),  # a shell's background ignores it, and so would we
    )
    with process:
        assert process.stdout is not None
        for line in process.stdout:
            if json.loads(line)["event"] == "progress":
                break
        assert [path.name for path in folder.iterdir()], "a temporary file is there while the render runs"
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert process.returncode == code, err
    assert err.startswith("lumaloom: ")
    assert "cancelled after" in err
    assert err.count("\n") == 1
    event = json.loads(out.splitlines()[-1])
    assert (event["event"], event["exit_code"]) == ("error", code)
    assert not list(folder.iterdir())


def test_a_second_signal_exits_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[int] = []
    monkeypatch.setattr(os, "_exit", left.append)
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(CancelledError) as caught, stopping() as event:  # noqa: PT012 - the body is what is stopped
        os.kill(os.getpid(), signal.SIGTERM)
        assert event.wait(5)
        assert not left
        os.kill(os.getpid(), signal.SIGTERM)
        raise CancelledError("stopped")
    assert left == [143]
    assert caught.value.exit_code == 143
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_reader_that_goes_away_is_no_error() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    process = start("effects", "--json", stdout=writer)
    os.close(writer)
    with process:
        assert process.stderr is not None
        assert process.stderr.read() == ""
    assert process.returncode == 141


def test_a_reader_of_events_that_goes_away_ends_the_render(long_clip: Path, folder: Path) -> None:
    words = ["-e", "flip", "--preset", "veryslow", "--threads", "1", "--json"]
    with start("render", long_clip, folder / "out.mkv", *words) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert json.loads(process.stdout.readline())["event"] == "start"
        process.stdout.close()
        assert process.wait(60) == 141
        assert process.stderr.read() == ""
    assert not list(folder.iterdir())


def test_a_full_disk_behind_stdout_is_one_line(long_clip: Path, folder: Path) -> None:
    for words in (["effects"], ["render", long_clip, folder / "out.mkv", "--end", "3f", "--json"]):
        with open("/dev/full", "w") as full, start(*words, stdout=full) as process:
            assert process.stderr is not None
            lines = process.stderr.read().splitlines()
        assert lines == ["lumaloom: error: standard output can't be written: no space left on device"]
        assert process.returncode == 1
    assert not list(folder.iterdir())


def test_a_process_without_streams_renders(long_clip: Path, folder: Path) -> None:
    """And no message gets into the output, which would have the number of stderr."""

    def close() -> None:
        for number in (0, 1, 2):
            os.close(number)

    codes = []
    for more in (["-e", "absent"], ["--end", "3f"]):
        with start("render", long_clip, folder / "out.mkv", *more, preexec_fn=close) as process:
            codes.append(process.wait(60))
    assert codes == [2, 0]
    assert lumaloom.probe(folder / "out.mkv").streams


def _on_terminal(*args: object, **changes: str) -> str:
    """Return what a command prints on a terminal, stdout and stderr together."""
    here, there = pty.openpty()
    process = start(*args, stdout=there, stderr=there, env=environment(TERM="xterm-256color", **changes))
    os.close(there)
    received = b""
    try:
        while part := os.read(here, 65536):
            received += part
    except OSError:  # the other end is closed
        pass
    os.close(here)
    assert process.wait() == 0, received
    return received.decode()


def test_colours_are_for_terminals_and_NO_COLOR_takes_them_away() -> None:  # noqa: N802
    assert "\x1b[36m" in _on_terminal("effects")
    assert "\x1b[36m" not in _on_terminal("effects", NO_COLOR="1")


def test_a_terminal_gets_a_progress_bar_and_a_summary(clip: Path, folder: Path) -> None:
    shown = _on_terminal("render", clip, folder / "[b]out.mp4", "-e", "blur", COLUMNS="200")
    assert "rendering" in shown
    assert "[b]out.mp4" in shown
    assert "30 frames in" in shown
    assert "encode" in shown


def test_an_ascii_terminal_and_a_name_of_any_bytes_do_no_harm(tmp_path: Path) -> None:
    name = os.fsdecode(b"gr\xc3\xbcn\xff.mp4")
    process = start("probe", tmp_path / name, env=environment(PYTHONIOENCODING="ascii"))
    out, err = process.communicate(timeout=60)
    assert process.returncode == 3
    assert err.startswith("lumaloom: error: ")
    assert r"\udcff.mp4: no such file" in err
    assert out == ""


def _loaded(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in done.stderr.split()}


@pytest.mark.parametrize("words", [["--help"], ["render", "--help"], ["--version"]])
def test_help_loads_nothing_heavy(words: list[str]) -> None:
    loaded = _loaded(f"from lumaloom.cli import main\nmain({words!r})")
    assert not loaded & {"av", "numpy", "numba", "cupy", "opentelemetry"}


def test_the_overview_loads_no_parser() -> None:
    assert not _loaded("from lumaloom.cli import main\nmain(['--help'])") & {"cyclopts", "rich"}


def test_importing_the_package_loads_nothing_heavy() -> None:
    assert not _loaded("import lumaloom") & {"numba", "cupy", "opentelemetry", "cyclopts", "rich"}
