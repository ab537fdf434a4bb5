"""A small bitmap font: 5 columns, 7 rows above the baseline and 2 below it."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Image = NDArray[Any]

ROWS, COLUMNS, ADVANCE = 9, 5, 6

# A character, then its rows from the top as hexadecimal numbers of five bits, the highest at the left.
_GLYPHS = """
A 0E 11 11 1F 11 11 11|B 1E 11 11 1E 11 11 1E|C 0E 11 10 10 10 11 0E|D 1E 11 11 11 11 11 1E|E 1F 10 10 1E 10 10 1F
F 1F 10 10 1E 10 10 10|G 0E 11 10 17 11 11 0F|H 11 11 11 1F 11 11 11|I 0E 04 04 04 04 04 0E|J 07 02 02 02 02 12 0C
K 11 12 14 18 14 12 11|L 10 10 10 10 10 10 1F|M 11 1B 15 15 11 11 11|N 11 19 15 13 11 11 11|O 0E 11 11 11 11 11 0E
P 1E 11 11 1E 10 10 10|Q 0E 11 11 11 15 12 0D|R 1E 11 11 1E 14 12 11|S 0F 10 10 0E 01 01 1E|T 1F 04 04 04 04 04 04
U 11 11 11 11 11 11 0E|V 11 11 11 11 11 0A 04|W 11 11 11 15 15 1B 11|X 11 11 0A 04 0A 11 11|Y 11 11 0A 04 04 04 04
Z 1F 01 02 04 08 10 1F|0 0E 11 13 15 19 11 0E|1 04 0C 04 04 04 04 0E|2 0E 11 01 06 08 10 1F|3 1F 02 04 02 01 11 0E
4 02 06 0A 12 1F 02 02|5 1F 10 1E 01 01 11 0E|6 06 08 10 1E 11 11 0E|7 1F 01 02 04 08 08 08|8 0E 11 11 0E 11 11 0E
9 0E 11 11 0F 01 02 0C|a 00 00 0E 01 0F 11 0F|b 10 10 16 19 11 11 1E|c 00 00 0E 11 10 11 0E|d 01 01 0D 13 11 11 0F
e 00 00 0E 11 1F 10 0E|f 06 09 08 1C 08 08 08|g 00 00 0F 11 11 11 0F 01 0E|h 10 10 16 19 11 11 11
i 04 00 0C 04 04 04 0E|j 02 00 06 02 02 02 02 12 0C|k 10 10 12 14 18 14 12|l 0C 04 04 04 04 04 0E
m 00 00 1A 15 15 15 15|n 00 00 16 19 11 11 11|o 00 00 0E 11 11 11 0E|p 00 00 1E 11 11 11 1E 10 10
q 00 00 0F 11 11 11 0F 01 01|r 00 00 16 19 10 10 10|s 00 00 0F 10 0E 01 1E|t 08 08 1C 08 08 09 06
u 00 00 11 11 11 13 0D|v 00 00 11 11 11 0A 04|w 00 00 11 11 15 15 0A|x 00 00 11 0A 04 0A 11
y 00 00 11 11 11 11 0F 01 0E|z 00 00 1F 02 04 08 1F|. 00 00 00 00 00 0C 0C|, 00 00 00 00 00 0C 0C 04 08
: 00 0C 0C 00 0C 0C 00|; 00 0C 0C 00 0C 0C 04 08|- 00 00 00 1F 00 00 00|+ 00 04 04 1F 04 04 00|= 00 00 1F 00 1F 00 00
/ 01 01 02 04 08 10 10|% 18 19 02 04 08 13 03|( 02 04 08 08 08 04 02|) 08 04 02 02 02 04 08|_ 00 00 00 00 00 00 1F
! 04 04 04 04 04 00 04|? 0E 11 01 02 04 00 04|< 02 04 08 10 08 04 02|> 08 04 02 01 02 04 08|# 0A 0A 1F 0A 1F 0A 0A
* 00 04 15 0E 15 04 00|& 0C 12 14 08 15 12 0D|@ 0E 11 17 15 17 10 0E|' 04 04 08 00 00 00 00|[ 0E 08 08 08 08 08 0E
] 0E 02 02 02 02 02 0E|" 0A 0A 0A 00 00 00 00
"""
_BITS = {
    entry[0]: [int(row, 16) for row in entry[2:].split()]
    for line in _GLYPHS.strip().split("\n")
    for entry in line.split("|")
}
_UNKNOWN = [0x1F, 0x11, 0x11, 0x11, 0x11, 0x11, 0x1F]


@lru_cache(maxsize=256)
def mask(text: str, scale: int = 1) -> NDArray[np.bool_]:
    """Return text as a boolean picture of `9 * scale` rows; unknown characters show as a box."""
    result = np.zeros((ROWS, max(ADVANCE * len(text) - 1, 0)), bool)
    for place, char in enumerate(text):
        rows = [] if char == " " else _BITS.get(char, _UNKNOWN)
        for y, bits in enumerate(rows):
            for x in range(COLUMNS):
                result[y, place * ADVANCE + x] = bits >> (COLUMNS - 1 - x) & 1
    return result.repeat(scale, axis=0).repeat(scale, axis=1)


def text_width(text: str, scale: int = 1) -> int:
    """Columns that `text` takes."""
    return max(ADVANCE * len(text) - 1, 0) * scale


def draw(image: Image, text: str, x: int, y: int, colour: tuple[float, float, float], scale: int = 1) -> None:
    """Write text into an `(H, W, 3)` picture, its top left corner at `x`, `y`; what does not fit is cut off."""
    area = image[y : y + ROWS * scale, x : x + text_width(text, scale)]
    area[mask(text, scale)[: area.shape[0], : area.shape[1]]] = colour
