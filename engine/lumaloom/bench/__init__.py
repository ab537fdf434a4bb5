"""How fast the kernels are here: images, a plan, and timing that takes turns. Beside other libraries: `benchmarks/`."""

from lumaloom.bench.arguments import ARGUMENTS, Made, one_image
from lumaloom.bench.images import KINDS, SIZES, image, top
from lumaloom.bench.plan import PLAN, Part, Work, chosen, kernel_names, works
from lumaloom.bench.timing import First, Timing, first_calls, floor, interleaved

__all__ = [
    "ARGUMENTS",
    "KINDS",
    "PLAN",
    "SIZES",
    "First",
    "Made",
    "Part",
    "Timing",
    "Work",
    "chosen",
    "first_calls",
    "floor",
    "image",
    "interleaved",
    "kernel_names",
    "one_image",
    "top",
    "works",
]
