"""Grain and dithering: what they add belongs to seed, frame and place alone."""

from typing import Any

import numpy as np
import pytest

from lumaloom_kernels import _checks, _dither, _noise, add_grain, dither
from lumaloom_kernels.add_grain import reference as grain_reference
from lumaloom_kernels.dither import reference as dither_reference
from tests.kernels.arrays import DTYPES, TOP, layouts, noise

SHAPES = [(1, 1), (1, 37), (41, 1), (7, 5), (9, 70), (33, 201, 3), (20, 33, 2)]


@pytest.mark.parametrize("dtype", DTYPES)
def test_grain_matches_reference(dtype: str) -> None:
    """uint8 to the bit, uint16 but for sums near a half."""
    for shape in SHAPES:
        image = noise(shape, dtype)
        for strength, origin in ((0.03, (0, 0)), (0.4, (3, 5))):
            options: dict[str, Any] = {"seed": 5, "frame": 7, "origin": origin}
            result = add_grain(image, strength * TOP[dtype], **options)
            expected = grain_reference(image, strength * TOP[dtype], **options)
            if dtype == "float32":
                np.testing.assert_allclose(result, expected, rtol=1e-5, atol=1e-6)
            else:
                difference = abs(result.astype(int) - expected)
                assert difference.max() <= (dtype == "uint16"), shape
                assert (difference > 0).sum() <= 0.01 * difference.size
            threaded = add_grain(image, strength * TOP[dtype], **options, threads=3)
            assert threaded.tobytes() == result.tobytes()


def drawn(dtype: str, seed: int, frame: int) -> Any:
    """Noise in units of its standard deviation."""
    middle, strength = (128, 30) if dtype == "uint8" else (0, 1)
    return (
        add_grain(np.full((1000, 1200), middle, dtype), strength, seed, frame).astype(np.float64) - middle
    ) / strength


@pytest.fixture(scope="module", params=["uint8", "float32"])
def grain(request: pytest.FixtureRequest) -> Any:
    result = drawn(request.param, 3, 4)
    result.flags.writeable = False
    return request.param, result


def test_grain_is_near_a_normal_distribution(grain: Any) -> None:
    dtype, grain = grain
    assert abs(grain.mean()) < 4 / 1100
    assert grain.std() == pytest.approx(1, abs=0.004)
    assert (grain**4).mean() == pytest.approx(2.99, abs=0.04)
    assert abs((grain**3).mean()) < 0.01
    most = (2.9, 3.01) if dtype == "uint8" else (3.3, 3.37)
    assert most[0] < abs(grain).max() < most[1]
    for sigma, share in ((1, 0.3173), (2, 0.0455), (3, 0.0027)):  # levels of uint8 are one of 256 each, in whole steps
        assert (abs(grain) > sigma).mean() == pytest.approx(share, abs=1 / 64 if dtype == "uint8" else 0.002)


def test_grain_has_no_pattern(grain: Any) -> None:
    """No sample tells of another: near ones, those of one hash, of one vector, of rows, frames and seeds."""
    dtype, grain = grain
    height, width = grain.shape
    for dy, dx in (
        (0, 1),
        (0, 2),
        (0, 3),
        (0, 16),
        (0, 31),
        (0, 32),
        (0, 63),
        (0, 64),
        (1, 0),
        (1, 1),
        (2, 0),
        (5, 3),
        (64, 0),
    ):
        product = (grain[: height - dy, : width - dx] * grain[dy:, dx:]).mean()
        assert abs(product) < 5 / 1100, (dy, dx)
    for seed, frame in ((3, 5), (4, 4), (4, 3)):
        assert abs((grain * drawn(dtype, seed, frame)).mean()) < 5 / 1100
    assert abs(grain.mean(axis=0)).max() < 6 / np.sqrt(height)
    assert abs(grain.mean(axis=1)).max() < 6 / np.sqrt(width)


