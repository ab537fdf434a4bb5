"""Project files: what they say is what is rendered, and one line for everything that is wrong."""

from __future__ import annotations

import shutil
import threading
from dataclasses import fields
from fractions import Fraction
from pathlib import Path

import pytest

import lumaloom
from lumaloom.errors import CancelledError, InputError, UsageError
from lumaloom.jobs import JobQueued, Position, ProjectLoaded, RenderRequest, RenderStarted
from lumaloom.jobs.project.model import Render
from lumaloom.services.events import Event, EventBus, Recorder
from tests.media import clips
from tests.render.reading import video_hash

SAMPLE = Path(__file__).resolve().parents[2] / "samples" / "project.toml"
FADE = '{ name = "exposure", stops = { keys = { 0s = -2, 500ms = [0, "hold"], 1s = 1 }, easing = "ease-out" } }'


@pytest.fixture
def home(tmp_path: Path, clip: Path) -> Path:
    """A folder of a project, with two clips."""
    (tmp_path / "clips").mkdir()
    shutil.copy(clip, tmp_path / "clips" / "a.mp4")
    clips.make(tmp_path / "clips" / "b.mp4", count=4)
    return tmp_path


def written(home: Path, text: str) -> Path:
    path = home / "project.toml"
    path.write_text(text)
    return path


