"""Arithmetic on vectors of float32 written with Python's operators, for code that is being generated.

A formula such as ``b + s - b * s`` runs on NumPy arrays as it stands; with `Lane` in their place it writes the
instructions of a kernel. Numbers stand for vectors of themselves. `where`, `least`, `greatest` and `root` take either.
"""

from __future__ import annotations

from typing import Any

import numpy as np

_CONTRACT = ("contract",)


class Mask:
    """Which lanes a comparison holds in."""

    def __init__(self, builder: Any, value: Any) -> None:
        self.builder, self.value = builder, value

    def where(self, yes: Any, no: Any) -> Lane:
        """Return the lanes of ``yes`` where the mask holds, else those of ``no``."""
        lane = yes if isinstance(yes, Lane) else no
        chosen: Lane = lane.like(self.builder.select(self.value, lane.value_of(yes), lane.value_of(no)))
        return chosen


class Lane:
    """A vector of float32; a subclass may hold other numbers."""

    def __init__(self, builder: Any, value: Any) -> None:
        self.builder, self.value = builder, value

    def like(self, value: Any) -> Any:
        """Return another vector of this class."""
        return type(self)(self.builder, value)

    def value_of(self, other: Any) -> Any:
        """Return the vector of a `Lane` or a number."""
        return other.value if isinstance(other, Lane) else self.value.type([float(other)] * self.value.type.count)

    def __add__(self, other: Any) -> Any:
        return self.like(self.builder.fadd(self.value, self.value_of(other), flags=_CONTRACT))

    def __sub__(self, other: Any) -> Any:
        return self.like(self.builder.fsub(self.value, self.value_of(other), flags=_CONTRACT))

    def __rsub__(self, other: Any) -> Any:
        return self.like(self.builder.fsub(self.value_of(other), self.value, flags=_CONTRACT))

    def __mul__(self, other: Any) -> Any:
        return self.like(self.builder.fmul(self.value, self.value_of(other), flags=_CONTRACT))

    __radd__, __rmul__ = __add__, __mul__

    def __truediv__(self, other: Any) -> Any:
        return self.like(self.builder.fdiv(self.value, self.value_of(other)))

    def __rtruediv__(self, other: Any) -> Any:
        return self.like(self.builder.fdiv(self.value_of(other), self.value))

    def compare(self, sign: str, other: Any) -> Any:
        """Return where ``self SIGN other`` holds; nowhere for a NaN."""
        return self.builder.fcmp_ordered(sign, self.value, self.value_of(other))

    def __lt__(self, other: Any) -> Mask:
        return Mask(self.builder, self.compare("<", other))

    def __le__(self, other: Any) -> Mask:
        return Mask(self.builder, self.compare("<=", other))

    def __gt__(self, other: Any) -> Mask:
        return Mask(self.builder, self.compare(">", other))

    def __ge__(self, other: Any) -> Mask:
        return Mask(self.builder, self.compare(">=", other))

    def root(self) -> Any:
        """Return the square root."""
        from ._lanes import square_root

        return self.like(square_root(self.builder, self.value))


def where(mask: Any, yes: Any, no: Any) -> Any:
    """Return ``yes`` where the mask holds, else ``no``."""
    return mask.where(yes, no) if isinstance(mask, Mask) else np.where(mask, yes, no)


def least(a: Any, b: Any) -> Any:
    """Return the smaller; ``a`` where one of the two is NaN."""
    return where(b < a, b, a)


def greatest(a: Any, b: Any) -> Any:
    """Return the greater; ``a`` where one of the two is NaN."""
    return where(b > a, b, a)


def root(a: Any) -> Any:
    """Return the square root."""
    return a.root() if isinstance(a, Lane) else np.sqrt(a)
