"""`lumaloom effects NAME --preview out.png`: a test picture before and after an effect."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from lumaloom.cli.demo import font
from lumaloom.cli.demo.paint import gradient, hex_colour
from lumaloom.cli.demo.pictures import Picture, fitted, write_png
from lumaloom.cli.demo.scene import HEIGHT, WIDTH, Scene
from lumaloom.effect import Effect
from lumaloom.errors import UsageError
from lumaloom.frame import FORMATS, Frame, FrameSpec, Timing
from lumaloom.graph import make_plan
from lumaloom.memory import default_pool
from lumaloom.run import Here, Meter, OtherClips, run_plan

_SPEC = FrameSpec(FORMATS["rgb24"], WIDTH, HEIGHT)
# The moment shown: fades and keyframes are under way half a second after the start.
_NUMBER, _TIMING = 90, Timing(15, Fraction(1, 30), 1)
# Skin, foliage, sky, the greens and blues of studio screens, and the corners of the RGB cube.
_PATCHES = (
    *("#f0c8a8", "#c68863", "#7a4a30", "#4a6b2a", "#5b8fc9", "#00b140", "#00ff00", "#0047bb"),
    *("#ff0000", "#ffff00", "#00ffff", "#0000ff", "#ff00ff", "#ffffff", "#808080", "#000000"),
)
_STRIP, _RAMP = 56, 28
_BOX, _MARGIN, _LABEL = (800, 450), 24, 40
_GROUND, _TEXT, _SOFT = (11, 11, 30), (240, 242, 255), (150, 158, 205)
_SQUARE = 20


def write_preview(path: Path, effect: Effect, *, overwrite: bool) -> str:
    """Write a PNG with the test picture before and after an effect; return the call that was shown.

    Raises:
        UsageError: the name does not end with .png.
        OutputError: the file is there and `overwrite` is off, or it can't be written.

    """
    if path.suffix.lower() != ".png":
        raise UsageError(f"{path}: a preview is a PNG picture; give a name that ends with .png")
    write_png(path, draw_preview(effect), overwrite=overwrite)
    return repr(effect)


def first_that_shows(effects: Iterable[Effect]) -> Effect:
    """Return the first of some effects that changes the test picture, else the last."""
    for effect in effects:
        shown = effect
        if make_plan(_SPEC, [effect]).steps:
            break
    return shown


def make_sample(path: Path) -> Path:
    """Write a file for effects that need one: a see-through picture of rings, or a look that warms lights."""
    if path.suffix == ".cube":
        steps = (0.0, 1.0)
        lines = [f"{0.05 + 0.95 * r:g} {0.9 * g:g} {0.15 + 0.55 * b:g}" for b in steps for g in steps for r in steps]
        path.write_text("LUT_3D_SIZE 2\n" + "\n".join(lines) + "\n")
        return path
    y, x = np.ogrid[-9 / 16 : 9 / 16 : 360j, -1:1:640j]
    rings = np.cos(24 * np.hypot(x, y)) / 2 + 0.5
    colours = np.stack([255 * (1 - x + 0 * y) / 2, 90 + 90 * rings, 255 * (1 + x + 0 * y) / 2], axis=2)
    write_png(path, np.dstack([colours, 255 * rings]).astype(np.uint8))
    return path


def draw_preview(effect: Effect) -> Picture:
    """Return `(538, 1672, 3)`: before at the left, after at the right, what was called below."""
    before = picture()
    after = rendered(effect, before)
    if np.array_equal(before, after):  # it may be about what is see-through
        before = with_hole(before)
        before, after = on_board(before), rendered(effect, before)
    width, height = _BOX
    sheet = np.empty((height + 2 * _MARGIN + _LABEL, 2 * width + 3 * _MARGIN, 3), np.uint8)
    sheet[...] = _GROUND
    for number, (image, label) in enumerate(((before, "before"), (after, repr(effect)))):
        small = fitted(image, width, height)
        left = _MARGIN + number * (width + _MARGIN)
        y, x = _MARGIN + (height - small.shape[0]) // 2, left + (width - small.shape[1]) // 2
        sheet[y : y + small.shape[0], x : x + small.shape[1]] = small
        scale = 2 if font.text_width(label, 2) <= width else 1
        colour = _TEXT if number else _SOFT
        room = width // (font.ADVANCE * scale)
        font.draw(sheet, label if len(label) <= room else label[: room - 3] + "...", left, height + 40, colour, scale)
    return sheet


def picture() -> Picture:
    """Return the test picture, `(720, 1280, 3)`: the demo's scene over a gray ramp and patches of colour."""
    image = Scene().draw(_NUMBER)
    ramp = gradient(("#000000", "#ffffff"), WIDTH)
    image[HEIGHT - _STRIP - _RAMP : HEIGHT - _STRIP] = np.rint(ramp * 255).astype(np.uint8)
    patches = np.stack([hex_colour(colour) for colour in _PATCHES]).repeat(WIDTH // len(_PATCHES), axis=0)
    image[HEIGHT - _STRIP :] = np.rint(patches * 255).astype(np.uint8)
    return image


def with_hole(image: Picture) -> Picture:
    """Return a picture, `(H, W, 4)`, that is see-through in the middle."""
    y, x = np.ogrid[-9 / 16 : 9 / 16 : HEIGHT * 1j, -1 : 1 : WIDTH * 1j]
    opacity = np.clip((np.hypot(x, y) - 0.3) / 0.15, 0, 1) * 255
    return np.dstack([image, opacity.astype(np.uint8)])


def rendered(effect: Effect, image: Picture) -> Picture:
    """Return a picture after an effect; where it is see-through there is a chequerboard behind."""
    spec = _SPEC if image.shape[2] == 3 else replace(_SPEC, format=FORMATS["rgba"])
    source, plan = [Frame(spec, (image,), _TIMING)], make_plan(spec, [effect])
    with OtherClips(1) as others:
        path = run_plan(plan, source, pool=default_pool(), workers=Here(), limit=1, meter=Meter(), others=others)
        (frame,) = path
    assert isinstance(frame, Frame)
    out = frame.to_rgb()
    samples = out.to_numpy() if out.format.depth == 8 else (out.to_numpy() >> 8).astype(np.uint8)
    return samples if samples.shape[2] == 3 else on_board(samples)


def on_board(samples: Picture) -> Picture:
    """Return a picture, `(H, W, 4)`, over a chequerboard."""
    y, x = np.ogrid[: samples.shape[0], : samples.shape[1]]
    board = np.where((y // _SQUARE + x // _SQUARE) % 2, 200.0, 120.0)[..., None]
    opacity = samples[..., 3:] / 255
    return np.asarray(np.rint(board + opacity * (samples[..., :3] - board)), np.uint8)
