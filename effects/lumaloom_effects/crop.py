"""Crop."""

from __future__ import annotations

from dataclasses import replace

from lumaloom.effect import Effect, Frame, FrameSpec, Kind, Param, ParameterError, PixelFormat


class Crop(Effect):
    """Cut a rectangle out of the picture, exact to the pixel and without copying.

    Where an offset falls between the chroma samples of a subsampled format, the picture is taken through one
    with chroma at every pixel of that direction.
    """

    name = "crop"
    kind = Kind.GEOMETRIC
    devices = ("cpu", "cuda")

    width: int = Param(0, min=0, unit="px", help="Width of the rectangle; 0 reaches to the right edge.")
    height: int = Param(0, min=0, unit="px", help="Height of the rectangle; 0 reaches to the bottom edge.")
    x: int = Param(-1, min=-1, unit="px", help="Left edge; -1 centres it.")
    y: int = Param(-1, min=-1, unit="px", help="Top edge; -1 centres it.")

    def accepts(self, fmt: PixelFormat) -> bool:
        return all(
            position < 0 or position % (1 << sub) == 0
            for position, sub in zip((self.x, self.y), fmt.subsampling, strict=True)
        )

    def rectangle(self, spec: FrameSpec) -> tuple[int, int, int, int]:
        """Return left, top, width and height in frames of `spec`."""
        left, width = self._side("x", "width", spec.width, spec.format.subsampling[0])
        top, height = self._side("y", "height", spec.height, spec.format.subsampling[1])
        return left, top, width, height

    def _side(self, start_name: str, length_name: str, available: int, sub: int) -> tuple[int, int]:
        start, length = self.values[start_name], self.values[length_name]
        length = length or available - max(start, 0)
        if start < 0:
            start = max(available - length, 0) // 2 >> sub << sub
        if length < 1 or start + length > available:
            raise ParameterError(
                f"crop: {start_name}={start} {length_name}={length} does not fit a picture of {available} pixels"
            )
        return start, length

    def output(self, spec: FrameSpec) -> FrameSpec:
        _, _, width, height = self.rectangle(spec)
        return replace(spec, width=width, height=height)

    def is_identity(self, spec: FrameSpec) -> bool:
        return self.rectangle(spec) == (0, 0, spec.width, spec.height)

    def view(self, src: Frame) -> Frame:
        left, top, width, height = self.rectangle(src.spec)
        planes = []
        for fmt, samples in src.items():
            rows, columns = fmt.shape(width, height)[:2]
            y, x = top >> fmt.sub_y, left >> fmt.sub_x
            planes.append(samples[y : y + rows, x : x + columns])
        return src.with_planes(tuple(planes), width=width, height=height)

    def render(self, src: Frame, out: Frame) -> None:
        for source, target in zip(self.view(src).planes, out.planes, strict=True):
            target[...] = source
