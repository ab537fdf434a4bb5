"""What is seen of arrays in one look is what NumPy says of them, and calls that take this way give the same results."""

from typing import Any

import numpy as np
import pytest

import lumaloom_kernels
from lumaloom_kernels import _plain
from tests.kernels.arrays import DTYPES, layouts, noise

CODES = {"uint8": 0, "uint16": 8, "float32": 16}


def read_only(image: Any) -> Any:
    image.flags.writeable = False
    return image


@pytest.mark.parametrize("dtype", DTYPES)
def test_plain_arrays(dtype: str) -> None:
    for shape in ((1, 1), (5, 7), (2, 3, 1), (9, 1, 4)):
        first, second, out = (np.zeros(shape, dtype) for _ in range(3))
        code = CODES[dtype] + (shape[2] if len(shape) == 3 else 0)
        places = [image.ctypes.data for image in (first, second, out)]
        assert _plain.seen_three(first, second, out) == (code, *shape[:2], *places)
        assert _plain.seen(first, out) == (code, *shape[:2], places[0], 0, places[2])
        assert _plain.seen_pair(first, first) == (code, *shape[:2], places[0], places[0], 0)
        assert _plain.PIXEL_BYTES[code] == first[0, 0].nbytes
        larger = np.zeros((shape[0] + 3, shape[1] + 2, *shape[2:]), dtype)
        assert _plain.seen_apart(first, larger)[0] == code
        assert _plain.seen(first, larger)[0] == _plain.seen_pair(first, larger)[0] == -1


IMAGE = np.zeros((6, 8, 3), np.uint8)


@pytest.mark.parametrize(
    "other",
    [
        None, 7, "text", [[1]], np.uint8(1), np.zeros(48, np.uint8), np.zeros((6, 8, 3, 1), np.uint8),
        np.zeros((6, 8, 5), np.uint8), np.zeros((6, 8, 0), np.uint8), np.zeros((0, 8, 3), np.uint8), IMAGE[:, :, 0],
        np.zeros((6, 8, 3), np.uint16), np.zeros((6, 8, 3), np.int8), np.zeros((6, 8, 3), ">u2"),
        np.zeros((6, 8, 3), np.float64), np.zeros((6, 8), np.uint8), np.zeros((6, 8, 4), np.uint8),
        np.zeros((6, 16, 3), np.uint8)[:, ::2], np.zeros((6, 9, 3), np.uint8)[:, 1:], np.zeros_like(IMAGE)[::-1],
        np.zeros((3, 8, 6), np.uint8).T, np.broadcast_to(np.uint8(0), (6, 8, 3)), read_only(np.zeros_like(IMAGE)),
        np.zeros_like(IMAGE).view(np.recarray), np.ma.zeros((6, 8, 3), np.uint8),
    ],
    ids=lambda other: f"{type(other).__name__} {getattr(other, 'shape', '')} {getattr(other, 'dtype', '')}",
)  # fmt: skip
def test_others_are_not(other: Any) -> None:
    by_itself = type(other) is np.ndarray and other.flags.carray and other.shape in ((6, 8), (6, 8, 3), (6, 8, 4))
    assert (_plain.seen_one(other)[0] >= 0) == (by_itself and other.dtype in (np.uint8, np.uint16, np.float32))
    assert _plain.seen(other, IMAGE)[0] == -1
    assert _plain.seen(IMAGE, other)[0] == -1
    assert _plain.seen_pair(IMAGE, other)[0] == -1
    assert _plain.seen_apart(other, np.zeros((6, 8, 3), np.uint8))[0] == -1
    assert _plain.seen_three(IMAGE, other, np.zeros_like(IMAGE))[0] == -1


def test_unaligned_arrays_are_not() -> None:
    unaligned = np.zeros(97, np.uint8)[1:].view(np.float32).reshape(4, 6)
    assert unaligned.flags.c_contiguous
    assert _plain.seen(np.zeros((4, 6), np.float32), unaligned)[0] == -1


def test_shared_memory() -> None:
    block = np.zeros((20, 8, 3), np.uint8)
    first, second, between = block[:6], block[6:12], block[3:9]
    assert _plain.seen(first, second)[0] == _plain.seen(second, first)[0] == 3
    for image in (first, second):
        assert _plain.seen(image, between)[0] == _plain.seen(between, image)[0] == _plain.seen(image, image)[0] == -1
    assert _plain.seen_three(IMAGE, first, between)[0] == _plain.seen_three(first, IMAGE, between)[0] == -1
    assert _plain.seen_three(first, first, second)[0] == 3
    assert _plain.seen_apart(first, block[5:])[0] == -1


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("blend", {"mode": "darken"}),
        ("blend", {"mode": "screen", "opacity": 0.5}),
        ("mix", {"amount": 0.3}),
        ("psnr", {}),
        ("flip", {"axis": "horizontal"}),
        ("flip", {"axis": "vertical"}),
        ("flip", {"axis": "both"}),
        ("rotate90", {"turns": 1}),
        ("rotate90", {"turns": 2}),
        ("rotate90", {"turns": 3}),
        ("rotate90", {"turns": 4}),
        ("crop", {"box": (3, 1, 70, 20)}),
        ("pad", {"widths": 3, "border": "reflect101"}),
        ("pad", {"widths": (100, 2, 1, 0), "value": 1}),
        ("erode", {"size": 3}),
    ],
    ids=str,
)
@pytest.mark.parametrize("dtype", DTYPES)
def test_same_results(name: str, options: dict[str, Any], dtype: str) -> None:
    """Those of arrays that are not plain, to the bit but for sums of floats."""
    kernel = getattr(lumaloom_kernels, name)
    images = [noise((23, 79, 3), dtype, seed) for seed in range(2 if name in ("blend", "mix", "psnr") else 1)]
    strided = [dict(layouts(image))["padded rows"] for image in images]
    for image, wide in zip(images, strided, strict=True):
        wide[...] = image
    expected = kernel(*strided, **options)
    if name == "psnr":
        assert kernel(*images, **options) == pytest.approx(expected, abs=0 if dtype != "float32" else 1e-7)
        return
    out = np.zeros_like(expected)
    assert _plain.seen_apart(images[0], out)[0] >= 0
    assert kernel(*images, **options, out=out) is out
    assert out.tobytes() == expected.tobytes()
