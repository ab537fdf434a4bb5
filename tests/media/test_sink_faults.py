"""What happens when writing fails: one clear error, and nothing left under any name."""

from __future__ import annotations

import os
import resource
import signal
import stat
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import pytest

from lumaloom.errors import OutputError, UsageError
from lumaloom.media import atomic
from lumaloom.media.choice import choose
from lumaloom.media.filesink import FileSink
from lumaloom.media.opensink import open_sink
from tests.media.outputs import frame, frames, read, write


class BrokenError(Exception):
    pass


def opened(target, first=None, **given):
    first = first or frame(0)
    return open_sink(target, choose(target, given.pop("encoder", None)), first.spec, time_base=Fraction(1, 25), **given)


def test_the_name_appears_only_when_the_file_is_whole(tmp_path):
    with opened(tmp_path / "a.mkv") as sink:
        for item in frames(5):
            sink.write(item)
            names = [path.name for path in tmp_path.iterdir()]
            assert len(names) == 1
            assert names[0].startswith(".a.")
            assert names[0].endswith(".partial.mkv")
        sink.finish()
    assert [path.name for path in tmp_path.iterdir()] == ["a.mkv"]
    assert len(read(tmp_path / "a.mkv")) == 5


@pytest.mark.parametrize("target", ["a.mp4", "a.mkv", "a.gif", "f%03d.png", "a.png"])
@pytest.mark.parametrize("count", [0, 1, 4])
def test_an_exception_leaves_nothing(tmp_path, target, count):
    def broken():
        with opened(tmp_path / target) as sink:
            for item in frames(1 if target == "a.png" else count)[:count]:
                sink.write(item)
            raise BrokenError

    with pytest.raises(BrokenError):
        broken()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("encoder", ["prores", "ffv1", "h264"])
def test_stopping_while_encoder_threads_hold_frames_does_not_hang(tmp_path, encoder):
    fmt = "yuv422p10le"
    target = tmp_path / ("a.mov" if encoder == "prores" else "a.mkv")
    with opened(target, frame(0, fmt, 960, 540), encoder=encoder, threads=4) as sink:
        for item in frames(3, fmt, 960, 540):
            sink.write(item)
        del item
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("target", ["a.mkv", "f%03d.png"])
def test_what_a_killed_writer_left_goes_with_the_next(tmp_path, target):
    pictures = target.endswith("png")
    left = tmp_path / (".0123abcd.partial" if pictures else ".a.0123abcd.partial.mkv")
    left.mkdir() if pictures else left.touch()
    others = {
        ".a.0123abcd.partial.mp4",
        ".b.0123abcd.partial.mkv",
        ".a.0123abc.partial.mkv",
        ".a.mkv",
        "0123abcd.partial",
    }
    for name in others:
        (tmp_path / name).touch()
    with opened(tmp_path / target) as living:
        assert not left.exists()
        living.write(frame(0))
        with opened(tmp_path / target) as other:
            other.write(frame(0))
            assert len(list(tmp_path.iterdir())) == len(others) + 2
        living.finish()
    left = {path.name for path in tmp_path.iterdir()} - others
    assert left == {"f000.png" if pictures else "a.mkv"}


def test_leaving_without_finish_leaves_nothing(tmp_path):
    with opened(tmp_path / "a.mp4") as sink:
        sink.write(frame(0))
    assert list(tmp_path.iterdir()) == []
    sink.abort()


def test_no_frame_is_an_error(tmp_path):
    for target in ("a.mp4", "f%d.png"):
        with opened(tmp_path / target) as sink, pytest.raises(OutputError, match="no video frame"):
            sink.finish()
    assert list(tmp_path.iterdir()) == []


class FailingOutput:
    """An output container whose n-th call of a method fails as a full disk does."""

    def __init__(self, output, method, count):
        self._output, self._method, self._left = output, method, count

    def __getattr__(self, name):
        found = getattr(self._output, name)
        if name != self._method:
            return found

        def counted(*args):
            self._left -= 1
            if self._left < 0:
                raise OSError(28, "No space left on device")
            return found(*args)

        return counted


@pytest.mark.parametrize("extension", ["mp4", "mkv"])
def test_the_nth_write_fails(tmp_path, monkeypatch, extension):
    start = FileSink._start
    for count in range(12):

        def failing(self, first, count=count):
            start(self, first)
            self._output = FailingOutput(self._output, "mux_one", count)

        monkeypatch.setattr(FileSink, "_start", failing)
        with pytest.raises(OutputError, match="the disk is full"):
            write(tmp_path / f"a.{extension}", frames(12), "ffv1" if extension == "mkv" else "h264")
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("step", ["fsync", "link", "close"])
def test_a_failure_at_the_end_leaves_nothing(tmp_path, monkeypatch, step):
    def full(*_args, **_given):
        raise OSError(28, "No space left on device")

    if step == "close":
        start = FileSink._start

        def failing(self, first):
            start(self, first)
            self._output = FailingOutput(self._output, "close", 0)

        monkeypatch.setattr(FileSink, "_start", failing)
    elif step == "fsync":
        monkeypatch.setattr(os, "fsync", full)
    else:
        monkeypatch.setattr(atomic, "place", full)
    for target in ("a.mp4",) if step != "fsync" else ("a.mp4", "f%d.png"):
        with pytest.raises(OutputError, match="the disk is full"):
            write(tmp_path / target, frames(3))
        assert list(tmp_path.iterdir()) == []


