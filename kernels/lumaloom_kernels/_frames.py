"""Some frames of one shape and dtype that a kernel takes together."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._checks import KindError, ParameterError, check_image, check_out, check_same, is_gpu
from ._lines import Addresses

MOST = 64


def check_frames(frames: Any, name: str = "frames", counts: Sequence[int] = range(1, MOST + 1)) -> list[Any]:
    """Return a list or tuple of images of one shape and dtype, as many as ``counts`` allows."""
    if not isinstance(frames, (list, tuple)):
        raise KindError(f"{name}: expected a list or tuple of arrays, got {type(frames).__name__}")
    if len(frames) not in counts:
        wanted = f"{counts[0]} to {counts[-1]}" if isinstance(counts, range) else " or ".join(map(str, counts))
        raise ParameterError(f"{name}: expected {wanted} frames, got {len(frames)}")
    for number, frame in enumerate(frames):
        check_image(frame, f"{name}[{number}]")
        check_same(f"{name}[{number}]", frame, f"{name}[0]", frames[0])
    return list(frames)


def check_frames_out(frames: list[Any], out: Any) -> Any:
    """Return ``out``, apart from every frame, or a new array."""
    result = check_out(frames[0], out)
    if out is not None:
        for frame in frames[1:]:
            check_out(frame, out)
    return result


def any_gpu(frames: list[Any]) -> bool:
    """Tell whether the frames are CuPy's."""
    return any(is_gpu(frame) for frame in frames)


def as_table(numbers: Addresses) -> NDArray[np.int64]:
    """Return addresses or pitches as an array, so that their number needs no code of its own."""
    return np.array(numbers, np.int64)
