"""Effects that look at the frames around the one they make."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

from lumaloom.effect.effect import Effect, Kind
from lumaloom.errors import PluginError
from lumaloom.frame import Frame


class TemporalEffect(Effect):
    """An effect that makes a frame from a window of frames; a subclass defines `window` and `render_window`.

    The window slides: every frame of the clip is once its centre. Beyond the ends of what is rendered the first
    and the last frame are repeated. Frames are counted, not timed: at a variable rate they may lie unevenly, and
    their `timing` tells how. Such effects run on the CPU.

    ```python
    class Trail(TemporalEffect):
        \"\"\"Mix every frame with the two before it.\"\"\"

        name = "trail"

        def window(self):
            return 2, 0

        def render_window(self, frames, out):
            for *planes, target in zip(*(frame.planes for frame in frames), out.planes, strict=True):
                lumaloom_kernels.frame_blend(planes, out=target)
    ```
    """

    kind = Kind.TEMPORAL

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.devices != ("cpu",) or cls.kind is not Kind.TEMPORAL:
            raise PluginError(f"{cls.__module__}.{cls.__qualname__}: a temporal effect keeps its kind and runs on cpu")

    @abstractmethod
    def window(self) -> tuple[int, int]:
        """Return how many frames before and after the one to be made are looked at; fixed by the parameters."""

    @abstractmethod
    def render_window(self, frames: Sequence[Frame], out: Frame) -> None:
        """Write every sample of `out`, a frame of `output(spec)`, from frames of one format and size.

        Args:
            frames: as many as `window` says, before and after, around the frame that `out` replaces, in order; read
                only. Near the ends of the clip one frame stands more than once. Tags such as interlacing may differ.
            out: has the timing of the frame it replaces.

        """

    def render(self, src: Frame, out: Frame) -> None:
        """Make a frame of one that stands alone: it fills its window."""
        before, after = self.window()
        self.render_window([src] * (before + 1 + after), out)
