"""Command line: ``python -m benchmarks kernels``, and more that ``--help`` lists."""

import argparse
from pathlib import Path

from benchmarks import harness
from lumaloom import bench


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=harness.__doc__)
    suites = parser.add_subparsers(dest="suite", required=True)
    suite = suites.add_parser("kernels", help="each kernel beside the libraries that do the same")
    suite.add_argument("--only", nargs="+", metavar="NAME", default=[], help="kernels to measure; all without it")
    suite.add_argument("--peers", nargs="+", metavar="NAME", default=[], help="libraries or peers; all without it")
    suite.add_argument("--images", nargs="+", choices=list(bench.KINDS), default=[])
    suite.add_argument("--sizes", nargs="+", choices=list(bench.SIZES), default=[])
    suite.add_argument("--threads", nargs="+", type=int, default=[])
    suite.add_argument("--seconds", type=float, default=0.15, help="time for each case, at least")
    suite.add_argument("--json", type=Path, help="write the results here")
    suite = suites.add_parser("chains", help="whole renders beside the ffmpeg command")
    suite.add_argument("clip", type=Path)
    suite.add_argument("--loops", type=int, default=6, help="how often the clip is repeated, without re-encoding")
    suite.add_argument("--threads", type=int, default=2)
    suite.add_argument("--json", type=Path, help="write the results here")
    suite = suites.add_parser("compile", help="what the first calls of kernels cost, without and with a cache on disk")
    suite.add_argument("--only", nargs="+", metavar="NAME", default=[], help="kernels to measure; all without it")
    suite.add_argument("--json", type=Path, help="write the results here")
    suite = suites.add_parser("chart", help="draw the figures of kernels")
    suite.add_argument("figures", type=Path, help="what kernels --json wrote")
    suite.add_argument("target", type=Path, help="an SVG file")
    suite = suites.add_parser("pointwise", help="runs of colour effects beside FFmpeg's and OpenCV's")
    suite.add_argument("--seconds", type=float, default=20, help="time for all contenders together")
    suite.add_argument("--json", type=Path, help="write the results here")
    suite = suites.add_parser("overhead", help="what events, settings, wiring and telemetry cost a render")
    suite.add_argument("--frames", type=int, default=240, help="of 1080p, each render")
    suite.add_argument("--pairs", type=int, default=15, help="renders of each kind, 6 at least")
    suite.add_argument("--threads", type=int, default=2)
    suite.add_argument("--json", type=Path, help="write the results here")
    suite = suites.add_parser("health", help="how soon /livez answers while a render loads every core")
    suite.add_argument("--frames", type=int, default=1500, help="of 1080p")
    suite.add_argument("--threads", type=int, default=2)
    suite.add_argument("--json", type=Path, help="write the results here")
    suite = suites.add_parser("pools", help="shares of the cores beside all cores for every library")
    suite.add_argument("--frames", type=int, default=40, help="of 1080p, in each scene")
    suite.add_argument("--only", nargs="+", metavar="SCENE", default=[], help="scenes to run; all without it")
    suite.add_argument("--json", type=Path, help="write the results here")
    options = parser.parse_args()
    if options.suite == "pools":
        from benchmarks import pools

        for name in set(options.only) - set(pools.SCENES):
            parser.error(f"--only {name}: there is no such scene; there are {'; '.join(pools.SCENES)}")
        pools.run(options.frames, options.only, options.json)
        return
    if options.suite == "overhead":
        from benchmarks import overhead

        if options.pairs < 6:
            parser.error(f"--pairs {options.pairs}: fewer than 6 have no interval; give 6 or more, as 15")
        overhead.run(options.frames, options.threads, options.pairs, options.json)
        return
    if options.suite == "health":
        from benchmarks import health

        health.run(options.frames, options.threads, options.json)
        return
    if options.suite == "chains":
        from benchmarks import chains

        chains.run(options.clip, options.loops, options.threads, options.json)
        return
    if options.suite == "pointwise":
        from benchmarks import pointwise

        pointwise.run(options.seconds, options.json)
        return
    if options.suite == "chart":
        from benchmarks import chart

        chart.run(options.figures, options.target)
        return
    if options.suite == "compile":
        from benchmarks import compiling

        compiling.run(options.only, options.json)
        return
    from benchmarks import kernels

    for name in set(options.only) - set(bench.kernel_names()):
        parser.error(f"--only {name}: there is no such kernel; there are {', '.join(bench.kernel_names())}")
    known = set(kernels.LIBRARIES) | {peer for offered in kernels.PEERS.values() for peer in offered}
    for name in set(options.peers) - known:
        parser.error(f"--peers {name}: there is no such peer; there are {', '.join(sorted(known))}")
    parts = bench.chosen(options.sizes, options.threads, options.images)
    kernels.run(options.only, options.peers, parts, options.seconds, options.json)


main()
