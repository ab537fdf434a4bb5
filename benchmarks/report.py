"""The rows of `kernels` as lines of text, and what they come to."""

import math
from typing import Any

HEADING = (
    f"{'kernel and case':44} {'image':6} {'size':5} {'thr':>3} {'ours':>9} {'spread':>6} {'copy':>7}  "
    "fastest peer / ours; peers: ms, difference max / mean"
)


def title(row: dict[str, Any]) -> str:
    return f"{row['kernel']} {' '.join(f'{key}={value}' for key, value in row['case'].items())}".replace(", ", ",")


def where(row: dict[str, Any]) -> str:
    return f"{row['image']} {row['size']}, {row['threads']} thread{'s' if row['threads'] > 1 else ''}"


def line(row: dict[str, Any]) -> str:
    timings = row["timings"]
    others = [
        f"{peer} {timings[peer].median_ms:.2f} ({difference['max']:.4g} / {difference['mean']:.2g})"
        for peer, difference in row["differences"].items()
    ]
    others += [f"{peer} absent" for peer in row["absent"]]
    ratio = f"x{row['ratio']:.2f}" if row["ratio"] else "no peer"
    ours, floor = timings["ours"], timings["copy"].median_ms
    spread = (ours.upper_quartile_ms - ours.lower_quartile_ms) / ours.median_ms
    return (
        f"{title(row)[:44]:44} {row['image']:6} {row['size']:5} {row['threads']:3} {ours.median_ms:9.3f} {spread:6.0%} "
        f"{floor:7.3f}  {ratio:7} {'; '.join(others)}"
    )


def geometric_mean(values: list[float]) -> float | None:
    return round(math.exp(sum(map(math.log, values)) / len(values)), 3) if values else None


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the geometric means of the ratios, and the rows that were lost."""
    compared = [row for row in rows if row["ratio"]]

    def means(of: str) -> dict[str, float | None]:
        found = sorted({row[of] for row in compared})
        return {str(value): geometric_mean([r["ratio"] for r in compared if r[of] == value]) for value in found}

    lost = sorted((row for row in compared if row["ratio"] < 1), key=lambda row: float(row["ratio"]))
    kernels = {row["kernel"] for row in rows}
    return {
        "compared": len(compared),
        "geometric_mean_ratio": geometric_mean([row["ratio"] for row in compared]),
        "geometric_mean_ratio_of_least": geometric_mean([row["ratio_of_least"] for row in compared]),
        "geometric_mean_ratio_to_close": geometric_mean([r["ratio_to_close"] for r in rows if r["ratio_to_close"]]),
        "by_kernel": means("kernel"),
        "by_image": means("image"),
        "by_size": means("size"),
        "by_threads": means("threads"),
        "by_fastest_peer": means("fastest"),
        "without_peer": sorted(kernels - {row["kernel"] for row in compared}),
        "lost": [f"{title(row)} on {where(row)}: {row['ratio']} of {row['fastest']}" for row in lost],
    }


def show(figures: dict[str, Any]) -> None:
    """Print a summary."""
    print(f"\nfastest peer's time / ours, geometric mean of {figures['compared']}: {figures['geometric_mean_ratio']}")
    print(f"the same of the least times: {figures['geometric_mean_ratio_of_least']}")
    print(f"beside peers whose output is close: {figures['geometric_mean_ratio_to_close']}")
    for of in ("by_kernel", "by_image", "by_size", "by_threads", "by_fastest_peer"):
        print(f"{of.replace('_', ' ')}: " + ", ".join(f"{name} {mean}" for name, mean in figures[of].items()))
    if figures["without_peer"]:
        print(f"no peer has the operation: {', '.join(figures['without_peer'])}")
    for lost in figures["lost"]:
        print(f"lost: {lost}")
