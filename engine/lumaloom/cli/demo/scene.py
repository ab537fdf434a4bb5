"""The demo's picture: threads of light over a moving floor, with spheres in orbit, a test chart and a counter.

Everything is drawn in linear steps of a float32 RGB picture from 0 to 1. What does not move is drawn once.
"""

from __future__ import annotations

import math

import numpy as np

from lumaloom.cli.demo import chart, font, spheres, threads
from lumaloom.cli.demo.paint import Image, gradient, hex_colour, smooth
from lumaloom.cli.demo.pictures import Picture

WIDTH, HEIGHT, RATE, SECONDS = 1280, 720, 30, 4
FRAMES = RATE * SECONDS
HORIZON = 430

_SKY = ("#070a1f", "#141245", "#3b1866", "#8a2373", "#e0566b", "#ffb27a")
_FLOOR = ("#3a1450", "#150b33", "#090720", "#05051a")
_WHITE = (0.96, 0.97, 1.0)
_SOFT = (0.62, 0.66, 0.86)


class Scene:
    """Draws frames by number; the same number gives the same frame. Safe to use from several threads."""

    def __init__(self) -> None:
        self._sky = self._still_sky()
        self._floor = gradient(_FLOOR, HEIGHT - HORIZON)[:, None, :].repeat(WIDTH, axis=1)
        depth = (np.arange(HEIGHT - HORIZON, dtype=np.float32) + 1.5)[:, None]
        across = (np.arange(WIDTH, dtype=np.float32) - WIDTH / 2)[None, :]
        # Perspective: a floor one unit below the eye; u runs across, v away from the eye.
        self._u, self._v = across / depth, 260.0 / depth[:, 0]
        self._fog = smooth(depth[:, 0] / 110)
        # How fast u changes over a pixel in its steepest direction: lines keep their width however they run.
        slope = np.hypot(1 / depth, self._u / depth)
        self._lanes = _line(self._u * 1.15, slope * 1.15) * self._fog[:, None]
        noise = np.random.default_rng(7)
        self._grain = noise.normal(0, 0.016, (HEIGHT + 64, WIDTH + 64)).astype(np.float32)

    def _still_sky(self) -> Image:
        sky = gradient(_SKY, HORIZON)[:, None, :].repeat(WIDTH, axis=1)
        y, x = np.mgrid[0:HORIZON, 0:WIDTH].astype(np.float32)
        glow = np.exp(-(((x - WIDTH / 2) / 420) ** 2) - ((y - HORIZON) / 120) ** 2)
        sky += glow[..., None] * np.array([0.42, 0.20, 0.10], np.float32)
        stars = np.random.default_rng(3)
        for _ in range(150):
            row, column = int(stars.integers(0, 250)), int(stars.integers(0, WIDTH))
            sky[row, column] += stars.uniform(0.15, 0.7)
        return sky.astype(np.float32)

    def draw(self, number: int) -> Picture:
        """Return frame `number` as `(720, 1280, 3)` RGB."""
        phase = number / FRAMES
        image = np.empty((HEIGHT, WIDTH, 3), np.float32)
        image[:HORIZON] = self._sky
        threads.add(image[:HORIZON], phase)
        self._draw_floor(image[HORIZON:], phase)
        spheres.add(image, phase, HORIZON)
        chart.add(image, 40, HEIGHT - 40 - chart.HEIGHT, phase)
        self._draw_texts(image, number)
        return self._finish(image, number)

    def _draw_floor(self, floor: Image, phase: float) -> None:
        step = np.gradient(self._v)
        rows = _line(self._v * 0.9 - phase * 8, np.abs(step) * 0.9) * self._fog
        lines = np.maximum(self._lanes, rows[:, None])
        floor[...] = self._floor
        floor += lines[..., None] * np.array([0.85, 0.25, 0.75], np.float32)
        near = np.exp(-np.arange(floor.shape[0], dtype=np.float32) / 26)[:, None, None]
        floor += near * np.array([0.75, 0.30, 0.32], np.float32)

    def _draw_texts(self, image: Image, number: int) -> None:
        font.draw(image, "LUMALOOM", 40, 36, _WHITE, 7)
        font.draw(image, "light, woven frame by frame", 42, 108, _SOFT, 2)
        counter = f"{number:04d}"
        right = WIDTH - 40
        font.draw(image, counter, right - font.text_width(counter, 7), 36, _WHITE, 7)
        clock = f"frame at {number / RATE:06.3f} s"
        font.draw(image, clock, right - font.text_width(clock, 2), 108, _SOFT, 2)
        bar = image[100:102, right - 168 : right]
        bar *= 0.4
        bar[:, : max(1, round(168 * (number + 1) / FRAMES))] = hex_colour("#ffb27a")

    def _finish(self, image: Image, number: int) -> Picture:
        place = np.random.default_rng(number)
        y, x = place.integers(0, 64, 2)
        image += self._grain[y : y + HEIGHT, x : x + WIDTH, None]
        np.clip(image, 0, 1, out=image)
        image *= 255
        image += 0.5
        return image.astype(np.uint8)


def _line(position: Image, width: Image) -> Image:
    """Return the brightness of lines at every whole `position`, one `width` to each side, smoothed at its edges."""
    distance = np.abs(position - np.round(position))
    # Where lines come closer than a pixel they fade to their mean instead of flickering.
    lit = np.clip(1.6 - distance / np.maximum(width, 1e-6), 0, 1)
    merged = np.clip(width * 2.2, 0, 1)
    return np.asarray(lit * (1 - merged) + merged * 0.35, np.float32)


def tone(start: int, count: int, rate: int) -> Image:
    """Return `count` stereo samples, `(2, count)`, of soft plucked notes from sample `start` on."""
    t = (np.arange(start, start + count, dtype=np.float64)) / rate
    notes = (220.0, 277.18, 329.63, 415.30, 440.0, 554.37, 659.26, 440.0)
    left, right = np.zeros(count), np.zeros(count)
    for index in range(SECONDS * 4):
        since = t - index / 4
        played = since >= 0
        pitch = notes[index % len(notes)]
        wave = np.exp(-np.maximum(since, 0) * 5) * played * np.sin(2 * math.pi * pitch * since)
        wave += 0.3 * np.exp(-np.maximum(since, 0) * 9) * played * np.sin(4 * math.pi * pitch * since)
        side = 0.5 + 0.4 * math.sin(index)
        left += wave * (1 - side)
        right += wave * side
    ending = np.clip((SECONDS - t) * 4, 0, 1)
    return np.asarray(np.stack([left, right]) * ending * 0.35, np.float32)
