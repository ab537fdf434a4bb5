"""Command line: ``python -m benchmarks kernels``, ``... chains CLIP`` and ``... pointwise``."""

import argparse
from pathlib import Path

from benchmarks import chains, kernels, pointwise


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    suites = parser.add_subparsers(dest="suite", required=True)
    suite = suites.add_parser("kernels", help="each kernel beside the libraries that do the same")
    suite.add_argument("--only", nargs="+", metavar="NAME", help="kernels to measure; all without it")
    suite.add_argument("--images", nargs="+", choices=sorted(kernels.IMAGES), default=list(kernels.IMAGES))
    suite.add_argument("--threads", type=int, default=1)
    suite.add_argument("--seconds", type=float, default=0.5, help="time for each case, at least")
    suite.add_argument("--json", type=Path, help="write the results here")
    suite = suites.add_parser("chains", help="whole renders beside the ffmpeg command")
    suite.add_argument("clip", type=Path)
    suite.add_argument("--loops", type=int, default=6, help="how often the clip is repeated, without re-encoding")
    suite.add_argument("--threads", type=int, default=2)
    suite.add_argument("--json", type=Path, help="write the results here")
    suite = suites.add_parser("pointwise", help="runs of colour effects beside FFmpeg's and OpenCV's")
    suite.add_argument("--seconds", type=float, default=20, help="time for all contenders together")
    suite.add_argument("--json", type=Path, help="write the results here")
    options = parser.parse_args()
    if options.suite == "pointwise":
        pointwise.run(options.seconds, options.json)
        return
    if options.suite == "chains":
        chains.run(options.clip, options.loops, options.threads, options.json)
        return
    kernels.run(options.only, options.images, options.threads, options.seconds, options.json)


main()
