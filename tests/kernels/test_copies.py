"""Quarter turns, flips, crops and padding are exact: every bit is the reference's."""

from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lumaloom_kernels
from lumaloom_kernels import _checks, _copies, _pad_cpu, _registry, crop, flip, pad, rotate90
from tests.kernels.arrays import DTYPES, layouts, noise

SHAPES = ((1, 1), (1, 37), (41, 1), (7, 5), (67, 133), (333, 201))
CHANNELS = {"uint8": ((), (2,), (3,), (4,)), "uint16": ((), (3,)), "float32": ((), (2,), (3,), (4,))}


@pytest.fixture(autouse=True, scope="module")
def every_thread() -> Iterator[None]:
    """Let threads share images of any size."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_copies, "LEAST_COPY", 1)
        patch.setattr(_pad_cpu, "LEAST_COPY", 1)
        patch.setattr(_copies, "LEAST_TURN", 1)
        yield


def calls(shape: tuple[int, ...]) -> list[tuple[str, dict[str, Any]]]:
    height, width = shape[:2]
    boxes = ((0, 0, width, height), (width // 3, height // 3, width, height), (0, height - 1, 1, height))
    pads = ({"widths": 0}, {"widths": (3, 0, 1, 2)}, {"widths": (1, 90, 70, 1), "border": "reflect101"})
    return [
        *(("rotate90", {"turns": turns}) for turns in (-1, 0, 1, 2)),
        *(("flip", {"axis": axis}) for axis in ("horizontal", "vertical", "both")),
        *(("crop", {"box": box}) for box in boxes),
        *(("pad", widths) for widths in pads),
        ("pad", {"widths": 5, "border": "replicate"}),
    ]


def run(name: str, image: Any, **options: Any) -> Any:
    return getattr(lumaloom_kernels, name)(image, **options)


@pytest.mark.parametrize("dtype", DTYPES)
def test_results_past_the_caches(dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_copies, "LARGE", 0)
    monkeypatch.setattr(_pad_cpu, "LARGE", 0)
    for size in ((7, 5), (67, 133), (90, 201)):
        for channels in CHANNELS[dtype]:
            image = noise((*size, *channels), dtype)
            for name, options in calls(size):
                expected = _registry.load(name).reference(image, **options)
                around = np.zeros((expected.shape[0] + 2, expected.shape[1] + 5, *channels), dtype)
                out = around[1:-1, 3:-2]
                run(name, image, **options, out=out, threads=2)
                assert out.tobytes() == expected.tobytes(), (size, channels, name, options)
                out[...] = 0
                assert not around.any(), (size, channels, name, options)


@pytest.mark.parametrize("dtype", DTYPES)
def test_any_shape(dtype: str) -> None:
    for size in SHAPES:
        for channels in CHANNELS[dtype]:
            image = noise((*size, *channels), dtype)
            if dtype == "float32":
                image[0, 0] = np.nan
            for name, options in calls(size):
                expected = _registry.load(name).reference(image, **options)
                for threads in (1, 3):
                    result = run(name, image, **options, threads=threads)
                    assert (result.shape, result.dtype) == (expected.shape, expected.dtype)
                    assert result.tobytes() == expected.tobytes(), (size, channels, name, options)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_any_layout(dtype: str) -> None:
    image = noise((45, 83, 3), dtype)
    for name, options in calls(image.shape):
        expected = _registry.load(name).reference(image, **options)
        for layout, view in layouts(image):
            view[...] = image
            np.testing.assert_array_equal(run(name, view, **options), expected, layout)
            np.testing.assert_array_equal(view, image)
        for layout, out in layouts(expected):
            assert run(name, image, **options, out=out) is out
            np.testing.assert_array_equal(out, expected, layout)
        height, width = expected.shape[:2]
        frame = np.full((height + 2, width + 40, 3), 77, dtype)
        run(name, image, **options, out=frame[1:-1, 20:-20])
        frame[1:-1, 20:-20] = 77
        assert (frame == 77).all(), name


IMAGES = st.builds(noise, st.tuples(st.integers(1, 70), st.integers(1, 90)), st.sampled_from(DTYPES), st.integers(0, 9))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(IMAGES, st.integers(-9, 9), st.data())
def test_what_undoes_what(image: Any, turns: int, data: st.DataObject) -> None:
    np.testing.assert_array_equal(rotate90(rotate90(image, turns), -turns), image)
    np.testing.assert_array_equal(rotate90(rotate90(image)), flip(image, "both"))
    np.testing.assert_array_equal(flip(flip(image)), image)
    np.testing.assert_array_equal(flip(flip(image), "vertical"), flip(image, "both"))
    sides = tuple(data.draw(st.integers(0, 30)) for _ in range(4))
    border = data.draw(st.sampled_from(["constant", "replicate", "reflect101"]))
    padded = pad(image, sides, border)
    height, width = image.shape
    np.testing.assert_array_equal(crop(padded, (sides[0], sides[1], sides[0] + width, sides[1] + height)), image)


def test_the_peers_agree() -> None:
    image = noise((61, 83, 3), "uint8")
    np.testing.assert_array_equal(rotate90(image), cv2.rotate(image, cv2.ROTATE_90_COUNTERCLOCKWISE))
    np.testing.assert_array_equal(rotate90(image, 3), cv2.rotate(image, cv2.ROTATE_90_CLOCKWISE))
    np.testing.assert_array_equal(flip(image), cv2.flip(image, 1))
    for border, code in (("replicate", 1), ("reflect101", 4)):
        theirs = cv2.copyMakeBorder(image, 4, 12, 8, 24, code)
        np.testing.assert_array_equal(pad(image, (8, 4, 24, 12), border), theirs)  # type: ignore[arg-type]
    theirs = cv2.copyMakeBorder(image, 1, 2, 3, 4, cv2.BORDER_CONSTANT, value=(1, 2, 3))
    np.testing.assert_array_equal(pad(image, (3, 1, 4, 2), value=(1, 2, 3)), theirs)


IMAGE = np.zeros((8, 6, 3), np.uint8)


@pytest.mark.parametrize(
    ("name", "options", "error", "text"),
    [
        ("rotate90", {"turns": 1.0}, _checks.KindError, "turns: expected a whole number"),
        ("rotate90", {"turns": True}, _checks.KindError, "turns"),
        ("rotate90", {"turns": 1, "out": np.zeros_like(IMAGE)}, _checks.OutputError, "out: expected shape"),
        ("flip", {"axis": "x"}, _checks.ParameterError, "axis: expected one of horizontal"),
        ("flip", {"axis": None}, _checks.ParameterError, "axis"),
        ("flip", {"out": IMAGE}, _checks.OutputError, "memory apart"),
        ("crop", {"box": (0, 0, 7, 8)}, _checks.ParameterError, "box: expected x0 < x1"),
        ("crop", {"box": (3, 0, 3, 8)}, _checks.ParameterError, "box"),
        ("crop", {"box": (-1, 0, 3, 8)}, _checks.ParameterError, "box"),
        ("crop", {"box": (0.0, 0, 3, 8)}, _checks.KindError, "box"),
        ("crop", {"box": (0, 0, 3)}, _checks.KindError, "box"),
        ("pad", {"widths": -1}, _checks.ParameterError, "widths: expected 0 to"),
        ("pad", {"widths": (1, 2)}, _checks.ParameterError, "widths"),
        ("pad", {"widths": 1.5}, _checks.KindError, "widths"),
        ("pad", {"widths": 1 << 19}, _checks.ParameterError, "size"),
        ("pad", {"widths": 1, "border": "wrap"}, _checks.ParameterError, "border"),
        ("pad", {"widths": 1, "value": -1}, _checks.ParameterError, "value"),
    ],
    ids=str,
)
def test_errors(name: str, options: dict[str, Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text) as caught:
        run(name, IMAGE, **options)
    assert "\n" not in str(caught.value)
    with pytest.raises(_checks.DtypeError, match="src: expected dtype"):
        run(name, IMAGE.astype(np.float64), **{key: value for key, value in options.items() if key != "out"})
    right = next(right for called, right in calls(IMAGE.shape) if called == name)
    with pytest.raises(_checks.ParameterError, match="threads"):
        run(name, IMAGE, **right, threads=0)