@contextmanager
def file_size_limit(count: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (count, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("limit", [0, 100, 5_000, 20_000, 60_000])
@pytest.mark.parametrize(("target", "encoder"), [("a.mkv", "ffv1"), ("a.mp4", "ffv1"), ("f%02d.png", "png")])
def test_a_disk_that_fills_up_at_any_point(tmp_path, target, encoder, limit):
    if encoder == "png" and limit > 5_000:
        pytest.skip("a picture is smaller than that")
    with file_size_limit(limit), pytest.raises(OutputError, match="limit on file sizes"):
        write(tmp_path / target, frames(40, "rgb24" if encoder == "png" else "yuv420p"), encoder)
    assert list(tmp_path.iterdir()) == []


def test_overwriting_is_asked_for_and_keeps_the_old_file_until_the_end(tmp_path):
    target = tmp_path / "a.mp4"
    target.write_bytes(b"old")
    target.chmod(0o640)
    with pytest.raises(UsageError, match="exists"):
        write(target, frames(2))
    assert target.read_bytes() == b"old"
    with opened(target, overwrite=True) as sink:
        sink.write(frame(0))
        assert target.read_bytes() == b"old"
        sink.finish()
    assert len(read(target)) == 1
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]


def test_a_file_that_comes_into_being_meanwhile_is_not_replaced(tmp_path):
    target = tmp_path / "a.mp4"
    with opened(target) as sink:
        sink.write(frame(0))
        target.write_bytes(b"somebody else's")
        with pytest.raises(UsageError, match="exists"):
            sink.finish()
    assert target.read_bytes() == b"somebody else's"
    assert len(list(tmp_path.iterdir())) == 1


def test_pictures_that_exist_are_not_replaced(tmp_path):
    (tmp_path / "f0007.png").write_bytes(b"old")
    with pytest.raises(UsageError, match="f0007"):
        write(tmp_path / "f%04d.png", frames(2))
    write(tmp_path / "f%04d.png", frames(2), overwrite=True)
    assert (tmp_path / "f0007.png").read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 3


def test_the_input_is_never_the_output(tmp_path):
    source = tmp_path / "a.mp4"
    write(source, frames(2))
    before = source.read_bytes()
    (tmp_path / "soft.mp4").symlink_to(source)
    os.link(source, tmp_path / "hard.mp4")

    class Origin:
        path = source

    for name in ("a.mp4", "soft.mp4", "hard.mp4", "./a.mp4"):
        for overwrite in (False, True):
            with pytest.raises(UsageError, match="is the input"):
                opened(f"{tmp_path}/{name}", source=Origin(), overwrite=overwrite)
    assert source.read_bytes() == before


def test_targets_that_can_not_be_written(tmp_path):
    (tmp_path / "folder.mp4").mkdir()
    (tmp_path / "file").write_bytes(b"")
    os.mkfifo(tmp_path / "pipe.mp4")
    cases = {
        "folder.mp4": "is a directory",
        "missing/a.mp4": "does not exist",
        "missing/f%d.png": "does not exist",
        "file/a.mp4": "Not a directory",
        "pipe.mp4": "no regular file",
    }
    for name, words in cases.items():
        with pytest.raises(OutputError, match=words):
            opened(tmp_path / name, overwrite=True)


def test_a_folder_without_write_permission(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(OutputError, match="can't be written to"):
        opened(tmp_path / "a.mp4")


def test_a_link_to_a_file_stays_a_link(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "b.mp4").write_bytes(b"old")
    (tmp_path / "a.mp4").symlink_to(tmp_path / "real" / "b.mp4")
    write(tmp_path / "a.mp4", frames(2), overwrite=True)
    assert (tmp_path / "a.mp4").is_symlink()
    assert len(read(tmp_path / "real" / "b.mp4")) == 2


def test_names_that_ffmpeg_would_read_otherwise(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("pipe:1.mp4", "concat:a.mp4", "a%03d.mkv", "-y.mp4", "ä" * 120 + ".mp4", "a b'\".mkv"):
        write(name, frames(2))
        assert Path(name).exists()
        Path(name).rename("moved.bin")
        assert len(read("moved.bin")) == 2


SCRIPT = """
import sys, time
from fractions import Fraction
from tests.media.outputs import frames
from lumaloom.media.choice import choose
from lumaloom.media.opensink import open_sink
target, mode = sys.argv[1:]
items = frames(6, "yuv422p10le", 320, 240)
sink = open_sink(target, choose(target, "prores"), items[0].spec, time_base=Fraction(1, 25))
for item in items:
    sink.write(item)
del item, items
print("written", flush=True)
if mode == "wait":
    time.sleep(60)
"""


def child(target, mode):
    root = Path(__file__).parents[2]
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(SCRIPT), str(target), mode],
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_a_killed_process_leaves_no_file_under_the_final_name(tmp_path):
    with child(tmp_path / "a.mov", "wait") as process:
        assert process.stdout.readline() == b"written\n"
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert not (tmp_path / "a.mov").exists()


def test_an_interpreter_that_exits_early_leaves_nothing(tmp_path):
    with child(tmp_path / "a.mov", "exit") as process:
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert list(tmp_path.iterdir()) == []
