"""The contact sheet: one large picture split into before and after, rows of both, and every effect by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lumaloom.cli.demo import font
from lumaloom.cli.demo.paint import gradient
from lumaloom.cli.demo.pictures import Picture, fitted

_MARGIN, _INNER, _GAP = 32, 1280, 16
_GROUND, _TEXT, _SOFT, _ACCENT = (11, 11, 30), (240, 242, 255), (150, 158, 205), (255, 178, 122)
_LINE = ("#47f0d2", "#3fa7ff", "#7a5cff", "#ff5fd2", "#ff7a59", "#ffcf6b")
_LINE_HEIGHT = 26


@dataclass(frozen=True, slots=True)
class Pair:
    """A moment of the clip, before and after."""

    label: str
    before: Picture
    after: Picture


@dataclass(frozen=True, slots=True)
class SheetContents:
    """Everything on the sheet.

    Attributes:
        title: in large letters.
        facts: lines at the right of the title: what ran where and how fast.
        command: the command line that makes "after" from "before".
        hero: the moment that is shown large, split in the middle.
        pairs: moments that are shown small.
        gallery: effect calls and what each makes of the same frame.

    """

    title: str
    facts: Sequence[str]
    command: str
    hero: Pair
    pairs: Sequence[Pair]
    gallery: Sequence[tuple[str, Picture]]


def draw_sheet(contents: SheetContents) -> Picture:
    """Return the sheet as an `(H, 1344, 3)` picture."""
    columns, third = len(contents.pairs), (_INNER - 2 * _GAP) // 3
    width = (_INNER - (columns - 1) * _GAP) // columns
    before = [(pair.label, fitted(pair.before, width, width)) for pair in contents.pairs]
    after = [("", fitted(pair.after, width, width)) for pair in contents.pairs]
    box = third, round(third * contents.hero.before.shape[0] / contents.hero.before.shape[1])
    gallery = [(call, fitted(picture, *box)) for call, picture in contents.gallery]
    parts = [
        _header(contents),
        _split(contents.hero),
        _caption(contents.command, _ACCENT),
        _row("before", before, width),
        _row("after", after, width),
        *(
            _row("each effect by itself" if start == 0 else "", gallery[start : start + 3], third, box[1])
            for start in range(0, len(gallery), 3)
        ),
    ]
    height = sum(part.shape[0] for part in parts) + _GAP * (len(parts) - 1) + 2 * _MARGIN
    sheet = _blank(_INNER + 2 * _MARGIN, height)
    top = _MARGIN
    for part in parts:
        sheet[top : top + part.shape[0], _MARGIN : _MARGIN + part.shape[1]] = part
        top += part.shape[0] + _GAP
    return sheet


def _blank(width: int, height: int) -> Picture:
    picture = np.empty((height, width, 3), np.uint8)
    picture[...] = _GROUND
    return picture


def _header(contents: SheetContents) -> Picture:
    area = _blank(_INNER, 82)
    font.draw(area, contents.title, 0, 4, _TEXT, 7)
    for number, fact in enumerate(contents.facts):
        font.draw(area, fact, _INNER - font.text_width(fact, 2), 4 + number * _LINE_HEIGHT, _SOFT, 2)
    area[-4:] = np.rint(gradient(_LINE, _INNER) * 255).astype(np.uint8)
    return area


def _caption(text: str, colour: tuple[int, int, int]) -> Picture:
    area = _blank(_INNER, 22)
    font.draw(area, text, 0, 2, colour, 2)
    return area


def _split(pair: Pair) -> Picture:
    """Return one picture, the left half from before, the right half from after."""
    middle = pair.before.shape[1] // 2
    area = pair.before.copy()
    area[:, middle:] = pair.after[:, middle:]
    area[:, middle - 1 : middle + 1] = _TEXT
    for text, left in (("before", middle - 24 - font.text_width("before", 3)), ("after", middle + 24)):
        chip = area[28 : 28 + 43, left - 12 : left + font.text_width(text, 3) + 12]
        chip[...] = chip // 4
        font.draw(area, text, left, 37, _TEXT, 3)
    return area


def _row(title: str, cells: Sequence[tuple[str, Picture]], width: int, height: int = 0) -> Picture:
    """Return pictures side by side, each with its label under it, below a title."""
    height = height or max(picture.shape[0] for _, picture in cells)
    head = _LINE_HEIGHT + 4 if title else 0
    labelled = any(label for label, _ in cells)
    area = _blank(_INNER, head + height + (_LINE_HEIGHT if labelled else 0))
    font.draw(area, title, 0, 4, _TEXT, 2)
    for number, (label, picture) in enumerate(cells):
        rows, columns = picture.shape[:2]
        left, top = number * (width + _GAP) + (width - columns) // 2, head + (height - rows) // 2
        area[top : top + rows, left : left + columns] = picture
        font.draw(area, label, number * (width + _GAP), head + height + 8, _SOFT, 2)
    return area
