"""The kernels on a real GPU: the same cases as on the host, and what only a device can show."""

import os
from typing import Any

import numpy as np
import pytest

import lumaloom_kernels
from lumaloom_kernels import _cuda
from tests.cuda.device_cases import Case, assert_close, cases, check, image, scratch_for

pytestmark = pytest.mark.gpu

KERNELS = ("gaussian_blur", "box_blur", "resize", "scale_offset")
CALLS = (
    ("gaussian_blur", (2.0,), ((2.0, 2.0), "reflect101")),
    ("gaussian_blur", (20.0,), ((20.0, 20.0), "reflect101")),
    ("box_blur", (15,), ((15, 15), "reflect101")),
)


@pytest.fixture
def cupy() -> Any:
    reason = _cuda.why_unavailable()
    if reason is not None:
        if os.environ.get("LUMALOOM_REQUIRE_GPU") == "1":
            pytest.fail(f"LUMALOOM_REQUIRE_GPU=1, but {reason}")
        pytest.skip(reason)
    import cupy

    return cupy


@pytest.mark.parametrize("kernel", KERNELS)
def test_agrees_with_the_definition(cupy: Any, kernel: str) -> None:
    for case in cases(kernel, rounds=3):
        check(cupy, case)


@pytest.mark.parametrize("kernel", KERNELS)
def test_agrees_on_frames(cupy: Any, kernel: str) -> None:
    """Many blocks at once, as small images never have them."""
    for case in cases(kernel, sizes=((271, 1921), (540, 960))):
        if case.layout == "plain":
            check(cupy, case)


@pytest.mark.parametrize("kernel", KERNELS)
def test_two_runs_are_the_same_to_the_bit(cupy: Any, kernel: str) -> None:
    for case in list(cases(kernel, sizes=((270, 480),)))[::7]:
        src = cupy.asarray(image(case.size, case.channels, case.dtype))
        call = getattr(lumaloom_kernels, kernel)
        first, second = (cupy.asnumpy(call(src, *case.parameters, **case.options)).tobytes() for _ in range(2))
        assert first == second, case


@pytest.mark.parametrize(("kernel", "parameters", "low"), CALLS)
def test_work_stays_in_order_on_other_streams(cupy: Any, kernel: str, parameters: Any, low: Any) -> None:
    """A chain on a non-blocking stream, whose input only arrives there, sees that input."""
    from lumaloom_kernels import _registry

    pixels = image((540, 960), 3, "uint8")
    expected = _registry.load(kernel).reference(pixels, *parameters)
    stream = cupy.cuda.Stream(non_blocking=True)
    host = cupy.cuda.alloc_pinned_memory(pixels.nbytes)
    pinned = np.frombuffer(host, np.uint8, pixels.size).reshape(pixels.shape)
    pinned[...] = pixels
    for _ in range(5):
        with stream:
            src, out = cupy.zeros(pixels.shape, np.uint8), cupy.zeros(pixels.shape, np.uint8)
            src.set(pinned, stream=stream)
            getattr(lumaloom_kernels, kernel)(src, *parameters, out=out)
            result = out.get(stream=stream)
        stream.synchronize()
        assert_close(result, expected, (kernel, parameters))


@pytest.mark.parametrize(("kernel", "parameters", "low"), CALLS)
def test_a_captured_graph_replays(cupy: Any, kernel: str, parameters: Any, low: Any) -> None:
    from lumaloom_kernels import _registry

    launch = getattr(_cuda, kernel)
    first, second = image((270, 480), 3, "uint8", seed=1), image((270, 480), 3, "uint8", seed=2)
    src, out = cupy.asarray(first), cupy.zeros(first.shape, np.uint8)
    scratch = scratch_for(cupy, kernel, src, out, *low)
    launch(src, out, *low, scratch=scratch)
    cupy.cuda.Device().synchronize()
    stream = cupy.cuda.Stream(non_blocking=True)
    with stream:
        stream.begin_capture()
        launch(src, out, *low, scratch=scratch)
        graph = stream.end_capture()
        for pixels in (second, first):
            src.set(pixels, stream=stream)
            graph.launch(stream)
            result = out.get(stream=stream)
            stream.synchronize()
            assert_close(result, _registry.load(kernel).reference(pixels, *parameters), kernel)


@pytest.mark.parametrize(("kernel", "parameters", "low"), CALLS)
def test_memory_does_not_grow(cupy: Any, kernel: str, parameters: Any, low: Any) -> None:
    src = cupy.asarray(image((540, 960), 3, "uint8"))
    out = cupy.empty_like(src)
    call = getattr(lumaloom_kernels, kernel)
    for _ in range(3):
        call(src, *parameters, out=out)
    pool = cupy.get_default_memory_pool()
    cupy.cuda.Device().synchronize()
    before = pool.total_bytes(), pool.used_bytes(), cupy.cuda.Device().mem_info[0]
    for _ in range(100):
        call(src, *parameters, out=out)
    cupy.cuda.Device().synchronize()
    assert (pool.total_bytes(), pool.used_bytes(), cupy.cuda.Device().mem_info[0]) == before


def test_arrays_on_the_device_stay_there(cupy: Any) -> None:
    case = Case("gaussian_blur", (1.0,), {}, (33, 65), 3, "uint8", "plain")
    src = cupy.asarray(image(case.size, case.channels, case.dtype))
    assert type(lumaloom_kernels.gaussian_blur(src, 1.0)) is type(src)
