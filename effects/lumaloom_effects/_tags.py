"""Names of colour tags, and what untagged frames count as."""

from __future__ import annotations

from lumaloom.effect import FrameSpec, Matrix, Model, Primaries, Transfer

PRIMARIES = {
    "bt709": Primaries.BT709,
    "bt470m": Primaries.BT470M,
    "bt470bg": Primaries.BT470BG,
    "smpte170m": Primaries.SMPTE170M,
    "smpte240m": Primaries.SMPTE240M,
    "film": Primaries.FILM,
    "bt2020": Primaries.BT2020,
    "smpte431": Primaries.SMPTE431,
    "smpte432": Primaries.SMPTE432,
    "ebu3213": Primaries.EBU3213,
}
TRANSFERS = {
    "bt709": Transfer.BT709,
    "gamma22": Transfer.GAMMA22,
    "gamma28": Transfer.GAMMA28,
    "smpte170m": Transfer.SMPTE170M,
    "smpte240m": Transfer.SMPTE240M,
    "linear": Transfer.LINEAR,
    "srgb": Transfer.SRGB,
    "bt2020": Transfer.BT2020_10,
    "pq": Transfer.PQ,
    "hlg": Transfer.HLG,
}
MATRICES = {
    "bt709": Matrix.BT709,
    "bt470bg": Matrix.BT470BG,
    "smpte170m": Matrix.SMPTE170M,
    "smpte240m": Matrix.SMPTE240M,
    "bt2020": Matrix.BT2020_NCL,
}


def primaries_of(spec: FrameSpec) -> str:
    """Return the name of a frame's primaries; untagged ones go by the matrix, as players read it."""
    names = {tag: name for name, tag in PRIMARIES.items()}
    if spec.colour.primaries in names:
        return names[spec.colour.primaries]
    matrix = spec.colour.resolved(spec.format.model, spec.height).matrix
    by_matrix = {Matrix.SMPTE170M: "smpte170m", Matrix.BT470BG: "bt470bg", Matrix.BT2020_NCL: "bt2020"}
    return by_matrix.get(matrix, "bt709")


def transfer_of(spec: FrameSpec) -> str:
    """Return the name of a frame's transfer; untagged RGB counts as sRGB, the rest as BT.709."""
    names = {tag: name for name, tag in TRANSFERS.items()} | {Transfer.BT2020_12: "bt2020"}
    return names.get(spec.colour.transfer, "srgb" if spec.format.model is Model.RGB else "bt709")
