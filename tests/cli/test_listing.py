"""`effects`, `probe`, `doctor`, `--help` and `--version`."""

from __future__ import annotations

import json
import re
from pathlib import Path

import av
import numpy as np
import pytest

import lumaloom
from lumaloom import cgroup, device
from lumaloom.effect import Effect, Frame, Kind
from lumaloom.plugins import PluginFailure, default_registry
from tests.cli.running import run_cli
from tests.media import clips

BUILT_IN = {
    "background",
    "bilateral",
    "blackandwhite",
    "blendcolor",
    "overlay",
    "blur",
    "boxblur",
    "brightness",
    "channelmixer",
    "chromakey",
    "colorbalance",
    "colorspace",
    "contrast",
    "convolve",
    "crop",
    "curves",
    "denoise",
    "dilate",
    "duotone",
    "edges",
    "erode",
    "exposure",
    "fade",
    "flip",
    "gamma",
    "gradientmap",
    "grain",
    "hdr2sdr",
    "hue",
    "invert",
    "levels",
    "liftgammagain",
    "lumakey",
    "lut",
    "mask",
    "median",
    "motionblur",
    "opacity",
    "posterize",
    "resize",
    "rotate",
    "saturation",
    "scanlines",
    "sepia",
    "sharpen",
    "solarize",
    "splittone",
    "threshold",
    "vibrance",
    "vignette",
    "warp",
    "whitebalance",
}


def test_effects_lists_all_with_one_line_each() -> None:
    outcome = run_cli("effects")
    assert (outcome.code, outcome.err) == (0, "")
    lines = {line.split()[0]: line for line in outcome.out.splitlines()}
    assert set(lines) >= BUILT_IN
    assert "Gaussian blur" in lines["blur"]
    assert "sigma" in lines["blur"]


def test_effects_explains_one() -> None:
    outcome = run_cli("effects", "blur")
    assert outcome.code == 0
    moving = "sigma='0s:0 2s:4 ease-in-out 4s:0'"
    assert default_registry().create(f"blur {moving}").animated
    for part in ("a number from 0 to 500 px", "Standard deviation", '-e "blur sigma=4"', "reflect101", moving):
        assert part in outcome.out
    assert """-e "curves master='0:0 0.25:0.18 0.75:0.82 1:1'\"""" in run_cli("effects", "curves").out
    assert "over time  " not in run_cli("effects", "fade").out
    unknown = run_cli("effects", "bluur")
    assert unknown.code == 2
    assert unknown.error == "unknown effect 'bluur'; did you mean 'blur'?"


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("grayscale", "blackandwhite"),
        ("negate", "invert"),
        ("picture-in-picture", "overlay"),
        ("scale", "resize"),
        ("gaussian", "blur"),
    ],
)
def test_other_words_for_an_effect_lead_to_it(word: str, name: str) -> None:
    for outcome in (run_cli("effects", word), run_cli("render", "none.mp4", "null", "-e", word)):
        assert (outcome.code, outcome.error) == (2, f"unknown effect '{word}'; did you mean '{name}'?")
    for effect in default_registry().effects.values():
        assert not set(effect.also) & set(default_registry().effects), "a word that is a name"


@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_every_example_is_a_call_that_works(name: str) -> None:
    from lumaloom.cli.effects import example

    registry = default_registry()
    assert registry.create(example(registry.effects[name])).name == name


def test_a_preview_of_what_fails_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Leaving(Effect):
        """Leave."""

        name, kind = "leaving", Kind.NEIGHBOURHOOD

        def render(self, src: Frame, out: Frame) -> None:
            raise SystemExit(3)

    monkeypatch.setitem(default_registry().effects, "leaving", Leaving)
    outcome = run_cli("effects", "leaving", "--preview", tmp_path / "look.png")
    assert outcome.code == 1
    assert re.search(rf"leaving failed on the frame at 0.500 s: {__file__}:\d+: SystemExit: 3", outcome.error)


def test_a_preview_shows_before_and_after(tmp_path: Path) -> None:
    target = tmp_path / "look.png"
    outcome = run_cli("effects", "invert", "--preview", target)
    assert outcome.code == 0
    assert f"{target}: invert amount=1" in outcome.out
    with av.open(str(target)) as container:
        sheet = next(container.decode(video=0)).to_ndarray(format="rgb24").astype(int)
    before, after = sheet[24:474, 24:824], sheet[24:474, 848:1648]
    assert np.abs(before + after - 255).max() <= 2
    assert before.std() > 30
    again = run_cli("effects", "blur sigma=20", "--preview", target)
    assert again.code == 2
    assert "exists already" in again.error
    assert run_cli("effects", "blur sigma=20", "--preview", target, "-y").code == 0
    assert "PNG" in run_cli("effects", "blur", "--preview", tmp_path / "look.jpg").error
    assert "name the effect too" in run_cli("effects", "--preview", target).error


