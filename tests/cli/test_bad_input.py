"""Everything that can be wrong with a request: one line, the right exit code, and nothing left behind."""

from __future__ import annotations

import logging
import re
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from tests.cli.running import run_cli
from tests.media import clips


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["{clip}", "{out}.mp4", "-e", "blurr sigma=2"], 2, r"unknown effect 'blurr'; did you mean 'blur'\?"),
        (["{clip}", "{out}.mp4", "-e", "speed"], 2, r"unknown effect 'speed'; `lumaloom effects` lists them$"),
        (["{clip}", "{out}.mp4", "-e", "blur sgma=2"], 2, r"blur: no parameter 'sgma'; did you mean 'sigma'\?"),
        (["{clip}", "{out}.mp4", "-e", "blur sigma=soft"], 2, r"blur: sigma expects a number .* got 'soft'"),
        (["{clip}", "{out}.mp4", "-e", "blur sigma=-1"], 2, r"blur: sigma expects a number from 0 .* got '-1'"),
        (["{clip}", "{out}.mp4", "-e", "blur sigma=nan"], 2, r"blur: sigma expects"),
        (["{clip}", "{out}.mp4", "-e", "blur sigma"], 2, r"expected key=value, got 'sigma'"),
        (["{clip}", "{out}.mp4", "-e", "blur 'sigma=1"], 2, r"no closing quotation"),
        (["{clip}", "{out}.mp4", "-e", "crop width=500"], 2, r"crop: .*500"),
        (["{clip}", "{out}.mp5"], 2, r"unknown extension .mp5; did you mean"),
        (["{clip}", "{out}"], 2, r"extension"),
        (["{clip}", "{out}.mp4", "--encoder", "h246"], 2, r"unknown encoder 'h246'; did you mean"),
        (["{clip}", "{out}.webm", "--encoder", "h264"], 2, r"webm can't hold h264"),
        (["{clip}", "{out}.mp4", "--crf", "99"], 2, r"crf=99 is out of range"),
        (["{clip}", "{out}.mp4", "--preset", "quick"], 2, r"unknown preset 'quick'"),
        (["{clip}", "{out}.mp4", "--option", "tune"], 2, r"--option 'tune': expected key=value"),
        (["{clip}", "{out}.mp4", "--option", "tnue=film"], 2, r"no option 'tnue'"),
        (["{clip}", "{out}.mp4", "--device", "gpu"], 2, r"unknown device 'gpu'; .*; did you mean 'cuda'\?$"),
        (["{clip}", "{out}.mp4", "--threads", "0"], 2, r"threads: expected at least 1"),
        (["{clip}", "{out}.mp4", "--start", "soon"], 2, r"--start: expected"),
        (["{clip}", "{out}.mp4", "--end", "-1s"], 2, r"--end needs a value; if '-1s' is it, write --end=-1s"),
        (["{clip}", "{out}.mp4", "--end=-1s"], 2, r"--end: expected .*, got '-1s'"),
        (["{clip}", "{out}.mp4", "--start", "20s"], 2, r"there is no frame in the range .*; it lasts 1\.2 s$"),
        (["-", "{out}.mp4"], 2, r"'-' is no file"),
        (["-x.mp4", "{out}.mp4"], 2, r"unknown option: -x.mp4; where that is a file, write \./-x.mp4"),
        (["--", "{clip}", "{out}.mp4", "--end", "1s"], 2, r"--end after -- is taken for a file; write options before"),
        (["http://{clip}", "{out}.mp4"], 3, r"is an address; only files are read"),
        (["{folder}/%04d.png", "{out}.mp4"], 3, r"%04d.png: no such file, and none with a number"),
        (["{folder}/*.png", "{out}.mp4"], 3, r"no such file, and none that matches"),
        (["{clip}", "{out}.mp4", "--rate", "24"], 2, r"a rate is for pictures"),
        (["{clip}", "{out}.mp4", "--framerate", "0"], 2, r"--rate: expected frames per second such as 25"),
        (["{clip}", "{clip}", "{clip}"], 2, r"put a pattern such as .* in quotes"),
        (["{clip}", "{out}.png", "--dry-run"], 1, r"is one picture, but there are more frames"),
        (["{clip}", "{out}.mp4", "--set", "telemetry_exporter=foo"], 2, r"expected otlp, console, file, prometheus or"),
        (["{clip}", "{out}.mp4", "--effct", "blur"], 2, r"unknown option: --effct; did you mean --effect\?"),
        (["{clip}", "{out}.mp4", "--threads", "x"], 2, r"--threads: unable to convert \"x\" into int"),
        (["{clip}", "{out}.mp4", "more"], 2, r"unexpected argument 'more'"),
        (["{clip}"], 2, r"OUTPUT is missing"),
        (["{clip}", "{out}.mp4", "-e"], 2, r"--effect needs a value"),
        (["{clip}", "{clip}"], 2, r"is the input"),
        (["{clip}", "{clip}", "-y"], 2, r"is the input"),
        (["{folder}/none.mp4", "{out}.mp4"], 3, r"none.mp4: no such file"),
        (["{folder}", "{out}.mp4"], 3, r"is a directory"),
        (["{clip}", "{folder}/missing/out.mp4"], 1, r"missing"),
        (["{clip}", "{folder}/sub.mp4"], 1, r"is a directory"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_one_line_and_nothing_left(clip: Path, folder: Path, words: list[str], code: int, message: str) -> None:
    (folder / "sub.mp4").mkdir()
    before = clip.read_bytes()
    outcome = run_cli("render", *(word.format(clip=clip, out=folder / "out", folder=folder) for word in words))
    assert outcome.code == code, outcome.err
    assert re.search(message, outcome.error), outcome.error
    assert outcome.out == ""
    assert [path.name for path in folder.iterdir()] == ["sub.mp4"]
    assert clip.read_bytes() == before


@pytest.mark.parametrize("kind", ["empty", "text", "noise", "sound", "truncated", "damaged"])
def test_unreadable_inputs_exit_with_3(clip: Path, folder: Path, tmp_path: Path, kind: str) -> None:
    bad = tmp_path / f"{kind}.mp4"
    if kind == "sound":
        bad = _sound_alone(tmp_path)
    elif kind == "truncated":
        clips.truncated(clips.remux(clip, tmp_path / "whole.mkv"), bad.with_suffix(".mkv"), 0.6)
        bad = bad.with_suffix(".mkv")
    elif kind == "damaged":
        clips.damaged(clip, bad, count=2000)
    else:
        bad.write_bytes({"empty": b"", "text": b"just words\n" * 50, "noise": bytes(range(256)) * 40}[kind])
    outcome = run_cli("render", bad, folder / "out.mp4", "-e", "flip")
    assert outcome.code == 3, outcome.err
    assert str(bad) in outcome.error
    assert not list(folder.iterdir())
    if kind in ("truncated", "damaged"):
        assert "--best-effort" in outcome.error
        assert re.search(r"\d+ (of \d+ )?frames", outcome.error), outcome.error


def _sound_alone(folder: Path) -> Path:
    path = folder / "sound.m4a"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("aac", rate=48000, layout="mono")
        for start in range(0, 24000, 1024):
            samples = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
            samples.sample_rate, samples.pts, samples.time_base = 48000, start, Fraction(1, 48000)
            out.mux(stream.encode(samples))
        out.mux(stream.encode(None))
    return path


def test_an_existing_output_needs_overwrite(clip: Path, folder: Path) -> None:
    out = folder / "out.mp4"
    out.write_bytes(b"mine")
    outcome = run_cli("render", clip, out)
    assert outcome.code == 2
    assert "--overwrite" in outcome.error
    assert out.read_bytes() == b"mine"
    assert run_cli("render", clip, out, "-y").code == 0
    assert out.stat().st_size > 100
    assert [path.name for path in folder.iterdir()] == ["out.mp4"]


def test_best_effort_counts_the_losses_and_succeeds(clip: Path, folder: Path, tmp_path: Path) -> None:
    bad = clips.truncated(clips.remux(clip, tmp_path / "whole.mkv"), tmp_path / "cut.mkv", 0.6)
    outcome = run_cli("render", bad, folder / "out.mp4", "--best-effort", "--json")
    assert outcome.code == 0, outcome.err
    finish = outcome.events[-1]
    assert finish["event"] == "finish"
    assert finish["lost"]
    assert 0 < finish["frames"] < 30
    plain = run_cli("render", bad, folder / "again.mp4", "--best-effort")
    assert plain.code == 0
    assert "lost:" in plain.out


@pytest.mark.parametrize("command", ["probe", "render"])
def test_names_are_escaped_and_never_markup(folder: Path, command: str) -> None:
    name = "[bold red]no\x1b[31m\nsuch[/].mp4"
    outcome = run_cli(command, name, *(["null"] if command == "render" else []))
    assert outcome.code == 3
    assert outcome.error.startswith(r"[bold red]no\x1b[31m\nsuch[/].mp4: no such file")


def test_unknown_commands_name_the_nearest() -> None:
    outcome = run_cli("rendr", "a", "b")
    assert outcome.code == 2
    assert outcome.error.startswith('unknown command "rendr"; did you mean "render"?')


def test_what_is_logged_is_a_warning(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    logger = logging.getLogger("lumaloom.cache")
    monkeypatch.setattr(logger, "propagate", False)  # tests have handlers above
    monkeypatch.setattr("lumaloom.composition.Engine", lambda **_: logger.warning("it is full") or 1 / 0)
    assert run_cli("render", clip, "null").err.startswith("lumaloom: warning: it is full\n")


def test_unexpected_failures_are_one_line(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LUMALOOM_DEBUG", raising=False)
    monkeypatch.setattr("lumaloom.composition.Engine", lambda *_, **__: 1 / 0)
    outcome = run_cli("render", clip, "null")
    assert outcome.code == 1
    assert outcome.error == ("unexpected ZeroDivisionError: division by zero; set LUMALOOM_DEBUG=1 for the traceback")
    monkeypatch.setenv("LUMALOOM_DEBUG", "1")
    assert "Traceback" in run_cli("render", clip, "null").err


def test_errors_are_events_too(folder: Path) -> None:
    outcome = run_cli("render", "none.mp4", folder / "out.mp4", "--json")
    assert outcome.code == 3
    assert outcome.error == "none.mp4: no such file"
    assert outcome.events == [
        {"event": "error", "type": "InputError", "message": "none.mp4: no such file", "exit_code": 3}
    ]