def test_every_field_of_a_request(home: Path) -> None:
    named = {field.name for field in fields(RenderRequest)} - {"encoder_options"} | {"options"}
    assert named <= set(Render.__struct_fields__)
    path = written(
        home,
        f"""
        [defaults]
        device = "cpu"
        crf = 30
        effects = ["flip"]
        [[render]]
        name = "{{stem}}-proxy"
        input = "clips/*.mp4"
        output = "{{stem}}-of-{{name}}.mkv"
        [[render]]
        input = "clips/a.mp4"
        output = "all.mkv"
        effects = [{FADE}, "blur sigma=2"]
        threads = 2
        encoder = "h264"
        crf = 18
        preset = "fast"
        pixel_format = "yuv420p"
        options = {{ g = 3, tune = "film" }}
        start = 00:00:00.2
        end = "20f"
        overwrite = true
        best_effort = true
        dither = true
        table_error = 1
        segments = 2.5
        fuse = false
        [[render]]
        input = "clips/a.mp4"
        output = "null"
        effects = []
        """,
    )
    project = lumaloom.load_project(path)
    assert [each.name for each in project.renders] == ["a-proxy", "b-proxy", "all", "null"]
    first, second, full, null = project.requests
    assert first == RenderRequest(
        input=str(home / "clips/a.mp4"),
        output=str(home / "a-of-a.mp4.mkv"),
        effects=first.effects,
        device="cpu",
        crf=30,
    )
    assert [effect.split()[0] for effect in first.effects] == ["flip"]
    assert (second.output, null.output, null.effects) == (str(home / "b-of-b.mp4.mkv"), "null", ())
    assert full == RenderRequest(
        input=str(home / "clips/a.mp4"),
        output=str(home / "all.mkv"),
        effects=full.effects,
        device="cpu",
        threads=2,
        encoder="h264",
        crf=18,
        preset="fast",
        pixel_format="yuv420p",
        encoder_options={"g": "3", "tune": "film"},
        start=Position(seconds=Fraction(1, 5)),
        end=Position(frame=20),
        overwrite=True,
        best_effort=True,
        dither=True,
        table_error=1,
        segments=2.5,
        fuse=False,
    )
    assert full.effects[0] == "exposure stops='0s:-2 ease-out 0.5s:0 hold 1s:1'"
    assert project.only(["*-proxy", "null"]).requests == (first, second, null)
    with pytest.raises(UsageError, match=r"project.toml: no render is called 'al'; did you mean 'all'\?$"):
        project.only(["al"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"project.toml: expected a \[\[render\]\] with input and output$"),
        ("[[renders]]", r"project.toml: no key 'renders'; did you mean 'render'\?$"),
        ("[[render]]\n[defaults]\ncfr = 3", r"defaults: no key 'cfr'; did you mean 'crf'\?$"),
        ("[[render]]\noutput = 'o.mkv'", r"project.toml:2: render\[1\]: input is missing$"),
        ("[[render]]\ninput = 'a'\noutput = 'o.mkv'\ncrf = 'low'", r"render\[1\].crf: expected a number, got 'low'$"),
        (
            "[[render]]\ninput = 'a'\noutput = 'o.mkv'\n[[render]]\nthreads = 0",
            r"project.toml:5: render\[2\].threads: expected an integer of at least 1, got 0$",
        ),
        ("[[render]]\ndevice = 'cpuu'", r"expected 'auto', 'cpu' or 'cuda', got 'cpuu'; did you mean 'cpu'\?$"),
        ("[[render]]\noptions = { g = [1] }", r"options: expected a table of .*text.*, got {'g': \[1\]}$"),
        (
            "[[render]]\neffects = 'blur'",
            r"effects: expected a list, each of them text or a table, got 'blur'; write \['blur'\]$",
        ),
        (
            "[[render]]\ninput = 'a'\noutput = 'o.mkv'\neffects = [{ name = 'blur', sigma = { keys = { 0.5s = 1 } } }]",
            r"effects\[1\].sigma.keys: a time with a point needs quotes, \"0.5s\" = 2; or write it as 500ms = 2$",
        ),
        ("[[render]]\ninput = 'a'\noutput = 'o.mkv'\nstart = 'soon'", r"render\[1\].start: expected \[HH:\]MM:SS"),
        (
            "[[render]]\ninput = 'a'\noutput = 'o.mkv'\neffects = ['flip', 'blurr']",
            r"render\[1\].effects\[2\]: unknown effect 'blurr'; did you mean 'blur'\?$",
        ),
        (
            "[[render]]\ninput = 'a'\noutput = 'o.mkv'\neffects = [{ name = 'blur', sigma = { keys = { 0s = -1 } } }]",
            r"render\[1\].effects\[1\]: blur: sigma expects .*, got -1.0$",
        ),
        (
            "[[render]]\ninput = 'a'\noutput = 'o.mkv'\neffects = [{ name = 'blur', sigma = { keyes = {} } }]",
            r"render\[1\].effects\[1\].sigma: no key 'keyes'; did you mean 'keys'\?$",
        ),
        ("[[render]]\ninput = '*.mov'\noutput = 'o.mkv'", r"render\[1\].input: no file in .* matches '\*.mov'$"),
        ("[[render]]\ninput = 'a'\noutput = '{stm}.mkv'", r"render\[1\].output: no {stm}; did you mean 'stem'\?$"),
        (
            "[[render]]\ninput = 'clips/*'\noutput = 'o.mkv'",
            r"o.mkv: it writes it twice; put {stem} or {name} into it$",
        ),
        (
            "[[render]]\ninput = 'a'\noutput = 'o.mkv'\n[[render]]\ninput = 'a'\noutput = './clips/../o.mkv'",
            r":5: render\[2\].output: .*o.mkv: .*project.toml:2: render\[1\] writes it too$",
        ),
        (
            "[[render]]\ninput = 'a'\noutput = 'o.mkv'\n[[render]]\ninput = 'o.mkv'\noutput = 'p.mkv'",
            r"render\[2\].input: .*o.mkv: .*render\[1\] writes that file",
        ),
    ],
)
def test_one_line_for_what_is_wrong(home: Path, text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        lumaloom.load_project(written(home, f"\n{text}"))
    assert str(caught.value).startswith(str(home / "project.toml"))
    assert "\n" not in str(caught.value)


def test_a_file_that_is_none(home: Path) -> None:
    with pytest.raises(InputError, match=r"absent.toml: no such file"):
        lumaloom.load_project(home / "absent.toml")
    with pytest.raises(UsageError, match="path: expected a path, got 5"):
        lumaloom.render_project(5)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=r"project.toml: is no TOML: Expected"):
        lumaloom.load_project(written(home, "[[render"))


