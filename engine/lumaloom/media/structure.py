"""Finds files that end before the end that their own structure declares, without decoding anything."""

from __future__ import annotations

import os
from typing import BinaryIO

from lumaloom.media.exr import is_cut_exr
from lumaloom.media.jpeg import is_cut_jpeg

_EBML, _SEGMENT = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67"
# Kinds of box at the top level of an ISO base media file; anything else there is no box, so nothing can be said.
_BOXES = frozenset(
    (
        *(b"ftyp", b"styp", b"moov", b"mdat", b"free", b"skip", b"wide", b"moof", b"mfra", b"sidx", b"ssix"),
        *(b"emsg", b"prft", b"uuid", b"meta", b"udta", b"pnot", b"PICT", b"pdin", b"meco", b"junk"),
    )
)
_CLUSTER = b"\x1f\x43\xb6\x75"
# What a segment and a cluster may hold, in the order of the Matroska specification (RFC 9559).
_ELEMENTS = frozenset(
    (
        *(_SEGMENT, _CLUSTER, b"\x11\x4d\x9b\x74", b"\x15\x49\xa9\x66", b"\x16\x54\xae\x6b", b"\x1c\x53\xbb\x6b"),
        *(b"\x19\x41\xa4\x69", b"\x10\x43\xa7\x70", b"\x12\x54\xc3\x67", b"\xec", b"\xbf"),
        *(b"\xe7", b"\xa7", b"\xab", b"\xa3", b"\xa0", b"\xaf", b"\x58\x54"),
    )
)


def is_cut_off(path: str | os.PathLike[str], format_name: str) -> bool:
    """Whether a file is shorter than it declares. False where its format, FFmpeg's name for it, declares nothing.

    Boxes of MP4 and MOV, the segment of Matroska and WebM, the chunks of AVI and the blocks of GIF are walked; their
    contents are skipped. The place of the last chunk of OpenEXR is looked up.
    """
    walk = next((check for names, check in _CHECKS if format_name.split(",")[0] in names), None)
    if walk is None:
        return False
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        return walk(file, size)


def is_cut_picture(data: bytes, codec: str) -> bool:
    """Whether a file with one picture ends too early in a way that FFmpeg's decoder does not tell."""
    check = _PICTURES.get(codec)
    return check is not None and check(data)


def has_broken_blocks(path: str | os.PathLike[str]) -> bool:
    """Whether a Matroska file holds anything between its blocks that is no element.

    FFmpeg skips such places, and the blocks in them, without a word. Reads the head of every block.
    """
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        header = _element(file, 0)
        position = header[1] + header[2] if header and header[2] is not None else size
        while position < size:
            element = _element(file, position)
            if element is None or element[0] not in _ELEMENTS:
                return True
            kind, data, length = element
            inside = kind in (_SEGMENT, _CLUSTER)
            if not inside and length is None:
                return True
            position = data if inside else data + (length or 0)
    return False


def _boxes(file: BinaryIO, size: int) -> bool:
    """Walk the top-level boxes: 32-bit size, kind, perhaps a 64-bit size."""
    position = 0
    while position + 8 <= size:
        file.seek(position)
        head = file.read(16)
        length, kind = int.from_bytes(head[:4], "big"), head[4:8]
        if kind not in _BOXES:
            return False
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        elif length == 0:
            return False
        if length < 8:
            return False
        position += length
    return position > size


def _segment(file: BinaryIO, size: int) -> bool:
    """Compare the end that the EBML segment declares; live recordings leave it open."""
    header = _element(file, 0)
    if header is None or header[0] != _EBML or header[2] is None:
        return False
    segment = _element(file, header[1] + header[2])
    if segment is None or segment[0] != _SEGMENT or segment[2] is None:
        return False
    return segment[1] + segment[2] > size


def _element(file: BinaryIO, position: int) -> tuple[bytes, int, int | None] | None:
    """Read an EBML element's id, the position of its data and its size, None where that is unknown."""
    file.seek(position)
    head = file.read(12)
    if len(head) < 5 or head[0] < 0x10:
        return None
    id_length = 9 - head[0].bit_length()
    first = head[id_length] if id_length < len(head) else 0
    if first == 0:
        return None
    length = 9 - first.bit_length()
    mask = (1 << (7 * length)) - 1
    size = int.from_bytes(head[id_length : id_length + length], "big") & mask
    return head[:id_length], position + id_length + length, None if size == mask else size


def _riff(file: BinaryIO, size: int) -> bool:
    """Walk the RIFF chunks: an AVI above 1 GB has several."""
    position = 0
    while position + 8 <= size:
        file.seek(position)
        head = file.read(8)
        length = int.from_bytes(head[4:], "little")
        if head[:4] != b"RIFF" or length == 0 or length >= 0xFFFFFF00:
            return False
        position += 8 + length + length % 2
    return position > size + 1


def _gif(file: BinaryIO, size: int) -> bool:
    """Walk the blocks of a GIF: it is cut off where the file ends inside one."""
    file.seek(0)
    head = file.read(13)
    if len(head) < 13:
        return True
    file.seek(3 << ((head[10] & 7) + 1) if head[10] & 0x80 else 0, os.SEEK_CUR)
    while kind := file.read(1):
        if kind == b";":
            return False
        if kind == b",":
            flags = file.read(9)
            if len(flags) < 9:
                return True
            file.seek((3 << ((flags[8] & 7) + 1) if flags[8] & 0x80 else 0) + 1, os.SEEK_CUR)
        elif kind == b"!":
            file.seek(1, os.SEEK_CUR)
        else:
            return False
        while length := file.read(1):
            if length == b"\0":
                break
            file.seek(length[0], os.SEEK_CUR)
        else:
            return True
    return file.tell() > size


def _exr(file: BinaryIO, size: int) -> bool:
    file.seek(0)
    return is_cut_exr(file.read())


_CHECKS = (
    (("mov",), _boxes),
    (("matroska",), _segment),
    (("avi",), _riff),
    (("gif",), _gif),
    (("exr_pipe",), _exr),
)
# By the name of the codec.
_PICTURES = {"exr": is_cut_exr, "mjpeg": is_cut_jpeg}