def test_every_number_of_the_bell() -> None:
    """Odd and rising, so that the distribution is symmetric: it is what a GPU has to give too."""
    bell = _noise.bell(np.arange(1 << 16, dtype=np.uint16).view(np.int16).astype(np.uint16))
    by_place = bell[np.argsort(np.arange(1 << 16, dtype=np.uint16).view(np.int16))]
    assert (np.diff(by_place) >= 0).all()
    assert abs(by_place + by_place[::-1]).max() <= 2
    assert by_place.std() / (1 << _noise.BELL_BITS) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("channels", [(), (3,)])
def test_tiles_are_parts_of_the_whole(dtype: str, channels: tuple[int, ...]) -> None:
    image = noise((40, 90, *channels), dtype)
    strength = 0.1 * TOP[dtype]
    grained = add_grain(image, strength, 9)
    dithered = {method: dither(image, 4, method, seed=9) for method in _dither.METHODS}  # type: ignore[arg-type]
    for y, x, height, width in ((0, 1, 7, 70), (11, 13, 20, 33), (39, 89, 1, 1)):
        part = slice(y, y + height), slice(x, x + width)
        np.testing.assert_array_equal(add_grain(image[part], strength, 9, origin=(x, y)), grained[part])
        for method, whole in dithered.items():
            tile = dither(image[part], 4, method, seed=9, origin=(x, y))  # type: ignore[arg-type]
            np.testing.assert_array_equal(tile, whole[part], method)


def test_grain_keeps_to_its_range() -> None:
    image = np.full((50, 90), 1023, np.uint16)
    assert add_grain(image, 200, high=1023).max() == 1023
    assert add_grain(np.zeros((50, 90), np.uint8), 255).max() > 200
    assert add_grain(np.full((50, 90), 255, np.uint8), 255).min() < 50
    np.testing.assert_array_equal(add_grain(image, 0), image)
    broken = np.array([[np.nan, np.inf, -np.inf, 0.5]], np.float32)
    result = add_grain(broken, 0.1)
    np.testing.assert_array_equal(np.isnan(result), [[True, False, False, False]])
    np.testing.assert_array_equal(result[0, 1:3], [np.inf, -np.inf])


