"""What samples mean: black and the way from black to white of every channel, and which rows share chroma."""

from __future__ import annotations

from lumaloom.frame import FrameSpec, Model, Range


def levels(spec: FrameSpec, letter: str) -> tuple[float, float]:
    """Return the code value of 0, and the code values from 0 to 1, of one channel.

    Luma and RGB by depth and range; Cb and Cr around the middle, 1 being the whole way from the least to the
    greatest nominal value; opacity always over the full range.
    """
    row = spec.format
    if row.is_float:
        return 0.0, 1.0
    if letter == "a":
        return 0.0, row.peak
    black, white = spec.levels
    if letter in "uv" and row.model is Model.YUV:
        unit = 1 << (row.depth - 8 + row.shift)
        full = spec.colour.resolved(row.model, spec.height).range is Range.FULL
        return 128.0 * unit, row.peak if full else 224.0 * unit
    return black, white - black


def by_fields(spec: FrameSpec) -> bool:
    """Whether chroma that is halved downward belongs to pairs of rows of one field.

    So it is in interlaced frames: rows 0 and 2 share the first row of chroma, 1 and 3 the second. Frames whose height
    is no multiple of four have no such order and are taken as progressive. Within a field chroma counts as
    sited where the frame's tag says; the quarter of a row by which the fields differ there is not told apart.
    """
    return spec.interlaced and spec.height % 4 == 0
