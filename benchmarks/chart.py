"""A chart of `kernels` figures as SVG: per kernel, how the fastest peer's time compares with ours."""

import json
import math
from html import escape
from pathlib import Path
from typing import Any

from benchmarks.report import geometric_mean

WIDTH, NAMES, RIGHT, TOP, LINE = 860, 150, 64, 92, 22
# Colours that read on white and on black; text takes the colour of the page it is on.
STYLE = """
  text { font: 13px system-ui, "Segoe UI", Helvetica, Arial, sans-serif; fill: #24292f }
  .title { font-size: 17px; font-weight: 600 } .small { font-size: 11px; fill: #59636e } .end { text-anchor: end }
  .middle { text-anchor: middle } .grid { stroke: #8c959f; stroke-opacity: .3 } .even { stroke: #59636e }
  .won { fill: #2da44e } .lost { fill: #d1442f } .case { fill-opacity: .8 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .small { fill: #9198a1 } .even { stroke: #9198a1 }
    .won { fill: #3fb950 } .lost { fill: #f0604d }
  }
"""


def run(source: Path, target: Path) -> None:
    """Write the chart of a file of figures."""
    results = json.loads(source.read_text())
    target.write_text(drawn(results))
    print(f"{target}: {len(results['rows'])} cases")


def drawn(results: dict[str, Any]) -> str:
    """Return the chart: a bar per kernel from 1 to its geometric mean, a dot per case, losses on the left of 1."""
    ratios: dict[str, list[float]] = {}
    for row in results["rows"]:
        if row["ratio"]:
            ratios.setdefault(row["kernel"], []).append(row["ratio"])
    if not ratios:
        raise ValueError("no row of these figures has a peer: there is nothing to draw")
    means = {name: geometric_mean(values) or 1.0 for name, values in ratios.items()}
    order = sorted(ratios, key=lambda name: -means[name])
    every = [value for values in ratios.values() for value in values]
    low, high = 2.0 ** math.floor(math.log2(min(*every, 0.5))), 2.0 ** math.ceil(math.log2(max(*every, 2.0)))

    def x(value: float) -> float:
        return NAMES + (WIDTH - NAMES - RIGHT) * math.log(value / low) / math.log(high / low)

    height = TOP + LINE * len(order) + 48
    bottom = height - 40
    parts = []
    for power in range(round(math.log2(low)), round(math.log2(high)) + 1):
        at, kind = x(2.0**power), "even" if power == 0 else "grid"
        parts.append(f'<line class="{kind}" x1="{at:.1f}" x2="{at:.1f}" y1="{TOP - 8}" y2="{bottom}"/>')
        label = f"{2.0**power:g}x" if power >= 0 else f"1/{2**-power}"
        parts.append(f'<text class="small middle" x="{at:.1f}" y="{bottom + 16}">{label}</text>')
    for number, name in enumerate(order):
        middle = TOP + LINE * number + LINE / 2
        mean, start = means[name], x(1.0)
        left, right = sorted((start, x(mean)))
        lost = sum(value < 1 for value in ratios[name])
        parts.append(f'<text class="end" x="{NAMES - 10}" y="{middle + 4:.1f}">{escape(name)}</text>')
        kind = "won" if mean >= 1 else "lost"
        size = f'width="{max(right - left, 1):.1f}" height="{LINE - 9}"'
        parts.append(f'<rect class="{kind}" x="{left:.1f}" y="{middle - 6.5:.1f}" {size} fill-opacity=".35"/>')
        for value in ratios[name]:
            kind = "won" if value >= 1 else "lost"
            parts.append(f'<circle class="{kind} case" cx="{x(value):.1f}" cy="{middle:.1f}" r="2.6"/>')
        note = f"{mean:.2f}x" + (f"  -{lost}" if lost else "")
        parts.append(f'<text class="small" x="{WIDTH - RIGHT + 8}" y="{middle + 4:.1f}">{note}</text>')
    figures, about = results["summary"], results["machine"]
    parts.append('<text class="title" x="12" y="26">The fastest peer\'s time over ours</text>')
    total = sum(value < 1 for value in every)
    lines = (
        f"{about['processor']}, {about['time'][:10]}: geometric mean {figures['geometric_mean_ratio']}x over "
        f"{len(every)} cases, {total} of them lost. Logarithmic scale; right of 1x we are faster.",
        "Bar: a kernel's geometric mean. Dot: one case on one kind of image, size and number of threads, red where "
        f"lost. -n: n cases lost. Absent: {', '.join(results['absent']) or 'nobody'}.",
    )
    parts += [f'<text class="small" x="12" y="{46 + 16 * k}">{escape(text)}</text>' for k, text in enumerate(lines)]
    body = "\n".join(parts)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
    heading = "<title>The fastest peer's time over ours</title>"
    return f'{head} role="img">\n{heading}\n<style>{STYLE}</style>\n{body}\n</svg>\n'
