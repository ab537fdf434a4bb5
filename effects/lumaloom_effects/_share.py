"""What a plane with fewer samples than the picture gets of a length."""

from __future__ import annotations


def share(radius: int, halvings: int) -> int:
    """Return the radius on a plane whose sides were halved so many times; halves are rounded up."""
    return (radius + (1 << halvings >> 1)) >> halvings
