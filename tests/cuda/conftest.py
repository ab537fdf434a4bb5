from collections.abc import Iterator
from typing import Any

import pytest

from tests.cuda import fake_cupy, host_shim


@pytest.fixture
def cupy() -> Iterator[Any]:
    """A stand-in for CuPy that runs kernels on the host."""
    if host_shim.compiler() is None:
        pytest.fail("the kernels are tested as C++; install g++")
    with fake_cupy.installed() as module:
        yield module


@pytest.fixture
def checked_cupy() -> Iterator[Any]:
    """The same with the sanitizers on."""
    if host_shim.compiler() is None:
        pytest.fail("the kernels are tested as C++; install g++")
    with fake_cupy.installed(checks=host_shim.SANITIZE) as module:
        yield module
