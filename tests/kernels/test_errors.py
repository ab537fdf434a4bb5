"""Bad arguments end in one clear typed error that names the parameter."""

from typing import Any

import numpy as np
import pytest

import lumaloom_kernels
from lumaloom_kernels import _checks

IMAGE = np.zeros((8, 9, 3), np.uint8)
NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize("name", ["gaussian_blur", "box_blur"])
@pytest.mark.parametrize(
    ("src", "error"),
    [
        (IMAGE.astype(np.float64), _checks.DtypeError),
        (IMAGE.astype(np.int8), _checks.DtypeError),
        (IMAGE.astype(">u2"), _checks.DtypeError),
        (IMAGE[0, 0], _checks.ShapeError),
        (IMAGE[None], _checks.ShapeError),
        (IMAGE[:0], _checks.ShapeError),
        (IMAGE[:, :0], _checks.ShapeError),
        (IMAGE[..., :0], _checks.ShapeError),
        (np.zeros((8, 9, 5), np.uint8), _checks.ShapeError),
        ([[1, 2], [3, 4]], _checks.KindError),
        (None, _checks.KindError),
    ],
)
def test_source(name: str, src: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match=r"^src: expected .*, got ") as caught:
        getattr(lumaloom_kernels, name)(src, 1)
    assert isinstance(caught.value, _checks.KernelError)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("sigma", [NAN, INF, -INF, -1, -0.001, 1e9, 1000.5, (1, NAN), (1, 2, 3), ()])
def test_sigma(sigma: Any) -> None:
    with pytest.raises(_checks.ParameterError, match=r"^sigma: expected "):
        lumaloom_kernels.gaussian_blur(IMAGE, sigma)


@pytest.mark.parametrize("sigma", ["2", None, True, 1j, [None, 1], np.ones(2)])
def test_sigma_of_a_wrong_type(sigma: Any) -> None:
    with pytest.raises(_checks.KindError, match=r"^sigma: expected "):
        lumaloom_kernels.gaussian_blur(IMAGE, sigma)


@pytest.mark.parametrize("radius", [-1, 10**9, (1, -1), (1, 2, 3)])
def test_radius(radius: Any) -> None:
    with pytest.raises(_checks.ParameterError, match=r"^radius: expected "):
        lumaloom_kernels.box_blur(IMAGE, radius)


@pytest.mark.parametrize("radius", [1.0, NAN, "1", None, True])
def test_radius_of_a_wrong_type(radius: Any) -> None:
    with pytest.raises(_checks.KindError, match=r"^radius: expected "):
        lumaloom_kernels.box_blur(IMAGE, radius)


@pytest.mark.parametrize("name", ["gaussian_blur", "box_blur"])
@pytest.mark.parametrize(
    ("option", "value"),
    [("border", "wrap"), ("border", None), ("border", ["reflect101"]), ("threads", 0), ("threads", -2)],
)
def test_options(name: str, option: str, value: Any) -> None:
    with pytest.raises(_checks.ParameterError, match=rf"^{option}: expected .*, got "):
        getattr(lumaloom_kernels, name)(IMAGE, 1, **{option: value})


@pytest.mark.parametrize("threads", [1.0, "2", True])
def test_threads_of_a_wrong_type(threads: Any) -> None:
    with pytest.raises(_checks.KindError, match=r"^threads: expected "):
        lumaloom_kernels.box_blur(IMAGE, 1, threads=threads)


def read_only() -> Any:
    array = np.zeros_like(IMAGE)
    array.flags.writeable = False
    return array


@pytest.mark.parametrize("name", ["gaussian_blur", "box_blur"])
@pytest.mark.parametrize(
    "out",
    [
        np.zeros((8, 9), np.uint8),
        np.zeros((9, 8, 3), np.uint8),
        IMAGE.astype(np.uint16),
        IMAGE.tolist(),
        read_only(),
        np.lib.stride_tricks.as_strided(np.zeros(27, np.uint8), IMAGE.shape, (0, 3, 1)),
    ],
)
def test_output(name: str, out: Any) -> None:
    with pytest.raises(_checks.OutputError, match=r"^out: expected .*, got "):
        getattr(lumaloom_kernels, name)(IMAGE, 1, out=out)


@pytest.mark.parametrize("name", ["gaussian_blur", "box_blur"])
def test_output_over_the_source(name: str) -> None:
    frame = np.zeros((8, 18, 3), np.uint8)
    blur = getattr(lumaloom_kernels, name)
    for src, out in ((frame, frame), (frame[:, :9], frame[:, 8:17]), (frame, frame[::-1])):
        with pytest.raises(_checks.OutputError, match=r"^out: expected memory apart from src"):
            blur(src, 1, out=out)
    apart = frame[:, 9:]
    assert blur(frame[:, :9], 1, out=apart) is apart
    blur(frame[..., 0], 1, out=frame[..., 1])
