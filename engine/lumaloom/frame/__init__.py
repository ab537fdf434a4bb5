"""Frames: pixel formats, colour tags, planes, and the bridge to PyAV's frames."""

from lumaloom.frame.colour import ChromaLocation, Colour, Matrix, Primaries, Range, Transfer
from lumaloom.frame.formats import FORMATS, Model, PixelFormat, PlaneFormat, pixel_format
from lumaloom.frame.frame import Frame, Pool
from lumaloom.frame.layout import Array
from lumaloom.frame.spec import FrameSpec, Timing

__all__ = [
    "FORMATS",
    "Array",
    "ChromaLocation",
    "Colour",
    "Frame",
    "FrameSpec",
    "Matrix",
    "Model",
    "PixelFormat",
    "PlaneFormat",
    "Pool",
    "Primaries",
    "Range",
    "Timing",
    "Transfer",
    "pixel_format",
]