@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_a_preview_of_every_effect_shows_something(name: str, tmp_path: Path) -> None:
    from lumaloom.cli.effects import examples
    from lumaloom.cli.preview import first_that_shows
    from lumaloom.graph import make_plan
    from tests.engine.frames import spec

    registry = default_registry()
    calls = examples(registry.effects[name], tmp_path)
    shown = first_that_shows(registry.create(call) for call in calls)
    assert make_plan(spec("rgb24", 1280, 720), [shown]).steps


@pytest.mark.parametrize("name", ["background", "hdr2sdr", "lut", "mask"])
def test_previews_with_files_and_of_what_is_see_through(name: str, tmp_path: Path) -> None:
    target = tmp_path / "look.png"
    outcome = run_cli("effects", name, "--preview", target)
    assert (outcome.code, outcome.err) == (0, "")
    with av.open(str(target)) as container:
        sheet = next(container.decode(video=0)).to_ndarray(format="rgb24").astype(int)
    before, after = sheet[24:474, 24:824], sheet[24:474, 848:1648]
    assert np.abs(before - after).mean() > 3
    assert "/tmp" not in outcome.out.replace(str(target), "")


def test_effects_as_json_are_schemas() -> None:
    listed = json.loads(run_cli("effects", "--json").out)
    assert {effect["name"] for effect in listed["effects"]} >= BUILT_IN
    one = json.loads(run_cli("effects", "blur", "--json").out)
    assert one["schema"]["properties"]["sigma"]["maximum"] == 500


def test_plugins_that_failed_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(default_registry(), "failures", [PluginFailure("broken", "ImportError: [red]no[/]")])
    assert "plugin broken: left out: ImportError: [red]no[/]" in run_cli("effects").err
    assert json.loads(run_cli("effects", "--json").out)["failures"][0]["plugin"] == "broken"
    assert "left out: ImportError" in run_cli("doctor").out


def test_probe_shows_streams(clip: Path) -> None:
    outcome = run_cli("probe", clip)
    assert (outcome.code, outcome.err) == (0, "")
    for part in ("h264", "96x64 yuv420p", "25 fps", "aac", "48000 Hz, stereo", "30"):
        assert part in outcome.out
    info = json.loads(run_cli("probe", clip, "--json").out)
    assert [stream["type"] for stream in info["streams"]] == ["video", "audio"]
    assert info["streams"][0]["rate"] == "25"


def test_probe_shows_several_files_in_their_order(clip: Path, tmp_path: Path) -> None:
    other = clips.make(tmp_path / "other.mkv", count=2, width=48, height=32)
    outcome = run_cli("probe", other, clip)
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.index("48x32") < outcome.out.index("96x64")
    assert [info["path"] for info in json.loads(run_cli("probe", clip, other, "--json").out)] == [str(clip), str(other)]
    assert run_cli("probe", clip, "absent.mp4").code == 3


def test_doctor_says_what_limits_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "cpu_limit", lambda: 1.5)
    monkeypatch.setattr(cgroup, "cpu_limit", lambda: 1.5)
    outcome = run_cli("doctor")
    assert "a quota of 1.5" in outcome.out
    assert "for one render on 1 cores" in outcome.out
    monkeypatch.setenv("LUMALOOM_THREADS", "5")
    assert "5, as the setting `threads` says" in run_cli("doctor").out


def test_doctor_reports_the_machine() -> None:
    outcome = run_cli("doctor")
    assert (outcome.code, outcome.err) == (0, "")
    for part in ("cores", "gpu", "kernel cache", "FFmpeg", "h264", "blur"):
        assert part in outcome.out
    found = json.loads(run_cli("doctor", "--json").out)
    assert found["lumaloom"] == lumaloom.__version__
    assert found["cpu"]["cores"] == found["threads"]["usable"] == found["threads"]["pools"]["cpu"] >= 1
    assert found["threads"]["usable"] <= found["threads"]["allowed"] <= found["threads"]["machine"]
    assert all(shares["decoder"] for shares in found["threads"]["shares"].values())
    for part in ("cpu ", "io 8", "background 1", "an effect, h264", "1080p, for one render on"):
        assert part in outcome.out
    assert found["gpus"] or found["no_gpu_because"]
    assert found["kernel_cache"]["writable"] in (True, False)


def test_kernel_cache_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from lumaloom.cli.kernel_cache import kernel_cache

    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "new"))
    folder, problem = kernel_cache()
    assert folder is not None
    assert (folder.parent, problem) == (tmp_path / "new", "")
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "file"))
    folder, problem = kernel_cache()
    assert folder is not None
    assert folder.parent != tmp_path / "file"
    assert "not writable" in problem
    assert "not writable" in run_cli("doctor").out


def test_help_and_version() -> None:
    assert run_cli("--version").out == f"lumaloom {lumaloom.__version__}\n"
    outcome = run_cli("--help")
    assert outcome.code == 0
    for command in ("render", "effects", "probe", "doctor", "demo"):
        assert command in outcome.out
    assert "--best-effort" in run_cli("render", "--help").out
