"""What a program asks for that is of the wrong kind: one typed line, before anything is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import lumaloom
from lumaloom.effect import Effect, Kind, pointwise
from lumaloom.errors import LumaloomError, PluginError
from lumaloom.jobs import RenderRequest


@pointwise
def plain(r: Any, g: Any, b: Any) -> Any:
    """Change nothing."""
    return r, g, b


class Unfinished(Effect):
    """Has no render."""

    name, kind = "unfinished", Kind.POINTWISE


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"crf": "x"}, "crf: expected a number, got 'x'"),
        ({"threads": "x"}, "threads: expected a whole number, got 'x'"),
        ({"threads": True}, "threads: expected a whole number, got True"),
        ({"device": 3}, "device: expected text, got 3"),
        ({"table_error": None}, "table_error: expected a number, got None"),
        ({"output": 5}, "output: expected a path, got 5"),
        ({"output": ""}, "output: expected a path, got ''"),
        ({"input": "a\0b"}, "input: expected a path, got 'a\\x00b'"),
        ({"overwrite": "no"}, "overwrite: expected True or False, got 'no'"),
        ({"events": 5}, "events: expected an EventBus of lumaloom.services.events, got 5"),
        ({"effects": {"blur": 5}}, "effects: expected a list of effects, got {'blur': 5}; write [{'blur': 5}]"),
        ({"encoder_options": {5: 1}}, "encoder_options: expected the name of an option, got 5"),
        ({"encoder_options": "tune=film"}, "encoder_options: expected a dictionary, got 'tune=film'"),
        ({"encoder_options": {"g": [1]}}, "encoder_options: g: expected text or a number, got [1]"),
        ({"effects": "sepia"}, "effects: expected a list of effects, got 'sepia'; write ['sepia']"),
        ({"effects": 5}, "effects: expected a list of effects, got 5; write [5]"),
        ({"effects": [plain], "output": "null"}, "expected an effect, got the class plain; call it: plain()"),
    ],
)
def test_one_typed_line(values: dict[str, Any], message: str) -> None:
    with pytest.raises(LumaloomError) as caught:
        lumaloom.render(**{"input": "none.mp4", "output": "none.mkv", **values})
    assert str(caught.value) == message


def test_paths_and_threads_of_other_readers() -> None:
    with pytest.raises(LumaloomError, match=r"^path: expected a path, got 5$"):
        lumaloom.open(5)  # type: ignore[arg-type]
    with pytest.raises(LumaloomError, match=r"^threads: expected a whole number, got 'x'$"):
        lumaloom.open("none.mp4", threads="x")  # type: ignore[arg-type]


def test_numbers_are_options_too() -> None:
    request = RenderRequest(input="a", output="b", encoder_options={"g": 3, "forced-idr": True, "tune": "film"})
    assert request.encoder_options == {"g": "3", "forced-idr": "1", "tune": "film"}


def test_a_class_without_render_is_named() -> None:
    with pytest.raises(PluginError, match=r"test_requests\.Unfinished: render\(\) is not defined$"):
        Unfinished()


def test_frames_and_clips_say_what_they_are(clip: Path) -> None:
    with lumaloom.open(clip) as opened:
        flipped = opened.apply("flip")[3:9]
        frame = flipped[1]
        assert repr(flipped).endswith("in.mp4: 6 frames, 96x64 yuv420p | flip axis=horizontal>")
        assert repr(frame) == "<Frame 96x64 yuv420p at 0.160 s>"
        frame.release()
        assert repr(frame) == "<Frame 96x64 yuv420p at 0.160 s, released>"
