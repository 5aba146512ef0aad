"""What is kept of old ticks. Pure.

In full stay the ticks that a decision can be followed by: the first one of each weight, every FAIL, and within each
stretch of STRETCH seconds the first one that changed the verdict. Each of them carries the evidence from
before it (`before`), so that replaying it decides exactly the same. All the others of a stretch become one record with
their sums, which still names each change of the verdict with its time (`turns`): no decision is lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from slipway.rollout.analysis.types import Verdict
from slipway.rollout.measurement.recorded import FIRST, weights_of

STRETCH = 300.0
"""Seconds that one record stands for at most."""

_OF_ONE_TICK = frozenset({"before", "findings", "turn"})

Record = dict[str, Any]


def thin(records: Sequence[Record]) -> list[Record]:
    """The same story in fewer records, in order. `records` are consecutive ticks of one rollout."""
    kept: list[Record] = []
    for stretch in _stretches(records):
        kept += _thinned(stretch)
    return kept


def _stretches(records: Iterable[Record]) -> list[list[Record]]:
    """Consecutive ticks of one weight, STRETCH seconds at most."""
    stretches: list[list[Record]] = []
    for record in records:
        first = stretches[-1][0] if stretches else None
        if first is None or weights_of(first) != weights_of(record) or record["at"] - first["at"] >= STRETCH:
            stretches.append([])
        stretches[-1].append(record)
    return stretches


def _thinned(stretch: list[Record]) -> list[Record]:
    full = _full(stretch)
    kept: list[Record] = []
    run: list[Record] = []
    for index, record in enumerate(stretch):
        if index not in full:
            run.append(record)
            continue
        kept += [*_merged(run), record]
        run = []
    return [*kept, *_merged(run)]


def _full(stretch: list[Record]) -> set[int]:
    turns = [index for index, record in enumerate(stretch) if "turn" in record]
    decisive = [
        index for index in turns if stretch[index]["verdict"] == Verdict.FAIL or stretch[index]["turn"] == FIRST
    ]
    return {*turns[:1], *decisive}


def _merged(run: list[Record]) -> list[Record]:
    """One record for these ticks: sums, the errors, and the verdict as it was after the last of them."""
    if len(run) < 2:
        return [{key: value for key, value in record.items() if key != "before"} for record in run]
    last = run[-1]
    errors = {name: why for record in run for name, why in record["errors"].items()}
    turns = [_turn(record) for record in run if "turn" in record]
    return [
        {
            **{key: value for key, value in last.items() if key not in _OF_ONE_TICK},
            "ticks": len(run),
            "since": run[0]["at"],
            "length": round(sum(record["length"] for record in run), 3),
            "counts": _sums([record["counts"] for record in run]),
            "errors": errors,
            **({"turns": turns} if turns else {}),
        }
    ]


def _turn(record: Record) -> list[Any]:
    return [record["at"], record["verdict"], record["statistic"], record["threshold"]]


def _sums(counts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Totals of each guardrail and side; histograms and single clients are not kept."""
    sums: dict[str, dict[str, dict[str, int]]] = {}
    for tick in counts:
        for name, sides in tick.items():
            guardrail = sums.setdefault(name, {side: {"total": 0, "bad": 0} for side in ("candidate", "baseline")})
            for side, total in guardrail.items():
                total["total"] += sides[side]["total"]
                total["bad"] += sides[side]["bad"]
    return sums
