"""The plans: their geometry against the sources, and the Gaussian's tables against the true Gaussian."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lumaloom_kernels
from lumaloom_kernels import _cuda, _cuda_plans, _cuda_tables
from lumaloom_kernels._cuda_plans import Layout, Plan
from lumaloom_kernels._cuda_tables import Table

FOLDER = Path(lumaloom_kernels.__file__).parent


def _layout(width: int, height: int = 1080, channels: int = 3, dtype: str = "uint8") -> Layout:
    itemsize = np.dtype(dtype).itemsize
    return Layout(height, width, channels, dtype, width * channels * itemsize, 16)


@pytest.mark.parametrize(
    ("file", "pattern", "value"),
    [
        ("gaussian_blur.cu", r"TILE_ROWS = (\d+)", _cuda_plans.FIR_ROWS),
        ("gaussian_blur.cu", r"MAX_RADIUS = (\d+)", _cuda_tables.MAX_FIR_RADIUS),
        ("resize.cu", r"TILE_ROWS = (\d+)", _cuda_plans.RESIZE_ROWS),
        ("resize.cu", r"MAX_SPAN = (\d+)", _cuda_plans.RESIZE_SPAN),
        ("_cuda_resample.cu", r"PASS_ROWS = (\d+)", _cuda_plans.PASS_ROWS),
        ("box_blur.cu", r"CHUNK = (\d+)", _cuda_plans.BOX_CHUNK),
    ],
)
def test_numbers_agree_with_the_sources(file: str, pattern: str, value: int) -> None:
    found = re.search(pattern, (FOLDER / file).read_text())
    assert found is not None
    assert int(found[1]) == value


def test_tile_widths_agree_with_the_sources() -> None:
    found = re.search(r"pixels = C == 1 \? (\d+) : C == 2 \? (\d+) : (\d+);", (FOLDER / "gaussian_blur.cu").read_text())
    assert found is not None
    one, two, more = map(int, found.groups())
    assert {1: one, 2: two, 3: more, 4: more} == _cuda_plans.FIR_PIXELS
    for channels, pixels in _cuda_plans.BOX_PIXELS.items():
        assert pixels % _cuda_plans.BOX_CHUNK == 0
        assert pixels * channels <= 128


def _as_matrix(table: Table) -> np.ndarray:
    matrix = np.zeros((table.out_size, table.size))
    for o, (start, weights) in enumerate(zip(table.starts, table.weights, strict=True)):
        matrix[o, start : start + table.taps] += weights
    return matrix


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("border", ["reflect101", "replicate", "constant"])
@pytest.mark.parametrize("sigma", [2.0, 4.4, 7.3, 19.0, 60.0, 400.0])
@pytest.mark.parametrize("size", [1, 2, 31, 500])
def test_wide_gaussians_are_gaussians(sigma: float, size: int, border: Any, dtype: str) -> None:
    """Shrink, blur and enlarge together differ from the definition by less than the type can tell."""
    from lumaloom_kernels.gaussian_blur import taps

    weights = taps(sigma)
    radius = len(weights) // 2
    true = _as_matrix(_cuda_tables.folded(size, np.arange(size) - radius, weights, border))
    down, blur, up = _cuda_tables.gaussian_axis(size, sigma, dtype, border)
    error = np.abs(_as_matrix(up) @ _as_matrix(blur) @ _as_matrix(down) - true).sum(axis=1).max()
    allowed = {"uint8": 0.2 / 255, "uint16": 0.45 / 65535, "float32": 1e-5}[dtype]
    assert error < allowed


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_the_work_of_a_gaussian_does_not_grow_with_sigma(dtype: str) -> None:
    def work(sigma: float) -> int:
        """Return multiplications per axis of 4000 elements."""
        return sum(t.out_size * t.taps for t in _cuda_tables.gaussian_axis(4000, sigma, dtype, "reflect101"))

    for sigma in (20, 50, 120, 400, 1000):
        assert work(sigma) < 1.3 * work(8)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_narrow_windows_leave_out_no_more_than_allowed(dtype: str) -> None:
    for sigma in (0.0, 1e-300, 0.1, 0.5, 1.0, 2.0, 3.0):
        weights = _cuda_tables.fir_weights(sigma, dtype, 2)
        assert weights is not None
        radius = len(weights) // 2
        assert radius % 2 == 0
        assert 4 <= radius <= 16
        true = _cuda_tables.gaussian(sigma, 40)
        difference = np.abs(np.pad(weights.astype(float), 40 - radius) - true).sum()
        assert difference < 2.5 * _cuda_tables.ACCURACY[dtype].tail + 1e-6


@pytest.mark.parametrize(("height", "width"), [(1080, 1920), (2160, 3840), (1, 1), (7, 4097)])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_scratch_holds_every_image_between(height: int, width: int, channels: int) -> None:
    for dtype in ("uint8", "uint16", "float32"):
        image = _layout(width, height, channels, dtype)
        for plan in (
            _cuda_plans.gaussian_blur(image, image, (25.0, 25.0), "reflect101"),
            _cuda_plans.box_blur(image, image, (300, 300), "reflect101"),
        ):
            _check_scratch(plan)


def _check_scratch(plan: Plan) -> None:
    for launch in plan.launches:
        for k, argument in enumerate(launch.arguments):
            if isinstance(argument, _cuda_plans.Pointer) and argument.of == "scratch":
                pitch = launch.arguments[k + 1]
                assert argument.at % 256 == 0
                assert pitch % 256 == 0
                assert argument.at + pitch <= plan.scratch


def test_a_resize_by_a_simple_ratio_runs_in_one_kernel() -> None:
    from lumaloom_kernels._resize_table import axis_table

    for out, name in ((1280, "bicubic"), (2880, "bicubic"), (960, "area"), (1280, "nearest"), (480, "lanczos")):
        src, to = _layout(1920), _layout(out, out * 9 // 16)
        plan = _cuda_plans.resize(src, to, name, (0.0, 0.0, 1920.0, 1080.0), axis_table)
        assert [launch.kernel for launch in plan.launches] == ["resize_u8"], (out, name)


def test_layouts() -> None:
    layout_of = _cuda_plans.layout_of
    assert layout_of((4, 6, 3), (18, 3, 1), "uint8", 512) == Layout(4, 6, 3, "uint8", 18, 2)
    assert layout_of((4, 6, 3), (-32, 3, 1), "uint8", 512 + 96) == Layout(4, 6, 3, "uint8", -32, 16)
    assert layout_of((4, 6, 3), (18, 6, 2), "uint8", 512) is None
    assert layout_of((4, 6), (6, 1), "uint8", 511) == Layout(4, 6, 1, "uint8", 6, 1)
    assert layout_of((1, 1, 1), (99, 98, 97), "uint8", 512) == Layout(1, 1, 1, "uint8", 1, 16)


def test_a_radius_whose_sums_overflow_is_refused() -> None:
    with pytest.raises(ValueError, match="radius: expected at most 32767 on a GPU, got 32768"):
        _cuda_plans.box_blur(_layout(8), _layout(8), (32768, 1), "constant")


def test_every_launched_kernel_is_in_its_source(cupy: Any) -> None:
    """All combinations of dtype and channels run once, so no name is misspelt."""
    for dtype in ("uint8", "uint16", "float32"):
        for channels in (1, 2, 3, 4):
            src = cupy.zeros((9, 11, channels), dtype)
            for kernel, *parameters in (
                ("gaussian_blur", 1.0),
                ("gaussian_blur", 9.0),
                ("box_blur", 2),
                ("box_blur", 200),
                ("resize", (5, 7)),
                ("resize", (5, 9)),
                ("resize", (11, 7)),
                ("scale_offset", 1.0, 2.0),
            ):
                out = getattr(lumaloom_kernels, str(kernel))(src, *parameters)
                assert (cupy.asnumpy(out) >= 0).all()
    assert "#include" not in _cuda.source("gaussian_blur")
