"""The CUDA kernels, compiled as C++, against their definitions; through the same Python code as on a GPU."""

import itertools
from typing import Any

import numpy as np
import pytest

import lumaloom_kernels
from lumaloom_kernels import _cuda
from lumaloom_kernels._cuda_tables import Table
from tests.cuda import fake_cupy, host_shim
from tests.cuda.device_cases import Case, cases, check, image, scratch_for

KERNELS = ("gaussian_blur", "box_blur", "resize", "scale_offset")


@pytest.mark.parametrize("rounds", [1, pytest.param(3, marks=pytest.mark.slow)])
@pytest.mark.parametrize("kernel", KERNELS)
def test_agrees_with_the_definition(cupy: Any, kernel: str, rounds: int) -> None:
    for case in cases(kernel, rounds=rounds):
        check(cupy, case)


@pytest.mark.parametrize("rounds", [1, pytest.param(2, marks=pytest.mark.slow)])
@pytest.mark.parametrize("kernel", KERNELS)
def test_sanitizers_find_nothing(checked_cupy: Any, kernel: str, rounds: int) -> None:
    for case in cases(kernel, rounds=rounds):
        check(checked_cupy, case)


@pytest.mark.parametrize("kernel", KERNELS)
def test_the_order_of_threads_does_not_matter(cupy: Any, kernel: str) -> None:
    for case in itertools.islice(cases(kernel, sizes=((35, 67),)), 0, None, 9):
        src = cupy.asarray(image(case.size, case.channels, case.dtype))
        results = []
        for seed in (1, 2):
            fake_cupy.settings.seed = seed
            call = getattr(lumaloom_kernels, kernel)
            results.append(cupy.asnumpy(call(src, *case.parameters, **case.options)).tobytes())
        assert results[0] == results[1], case


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_box_blur_of_integers_is_exact(cupy: Any, dtype: str) -> None:
    from lumaloom_kernels.box_blur import reference

    pixels = image((50, 61), 3, dtype)
    for radius in (1, 8, 40, 200, (127, 128), (2, 129)):
        result = lumaloom_kernels.box_blur(cupy.asarray(pixels), radius)
        np.testing.assert_array_equal(cupy.asnumpy(result), reference(pixels, radius), err_msg=str(radius))


def test_all_of_full_scale_stays_full_scale(cupy: Any) -> None:
    """The sums of the widest windows of the largest values overflow nothing."""
    pixels = np.full((40, 40), 65535, np.uint16)
    assert (cupy.asnumpy(lumaloom_kernels.box_blur(cupy.asarray(pixels), 4096)) == 65535).all()
    assert (cupy.asnumpy(lumaloom_kernels.gaussian_blur(cupy.asarray(pixels), 1000)) == 65535).all()


