"""`python -m bench.demo_picture`: out/demo/rollout.png, what the demo's client saw, second by second.

Drawn from the load generator's own records and the summary of the same run; nothing is smoothed or left out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.paths import PROJECT
from sandbox.sample.records import Counts, Interval, Reader

OUT = PROJECT / "out" / "demo"
HEALTHY = ("#9db8d9", "#4f86c6", "#2f6db3", "#1d4f91", "#123a6f")
FAULTY = "#e0672f"
FAILURE = "#b3261e"
INK = "#1f2933"


@dataclass(frozen=True)
class Series:
    """Seconds since the load began, and for each version its responses a second."""

    seconds: tuple[float, ...]
    rates: Mapping[str, tuple[float, ...]]
    failures: tuple[float, ...]
    """When each failed request ended."""


def series(counts: Counts) -> Series:
    """The intervals of a load as rates by version, versions in the order of their first response."""
    start = counts.intervals[0].start
    versions = sorted(counts.responses, key=lambda name: counts.first_response(name) or start)
    return Series(
        seconds=tuple(one.end - start for one in counts.intervals),
        rates={name: tuple(_rate(one, name) for one in counts.intervals) for name in versions},
        failures=tuple(failure.at - start for failure in counts.failures),
    )


def _rate(interval: Interval, version: str) -> float:
    length = interval.end - interval.start
    return interval.count(version) / length if length > 0 else 0.0


def counts_of(load: Path) -> Counts:
    """The records of a load that has ended."""
    reader = Reader()
    reader.feed(load.read_bytes())
    return reader.counts()


def draw(found: Series, releases: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Areas by version, each named where it is widest, and a mark for each failed request."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    outcome = {str(one["version"]): str(one["outcome"]) for one in releases}
    bad = {version for version, ended in outcome.items() if ended == "aborted"}
    shades = iter(HEALTHY * 2)
    colours = [FAULTY if version in bad else next(shades) for version in found.rates]
    figure, axes = plt.subplots(figsize=(11, 3.6), dpi=110, layout="constrained")
    axes.stackplot(found.seconds, *found.rates.values(), colors=colours, linewidth=0)
    floor = [0.0] * len(found.seconds)
    for version, rates in found.rates.items():
        widest = max(range(len(rates)), key=rates.__getitem__)
        middle = floor[widest] + rates[widest] / 2
        label = f"{version}\n{outcome[version]}" if version in bad else version
        axes.annotate(
            label,
            (found.seconds[widest], middle),
            xytext=(0, 0),
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=9,
            color="white" if rates[widest] > 60 else INK,
        )
        floor = [below + rate for below, rate in zip(floor, rates, strict=True)]
    if found.failures:
        axes.plot(found.failures, [2.0] * len(found.failures), "|", color=FAILURE, markersize=9, label="failed request")
        axes.legend(loc="upper right", frameon=False, fontsize=9)
    axes.set(xlabel="seconds", ylabel="responses a second, by version", xlim=(0, found.seconds[-1]), ylim=(0, None))
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path)
    plt.close(figure)


def main() -> int:
    """Draw the last demo. Exit code 1 when there is none."""
    load, summary = OUT / "load.jsonl", OUT / "summary.json"
    if not (load.is_file() and summary.is_file()):
        print("out/demo has no demo; run make demo")
        return 1
    releases: Sequence[Mapping[str, Any]] = json.loads(summary.read_text())["releases"]
    draw(series(counts_of(load)), releases, OUT / "rollout.png")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