def test_names_go_up_and_outputs_of_an_earlier_run_are_no_inputs(home: Path) -> None:
    text = "[[render]]\ninput = '{}'\noutput = '{}'\n"
    names = text.format("*.mp4", "{stem}-small.mp4") + text.format("../clips/a.mp4", "null")
    path = written(home / "clips", names)
    (home / "clips" / "a-small.mp4").write_bytes(b"made before")
    requests = lumaloom.load_project(path).requests
    assert [Path(each.input).name for each in requests] == ["a.mp4", "b.mp4", "a.mp4"]
    assert requests[-1].input == str(home / "clips" / "a.mp4")


def test_names_of_files_may_look_like_patterns(home: Path) -> None:
    (home / "odd").mkdir()
    for name in ("{x}.mp4", "a[1].mp4"):
        (home / "odd" / name).touch()
    text = "[[render]]\ninput = '*.mp4'\noutput = 'out-{stem}.mkv'\n[[render]]\ninput = 'a[1].mp4'\noutput = 'null'\n"
    renders = lumaloom.load_project(written(home / "odd", text)).renders
    assert [each.name for each in renders] == ["out-a[1]", "out-{x}", "null"]


def test_files_of_effects_are_beside_the_project(home: Path) -> None:
    effects = "['lut file=my.cube', { name = 'overlay', file = '/logo.png' }]"
    (request,) = lumaloom.load_project(
        written(home, f"[[render]]\ninput = 'a'\noutput = 'null'\neffects = {effects}")
    ).requests
    assert f"file={home}/my.cube" in str(request.effects[0])
    assert "file=/logo.png" in str(request.effects[1])


def test_the_sample_renders_what_the_commands_would(home: Path) -> None:
    """Everything is queued before the first begins; frames are equal to those of `lumaloom.render`.

    Faster than the sample's, since x264's look ahead by macroblocks (mbtree) does not always repeat itself on AVX-512.
    """
    written(home, SAMPLE.read_text().replace("width=640", "width=48").replace("veryfast", "ultrafast"))
    bus = EventBus()
    seen = Recorder(bus, Event)
    outcomes = lumaloom.render_project(home / "project.toml", events=bus)
    assert [outcome.result.frames for outcome in outcomes if outcome.result] == [30, 4, 20]
    (loaded,), queued = seen.of(ProjectLoaded), seen.of(JobQueued)
    assert (loaded.path, loaded.renders) == (str(home / "project.toml"), 3)
    assert [event.job for event in queued] == [outcome.job.id for outcome in outcomes]
    assert seen.events.index(queued[-1]) < seen.events.index(seen.of(RenderStarted)[0])
    lumaloom.render(home / "clips/a.mp4", home / "same.mp4", ["resize width=48"], crf=24, preset="ultrafast")
    fade = "exposure stops='0s:-3 ease-out 400ms:0 hold 800ms:1'"
    lumaloom.render(home / "clips/a.mp4", home / "same.mkv", ["sepia", fade], encoder="ffv1", start="5f", end=1)
    assert video_hash(home / "a-small.mp4") == video_hash(home / "same.mp4")
    assert video_hash(home / "teaser.mkv") == video_hash(home / "same.mkv")


def test_the_first_failure_ends_a_project_unless_it_is_to_go_on(home: Path) -> None:
    text = "[[render]]\ninput = 'clips/b.mp4'\noutput = '{}.mkv'\n"
    path = written(home, "".join(text.format(name) for name in ("x", "y", "z")))
    (home / "y.mkv").write_text("mine")
    with pytest.raises(UsageError, match=r"y.mkv: .*exists"):
        lumaloom.render_project(path)
    (home / "x.mkv").unlink()
    assert not (home / "z.mkv").exists()
    first, second, third = lumaloom.render_project(path, keep_going=True)
    assert (first.error, third.error) == (None, None)
    assert isinstance(second.error, UsageError)
    (home / "z.mkv").unlink()
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(CancelledError, match=r"z.mkv: never begun: cancelled$"):
        lumaloom.render_project(path, only=["z"], cancel=cancel)