def test_more_rows_than_a_grid_has(cupy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of the pointwise kernel take several rows then; the others refuse in words."""
    monkeypatch.setattr("lumaloom_kernels._cuda_plans.MAX_GRID_Y", 3)
    src = cupy.zeros((20, 30), np.uint8)[:, :17]
    assert (cupy.asnumpy(lumaloom_kernels.scale_offset(src, 1.0, 9.0)) == 9).all()
    with pytest.raises(ValueError, match="src: expected an image of fewer rows on a GPU; it needs 5 rows of blocks"):
        lumaloom_kernels.gaussian_blur(cupy.zeros((70, 30), np.uint8), 1.0)


def test_a_float_that_is_not_a_number_stays_where_it_is(cupy: Any) -> None:
    pixels = image((40, 300), 0, "float32")
    pixels[3, 5] = np.nan
    blurred = cupy.asnumpy(lumaloom_kernels.gaussian_blur(cupy.asarray(pixels), 1.0))
    assert np.isnan(blurred[3, 5])
    assert np.isfinite(blurred[3, 40:]).all()
    scaled = cupy.asnumpy(lumaloom_kernels.scale_offset(cupy.asarray(pixels), 2.0, 1.0, low=0.0, high=1.0))
    assert np.argwhere(np.isnan(scaled)).tolist() == [[3, 5]]


def test_a_call_that_was_seen_before_uploads_and_compiles_nothing(cupy: Any) -> None:
    src = cupy.asarray(image((40, 50), 3, "uint8"))
    out = cupy.empty_like(src)
    for sigma in (1.0, 9.0):
        lumaloom_kernels.gaussian_blur(src, sigma, out=out)
    cupy.calls.clear()
    lumaloom_kernels.gaussian_blur(src, 1.0, out=out)
    assert cupy.calls == ["launch gaussian_u8_c3"]
    cupy.calls.clear()
    lumaloom_kernels.gaussian_blur(src, 9.0, out=out)
    launches = [call for call in cupy.calls if call.startswith("launch")]
    assert cupy.calls == ["empty", *launches]
    assert launches


def test_scratch_of_the_caller_is_used(cupy: Any) -> None:
    src = cupy.asarray(image((40, 50), 3, "uint8"))
    out = cupy.empty_like(src)
    needed = _cuda.scratch_bytes(_cuda.gaussian_blur, src, out, (9.0, 9.0), "reflect101")
    scratch = cupy.empty(needed, "uint8")
    _cuda.gaussian_blur(src, out, (9.0, 9.0), "reflect101", scratch=scratch)
    cupy.calls.clear()
    _cuda.gaussian_blur(src, out, (9.0, 9.0), "reflect101", scratch=scratch)
    assert all(call.startswith("launch") for call in cupy.calls)
    with pytest.raises(ValueError, match=f"scratch: expected at least {needed} bytes, got {needed - 1}"):
        _cuda.gaussian_blur(src, out, (9.0, 9.0), "reflect101", scratch=scratch[: needed - 1])


def test_launches_go_to_the_current_stream(cupy: Any) -> None:
    src = cupy.asarray(image((40, 50), 3, "uint8"))
    with cupy.cuda.Stream(non_blocking=True) as stream:
        lumaloom_kernels.box_blur(src, 3)
    launches = [call for call in cupy.calls if call.startswith("launch")]
    assert launches == [f"launch box_u8_u16 @{stream.number}", f"launch box_u16_u8 @{stream.number}"]


@pytest.mark.parametrize(
    ("function", "parameters"),
    [
        ("gaussian_blur", ((1.0, 1.0), "reflect101")),
        ("gaussian_blur", ((9.0, 9.0), "reflect101")),
        ("box_blur", ((3, 3), "constant")),
        ("scale_offset", (2.0, 1.0, 0.0, 255.0)),
    ],
)
def test_a_graph_replays_what_was_captured(cupy: Any, function: str, parameters: Any) -> None:
    """Nothing is allocated, uploaded or waited for during capture, once the call has run before."""
    launch = getattr(_cuda, function)
    src = cupy.asarray(image((40, 50), 3, "uint8", seed=1))
    out, expected = cupy.empty_like(src), cupy.empty_like(src)
    more = {} if function == "scale_offset" else {"scratch": scratch_for(cupy, function, src, out, *parameters)}
    launch(src, out, *parameters, **more)
    with cupy.cuda.Stream(non_blocking=True) as stream:
        stream.begin_capture()
        launch(src, out, *parameters, **more)
        graph = stream.end_capture()
    src.set(image((40, 50), 3, "uint8", seed=2))
    graph.launch()
    launch(src, expected, *parameters)
    np.testing.assert_array_equal(cupy.asnumpy(out), cupy.asnumpy(expected))


def test_a_case_names_itself() -> None:
    case = Case("box_blur", (3,), {"border": "constant"}, (5, 7), 0, "uint8", "plain")
    assert str(case) == "box_blur 3 constant (5, 7) 0 uint8 plain"


def test_sanitizers_see_a_table_that_points_outside(checked_cupy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole way down to the sanitizer: a wrong table is caught where the kernel uses it."""

    def wrong(in_size: int, out_size: int, kind: str, span: tuple[float, float]) -> Any:
        return np.arange(out_size, dtype=np.int32), np.ones((out_size, 1), np.float32)

    monkeypatch.setattr("lumaloom_kernels._cuda_plans.fitted", Table)
    src = checked_cupy.asarray(np.zeros((8, 8), np.uint8))
    out = checked_cupy.empty((8, 40), np.uint8)
    with pytest.raises(host_shim.KernelCrashError, match=r"heap-buffer-overflow(.|\n)*kernels\.cu"):
        _cuda.resize(src, out, "wrong", (0.0, 0.0, 8.0, 8.0), wrong)
