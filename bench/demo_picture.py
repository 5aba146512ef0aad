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
HEALTHY = ("#7fa3cf", "#4f86c6", "#2f6db3", "#1d4f91", "#123a6f")
FAULTY = "#e0672f"
FAILURE = "#b3261e"
INK = "#1f2933"
SHORTEST = 6.0
"""Seconds of a stretch that has room for its label."""


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


@dataclass(frozen=True)
class Label:
    """What is written at a moment: in the area of a version that carries most of the traffic, else above it."""

    text: str
    at: float
    inside: bool
    height: float
    """Of the middle of the area there."""


def labels(found: Series, releases: Sequence[Mapping[str, Any]]) -> list[Label]:
    """One for each stretch in which a version carries half of the traffic or more, and one for each version that
    never does."""
    named = {str(one["version"]): one for one in releases}
    totals = [sum(at) for at in zip(*found.rates.values(), strict=True)]
    floor = [0.0] * len(totals)
    made: list[Label] = []
    for version, rates in found.rates.items():
        stretches = _stretches([2 * rate >= total > 0 for rate, total in zip(rates, totals, strict=True)])
        widest = max(range(len(rates)), key=rates.__getitem__)
        for number, (first, last) in enumerate(stretches or [(widest, widest)]):
            middle = (first + last) // 2
            long = found.seconds[last] - found.seconds[first] >= SHORTEST
            text = _text(version, named.get(version)) if number == 0 else f"back to {version}"
            made.append(Label(text, found.seconds[middle], long, floor[middle] + rates[middle] / 2))
        floor = [below + rate for below, rate in zip(floor, rates, strict=True)]
    return made


def _stretches(flags: Sequence[bool]) -> list[tuple[int, int]]:
    """First and last index of each run of True."""
    starts = [index for index, flag in enumerate(flags) if flag and (index == 0 or not flags[index - 1])]
    ends = [index for index, flag in enumerate(flags) if flag and (index + 1 == len(flags) or not flags[index + 1])]
    return list(zip(starts, ends, strict=True))


def _text(version: str, release: Mapping[str, Any] | None) -> str:
    if release is None:
        return version
    how = f"{version}\n{release['strategy']}"
    return how if release["outcome"] == "completed" else f"{how}, {release['outcome']}"


def draw(found: Series, releases: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Areas by version with their labels, and a mark for each failed request."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    bad = {str(one["version"]) for one in releases if one["outcome"] == "aborted"}
    shades = iter(HEALTHY * 2)
    colours = [FAULTY if version in bad else next(shades) for version in found.rates]
    highest = max(sum(at) for at in zip(*found.rates.values(), strict=True))
    figure, axes = plt.subplots(figsize=(11, 3.8), dpi=110, layout="constrained")
    axes.stackplot(found.seconds, *found.rates.values(), colors=colours, linewidth=0)
    for label in labels(found, releases):
        place = (label.at, label.height)
        if label.inside:
            axes.text(*place, label.text, ha="center", va="center", fontsize=9, color="white")
            continue
        arrow = {"arrowstyle": "-", "color": INK, "linewidth": 0.7}
        above = (min(label.at, 0.96 * found.seconds[-1]), highest * 1.06)
        axes.annotate(label.text, place, above, ha="center", va="bottom", fontsize=9, color=INK, arrowprops=arrow)
    if found.failures:
        low = [highest * 0.02] * len(found.failures)
        axes.plot(found.failures, low, "|", color=FAILURE, markersize=9, label="a failed request")
        axes.legend(loc="upper left", frameon=False, fontsize=9)
    axes.set(xlabel="seconds", ylabel="responses a second, by version", xlim=(0, found.seconds[-1]))
    axes.set_ylim(0, highest * 1.25)
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
