from __future__ import annotations

from pathlib import Path

import av
import pytest

from lumaloom.plugins import default_registry
from tests.cli.running import run_cli
from tests.engine import pointwise_effects as effects
from tests.media import clips


def test_renders_and_says_so_in_one_line(clip: Path, folder: Path) -> None:
    out = folder / "[red]out[bold].mp4"
    outcome = run_cli("render", clip, out, "-e", "blur sigma=2", "-e", "flip", "--threads", 2)
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.count("\n") == 1
    assert str(out) in outcome.out
    assert "30 frames in" in outcome.out
    assert "copied" in outcome.out
    with av.open(str(out)) as container:
        assert sum(1 for _ in container.decode(video=0)) == 30


def test_events_parse_and_come_in_order(clip: Path, folder: Path) -> None:
    outcome = run_cli("render", clip, folder / "out.mkv", "-e", "blur sigma=2", "--json", "--crf", 30)
    assert outcome.code == 0, outcome.err
    names = [event["event"] for event in outcome.events]
    assert names[0] == "start"
    assert names[-1] == "finish"
    assert set(names[1:-1]) == {"progress"}
    begin, last, finish = outcome.events[0], outcome.events[-2], outcome.events[-1]
    assert begin["frames"] == 30
    assert [step["name"] for step in begin["steps"]] == ["blur"]
    assert begin["steps"][0]["parameters"]["sigma"] == 2
    assert begin["encoder"] == "h264"
    assert begin["encoder_options"]["crf"] == "30"
    assert last["frames"] == last["total"] == 30
    assert abs(sum(last["shares"].values()) - 1) < 0.01
    assert finish["frames"] == 30
    assert finish["sink"]["streams"][0]["action"] == "copied"
    assert not finish["lost"]


def test_null_writes_nothing(clip: Path, folder: Path) -> None:
    outcome = run_cli("render", clip, "null", "-e", "boxblur radius=3")
    assert outcome.code == 0, outcome.err
    assert outcome.out.startswith("null: ")
    assert "30 frames in" in outcome.out
    assert not list(folder.iterdir())
    assert not Path("null").exists()


def test_start_and_end_cut_the_clip(clip: Path) -> None:
    outcome = run_cli("render", clip, "null", "--start", "5f", "--end", "0.8", "--json")
    assert outcome.events[-1]["frames"] == 15, outcome.err


def test_encoder_options_arrive(clip: Path, folder: Path) -> None:
    outcome = run_cli("render", clip, folder / "o.mkv", "--option", "g=3", "--option", "bf=0", "--json", "--dry-run")
    assert outcome.events[0]["encoder_options"]["g"] == "3", outcome.err
    assert outcome.events[0]["encoder_options"]["bf"] == "0"


def test_a_dry_run_shows_the_plan_and_writes_nothing(clip: Path, folder: Path) -> None:
    words = ["render", clip, folder / "out.mp4", "-e", "blur sigma=2", "-e", "crop width=64 height=48", "--dry-run"]
    outcome = run_cli(*words)
    assert (outcome.code, outcome.err) == (0, "")
    for part in ("blur sigma=2", "crop width=64", "64x48 yuv420p", "30 frames", "h264 in mp4", "nothing was written"):
        assert part in outcome.out
    (event,) = run_cli(*words, "--json").events
    assert event["event"] == "plan"
    assert [step["name"] for step in event["steps"]] == ["blur", "crop"]
    assert not list(folder.iterdir())


def test_a_dry_run_finds_what_the_render_would(clip: Path, folder: Path) -> None:
    (folder / "out.mp4").write_bytes(b"mine")
    outcome = run_cli("render", clip, folder / "out.mp4", "--dry-run")
    assert outcome.code == 2
    assert "--overwrite" in outcome.error


def test_a_dry_run_explains_what_is_fused(clip: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for effect in (effects.warm, effects.vivid):
        monkeypatch.setitem(default_registry().effects, effect.name, effect)
    words = (
        "render",
        clip,
        folder / "o%d.png",
        "-e",
        "warm",
        "-e",
        "blur",
        "-e",
        "vivid amount=2",
        "-e",
        "warm amount=0.1",
    )
    outcome = run_cli(*words, "--dry-run", "--explain")
    assert outcome.code == 0, outcome.err
    assert "2 effects in one pass: vivid amount=2 + warm amount=0.1" in " ".join(outcome.out.split())
    assert "folded in: convert to rgb" in outcome.out
    assert "operations a pixel" in outcome.out
    assert "in one pass" not in run_cli(*words, "--dry-run").out
    (plan,) = run_cli(*words, "--dry-run", "--json").events
    assert [step["name"] for step in plan["steps"]] == ["warm", "blur", "vivid+warm"]
    assert plan["steps"][2]["fused"][0].startswith("2 effects in one pass")
    apart = " ".join(run_cli(*words, "--no-fuse", "--dry-run", "--explain").out.split())
    assert "1 effect in a pass of its own: vivid amount=2" in apart
    assert "in one pass: warm" in apart  # it stands alone anyway
    assert run_cli(*words, "--no-fuse", "--table-error", 1).error.startswith("table error: expected fused effects")
    assert run_cli(*words, "--explain").error == "--explain prints the plan without rendering; add --dry-run"
    assert not list(folder.iterdir())


def test_dither_and_cubes_are_asked_for(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lumaloom.pointwise.program.has_wide_permutes", lambda: False)  # else it is computed

    def explained(source: Path, *more: object) -> str:
        grade = ("-e", "exposure stops=0.5", "-e", "vibrance amount=0.4", "--dry-run", "--explain")
        outcome = run_cli("render", source, tmp_path / "%04d.jpg", *grade, *more)
        assert outcome.code == 0, outcome.err
        return " ".join(outcome.out.split())

    cube, pattern = "a cube of 17 points a side, up to", "samples lose depth: ordered dither"
    deep = clips.make(tmp_path / "deep.mkv", "ffv1", 2, fmt="yuv420p10le")
    assert cube not in explained(clip)
    assert cube in explained(clip, "--table-error", 20)
    assert pattern not in explained(deep)
    assert pattern not in explained(clip, "--dither")
    assert pattern in explained(deep, "--dither")
    refused = run_cli("render", clip, "null", "--table-error", -1)
    assert (refused.code, refused.error) == (2, "table error: expected levels from 0 to 255, got -1")
    assert run_cli("render", deep, tmp_path / "%04d.jpg", "--dither").code == 0
