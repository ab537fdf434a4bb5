"""`check_effect` passes what is right, also what the docstrings show, and finds each kind of mistake."""

from __future__ import annotations

import inspect
import re
import textwrap
from typing import Any

import numpy as np
import pytest

import lumaloom.effect as authoring
import lumaloom_kernels
from lumaloom.effect import Effect, Frame, FrameSpec, Kind, Param, PixelFormat, TemporalEffect, pointwise
from lumaloom.errors import LumaloomError, ParameterError
from lumaloom.testing import check_effect

SMALL: Any = {"formats": ["gbrpf32le", "yuv420p"], "sizes": [(16, 6), (1, 1)]}


def shown(documented: Any) -> list[Effect]:
    """Return the effects that a docstring defines."""
    names: dict[str, Any] = {name: getattr(authoring, name) for name in authoring.__all__}
    names |= {"lumaloom_kernels": lumaloom_kernels, "np": np}
    names |= {name: getattr(lumaloom_kernels, name) for name in ("mix", "gaussian_blur")}
    code = re.findall(r"```python\n(.*?)```", inspect.getdoc(documented) or "", re.DOTALL)[0]
    exec(textwrap.dedent(code), names)
    given = vars(authoring).values()
    return [e() for e in names.values() if isinstance(e, type) and issubclass(e, Effect) and e not in given]


@pytest.mark.parametrize("documented", [authoring, authoring.pointwise, authoring.Effect, authoring.TemporalEffect])
def test_effects_of_docstrings(documented: Any) -> None:
    (effect,) = shown(documented)
    check_effect(effect, **SMALL)


class Base(Effect):
    """Copy."""

    name = "base"
    kind = Kind.NEIGHBOURHOOD

    def render(self, src: Frame, out: Frame) -> None:
        for source, target in zip(src.planes, out.planes, strict=True):
            target[...] = source


class Untouched(Base):
    """Leave the last row out."""

    def render(self, src: Frame, out: Frame) -> None:
        for source, target in zip(src.planes, out.planes, strict=True):
            target[:-1] = source[:-1]


class WritesBack(Base):
    """Write to the source."""

    def render(self, src: Frame, out: Frame) -> None:
        src.planes[0][...] = 0
        super().render(src, out)


class Chance(Base):
    """Add what is another number every time."""

    count = 0

    def render(self, src: Frame, out: Frame) -> None:
        type(self).count += 1
        for target in out.planes:
            target[...] = self.count


class Idle(Base):
    """Say that nothing changes, and change it."""

    def is_identity(self, spec: FrameSpec) -> bool:
        return True

    def render(self, src: Frame, out: Frame) -> None:
        for source, target in zip(src.planes, out.planes, strict=True):
            target[...] = source // 2


class Picky(Base):
    """Take nothing."""

    def accepts(self, fmt: PixelFormat) -> bool:
        return False


class Inverse(Base):
    """Divide by a number that may be 0."""

    by: float = Param(0.5, min=0, max=1)

    def render(self, src: Frame, out: Frame) -> None:
        with np.errstate(all="ignore"):
            for target in out.planes:
                target[...] = np.float32(1e-3) / np.float32(self.by)


@pointwise(name="root")
def root(r: Any, g: Any, b: Any) -> Any:
    """Take the root of what is below 0."""
    return np.sqrt(r - 2), g, b


class Off(TemporalEffect):
    """Take the frame after."""

    name = "off"

    def window(self) -> tuple[int, int]:
        return 0, 1

    def render_window(self, frames: Any, out: Frame) -> None:
        for source, target in zip(frames[1].planes, out.planes, strict=True):
            target[...] = source


def copied(src: Frame, out: Frame) -> None:
    Base().render(src, out)


@pytest.mark.parametrize(
    ("effect", "message"),
    [
        (Untouched(), "two renders of one frame differ"),
        (WritesBack(), "writes to its source"),
        (Chance(), "two renders of one frame differ"),
        (Idle(), r"is_identity\(\) is true, but row \d+ column \d+ of plane g is"),
        (Picky(), r"accepts\(\) takes no pixel format"),
        (Inverse(), "base by=0 on 16x6 gbrpf32le: some results are not finite"),
        (root(), "some results are not finite"),
        (Off(), "off on 16x6 gbrpf32le: by its definition row"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Effect) else None,
)
def test_mistakes_are_found(effect: Effect, message: str) -> None:
    formats = [] if isinstance(effect, Picky) else ["gbrpf32le", "yuv420p"]
    with pytest.raises(AssertionError, match=message):
        check_effect(effect, copied if isinstance(effect, Off) else None, formats=formats, sizes=[(16, 6)])


def test_a_jump_at_a_level_is_no_mistake() -> None:
    @pointwise
    def split(r: Any, g: Any, b: Any) -> Any:
        """Black and white; 51 of 255 is a fifth, or next to it."""
        return np.where(r > 0.2, 1, 0), g, b

    check_effect(split(), formats=["rgb24"], sizes=[(64, 34)])


def test_a_definition_of_its_own() -> None:
    check_effect(Base(), copied, **SMALL)


def test_what_an_effect_refuses_at_the_ends_of_a_range_is_left_out() -> None:
    class Refusing(Base):
        """Refuse nothing at all."""

        size: float = Param(1.0, min=0, max=2)

        def render(self, src: Frame, out: Frame) -> None:
            if self.size == 0:
                raise ParameterError("base: size expects more than 0")
            super().render(src, out)

    check_effect(Refusing(), **SMALL)


def test_what_a_render_would_say() -> None:
    class Failing(Base):
        """Fail."""

        def render(self, src: Frame, out: Frame) -> None:
            raise ValueError("no")

    with pytest.raises(LumaloomError, match=r"base failed .*: ValueError: no"):
        check_effect(Failing(), **SMALL)
