"""Command line: ``python -m benchmarks kernels``."""

import argparse
from pathlib import Path

from benchmarks import kernels


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    suites = parser.add_subparsers(dest="suite", required=True)
    suite = suites.add_parser("kernels", help="each kernel beside the libraries that do the same")
    suite.add_argument("--only", nargs="+", metavar="NAME", help="kernels to measure; all without it")
    suite.add_argument("--images", nargs="+", choices=sorted(kernels.IMAGES), default=list(kernels.IMAGES))
    suite.add_argument("--threads", type=int, default=1)
    suite.add_argument("--seconds", type=float, default=0.5, help="time for each case, at least")
    suite.add_argument("--json", type=Path, help="write the results here")
    options = parser.parse_args()
    kernels.run(options.only, options.images, options.threads, options.seconds, options.json)


main()
