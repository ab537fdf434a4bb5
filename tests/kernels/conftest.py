import os
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray


@dataclass(frozen=True)
class Device:
    """Where a kernel runs: its arrays go there with `put` and come back with `get`."""

    name: str
    module: Any

    def put(self, array: NDArray[Any]) -> Any:
        return array if self.module is np else self.module.asarray(array)

    def get(self, array: Any) -> NDArray[Any]:
        return array if self.module is np else self.module.asnumpy(array)


def _cupy() -> Any:
    try:
        cupy = import_module("cupy")
        if cupy.cuda.runtime.getDeviceCount() > 0:
            return cupy
        reason = "no NVIDIA GPU"
    except Exception as error:
        reason = f"no CuPy with a GPU: {type(error).__name__}: {error}"
    if os.environ.get("LUMALOOM_REQUIRE_GPU") == "1":
        pytest.fail(f"LUMALOOM_REQUIRE_GPU=1, but {reason}")
    pytest.skip(reason)


@pytest.fixture(params=["cpu", pytest.param("gpu", marks=pytest.mark.gpu)])
def device(request: pytest.FixtureRequest) -> Device:
    """Each device that kernels run on; a test that takes it is the same test for all of them."""
    return Device(request.param, np if request.param == "cpu" else _cupy())
