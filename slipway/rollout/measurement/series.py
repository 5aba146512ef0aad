"""The ticks of a rollout as a few columns of numbers, for the record that outlives the journal's ticks. Pure.

Consecutive ticks of one weight are added up to stretches. What one of them cannot say (a tick that was thinned has no
histogram and no findings) is None, and never 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from slipway.release.records.release_record import GuardrailSeries, Series

MOST = 120
"""Stretches of one rollout, beside one more for each change of the weight."""
MOST_NUMBERS = 4000
"""Of all guardrails: with many of them there are fewer stretches."""
FEWEST = 20
COLUMNS = 8
P95 = 0.95

Record = Mapping[str, Any]


def series_of(records: Sequence[Record], kinds: Mapping[str, str]) -> Series:
    """`kinds` is the kind of each guardrail by its name; what has none is shown as ``."""
    if not records:
        return Series()
    names = list(dict.fromkeys(name for record in records for name in record["counts"]))
    most = max(FEWEST, min(MOST, MOST_NUMBERS // (COLUMNS * max(1, len(names)))))
    stretches = _stretches(records, (records[-1]["at"] - _start(records[0])) / most)
    return Series(
        at=tuple(round(stretch[-1]["at"], 1) for stretch in stretches),
        weight=tuple(stretch[-1]["weight"] for stretch in stretches),
        guardrails=tuple(_guardrail(name, kinds.get(name, ""), stretches) for name in names),
    )


def _start(record: Record) -> float:
    return float(record.get("since", record["at"]))


def _stretches(records: Iterable[Record], length: float) -> list[list[Record]]:
    stretches: list[list[Record]] = []
    for record in records:
        first = stretches[-1][0] if stretches else None
        if first is None or first["weight"] != record["weight"] or record["at"] - _start(first) > length:
            stretches.append([])
        stretches[-1].append(record)
    return stretches


def _guardrail(name: str, kind: str, stretches: Sequence[Sequence[Record]]) -> GuardrailSeries:
    found = [_found(name, stretch) for stretch in stretches]
    p95 = [_p95(name, "candidate", stretch) for stretch in stretches]
    baseline = [_p95(name, "baseline", stretch) for stretch in stretches]
    timed = any(value is not None for value in (*p95, *baseline))
    return GuardrailSeries(
        name=name,
        kind=kind,
        bad=tuple(_sum(name, "candidate", "bad", stretch) for stretch in stretches),
        total=tuple(_sum(name, "candidate", "total", stretch) for stretch in stretches),
        baseline_bad=tuple(_sum(name, "baseline", "bad", stretch) for stretch in stretches),
        baseline_total=tuple(_sum(name, "baseline", "total", stretch) for stretch in stretches),
        evidence=tuple(evidence for evidence, _ in found),
        threshold=tuple(threshold for _, threshold in found),
        p95=tuple(p95) if timed else (),
        baseline_p95=tuple(baseline) if timed else (),
    )


def _sum(name: str, side: str, what: str, stretch: Iterable[Record]) -> int | None:
    counts = [int(record["counts"][name][side][what]) for record in stretch if name in record["counts"]]
    return sum(counts) if counts else None


def _found(name: str, stretch: Sequence[Record]) -> tuple[float | None, float | None]:
    """Evidence and threshold after the last look of the stretch that says them."""
    for record in reversed(stretch):
        for finding in record.get("findings", ()):
            if finding["guardrail"] == name:
                return _short(finding["statistic"]), _short(finding["threshold"])
    return None, None


def _p95(name: str, side: str, stretch: Iterable[Record]) -> float | None:
    """The time that 95% of the requests did not exceed, interpolated within the bucket; None without a histogram or
    where the last bucket has no upper end."""
    bounds: Sequence[float] = ()
    slower: list[int] = []
    total = 0
    for record in stretch:
        counts = record["counts"].get(name, {}).get(side, {})
        if not counts.get("bounds"):
            continue
        if bounds and tuple(counts["bounds"]) != tuple(bounds):
            return None  # the buckets changed meanwhile
        bounds = counts["bounds"]
        slower = [have + more for have, more in zip(slower or [0] * len(bounds), counts["slower"], strict=True)]
        total += counts["total"]
    if not bounds or not total:
        return None
    return _quantile(bounds, slower, total)


def _quantile(bounds: Sequence[float], slower: Sequence[int], total: int) -> float | None:
    left = (1 - P95) * total
    before_bound, before_slower = 0.0, total
    for bound, count in zip(bounds, slower, strict=True):
        if count <= left:
            part = (before_slower - left) / (before_slower - count) if before_slower > count else 0.0
            return _short(before_bound + part * (bound - before_bound))
        before_bound, before_slower = bound, count
    return None


def _short(value: float) -> float:
    """Four digits, which a plot does not show either."""
    return float(f"{value:.4g}")