@pytest.mark.parametrize("method", _dither.METHODS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_dither_matches_reference(dtype: str, method: Any) -> None:
    for shape in SHAPES:
        image = noise(shape, dtype)
        for bits in (1, 6) if dtype == "uint8" else (8, 10):
            result = dither(image, bits, method, seed=3, frame=2)
            expected = dither_reference(image, bits, method, seed=3, frame=2)
            assert result.dtype == expected.dtype == (np.uint8 if bits <= 8 else np.uint16)
            difference = abs(result.astype(int) - expected)
            assert difference.max() <= 1  # a sum near a whole number
            assert (difference > 0).sum() <= 0.002 * difference.size, (shape, bits)
            threaded = dither(image, bits, method, seed=3, frame=2, threads=3)
            assert threaded.tobytes() == result.tobytes()


@pytest.mark.parametrize("method", _dither.METHODS)
def test_dither_keeps_the_mean_and_what_fits(method: Any) -> None:
    for level in (0.1, 1 / 3, 0.75):
        flat = np.full((64, 128), level * 7 / 7, np.float32)
        mean = dither(flat, 3, method).mean() / 7
        assert mean == pytest.approx(round(level * 7) / 7 if method == "round" else level, abs=0.005)
    steps = np.arange(256, dtype=np.uint16)[None].repeat(9, axis=0) * 257
    np.testing.assert_array_equal(dither(steps, 8, method), steps // 257)
    assert dither(steps * 0 + 1020, 8, method, scale=0.25).tolist() == (steps * 0 + 255).tolist()
    assert dither(steps * 0 + 1023, 8, method, scale=0.25).max() == 255
    broken = np.array([[np.nan, -np.inf, np.inf, -3, 7]], np.float32)
    assert dither(broken, 8, method).tolist() == [[0, 0, 255, 0, 255]]


def test_patterns_are_what_they_are_named_for() -> None:
    assert sorted((_dither.bayer() * 64 - 0.5).ravel().tolist()) == list(range(64))
    half = np.full((64, 64), 0.5, np.float32)
    np.testing.assert_array_equal(dither(half, 1).astype(int), np.indices((64, 64)).sum(0) % 2)
    spectrum = {}
    for method in ("gradient", "random"):
        dots = dither(np.full((128, 128), 0.5, np.float32), 1, method) - 0.5  # type: ignore[arg-type]
        power = abs(np.fft.fft2(dots)) ** 2
        fy, fx = np.fft.fftfreq(128)[:, None], np.fft.fftfreq(128)[None]
        spectrum[method] = power[np.hypot(fy, fx) < 0.06].mean()
    assert spectrum["gradient"] < 0.2 * spectrum["random"]  # no slow waves, which are what is seen
    colour = dither(np.full((16, 16, 3), 0.5, np.float32), 1, "gradient")
    assert (colour == colour[..., :1]).all()


@pytest.mark.parametrize("kernel", ["grain", "bayer", "random"])
def test_any_layout(kernel: str) -> None:
    def run(image: Any, out: Any = None) -> Any:
        return add_grain(image, 9, out=out) if kernel == "grain" else dither(image, 5, kernel, out=out)  # type: ignore[arg-type]

    image = noise((45, 83, 3), "uint8")
    expected = run(image)
    for name, array in layouts(image):
        assert run(image, array) is array
        np.testing.assert_array_equal(array, expected, name)
        array[...] = image
        np.testing.assert_array_equal(run(array), expected, name)
    frame = np.full((47, 93, 3), 77, np.uint8)
    run(image, frame[1:-1, 5:88])
    frame[1:-1, 5:88] = 77
    assert (frame == 77).all()


IMAGE = np.zeros((8, 6, 3), np.uint8)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: add_grain(IMAGE.astype(np.int16), 1), _checks.DtypeError, "src: expected dtype"),
        (lambda: add_grain(IMAGE, -1), _checks.ParameterError, "strength: expected a number from 0 to 255"),
        (lambda: add_grain(IMAGE, float("nan")), _checks.ParameterError, "strength: expected"),
        (lambda: add_grain(IMAGE, 1, -1), _checks.ParameterError, "seed: expected"),
        (lambda: add_grain(IMAGE, 1, 1.5), _checks.KindError, "seed: expected a whole number"),  # type: ignore[arg-type]
        (lambda: add_grain(IMAGE, 1, 0, 1 << 32), _checks.ParameterError, "frame: expected"),
        (lambda: add_grain(IMAGE, 1, origin=(0, -1)), _checks.ParameterError, "origin: expected"),
        (lambda: add_grain(IMAGE, 1, origin=3), _checks.KindError, "origin: expected a pair"),  # type: ignore[arg-type]
        (lambda: add_grain(IMAGE, 1, origin=(0.5, 1)), _checks.KindError, "origin"),  # type: ignore[arg-type]
        (lambda: add_grain(IMAGE, 1, high=256), _checks.ParameterError, "high: expected"),
        (lambda: add_grain(IMAGE, 1, out=IMAGE), _checks.OutputError, "memory apart"),
        (lambda: dither(IMAGE, 0), _checks.ParameterError, "bits: expected 1 to 16"),
        (lambda: dither(IMAGE, 8.0), _checks.KindError, "bits: expected a whole number"),  # type: ignore[arg-type]
        (lambda: dither(IMAGE, 8, "floyd"), _checks.ParameterError, "method: expected one of round"),  # type: ignore[arg-type]
        (lambda: dither(IMAGE, 8, scale=float("nan")), _checks.ParameterError, "scale: expected"),
        (lambda: dither(IMAGE, 12, out=IMAGE.copy()), _checks.OutputError, "dtype uint16"),
        (lambda: dither(IMAGE, 8, out=IMAGE), _checks.OutputError, "memory apart"),
        (lambda: dither(IMAGE, 8, threads=0), _checks.ParameterError, "threads"),
    ],
)
def test_errors(call: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text) as caught:
        call()
    assert "\n" not in str(caught.value)
