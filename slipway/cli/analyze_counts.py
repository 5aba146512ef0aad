"""A recording of counts per tick: the columns time, candidate_total, candidate_bad, baseline_total, baseline_bad."""

from __future__ import annotations

import itertools
from pathlib import Path
from statistics import median

from slipway.cli.analyze_rows import Row, Weights, read_rows, refuse
from slipway.release.errors import InputError, Problem
from slipway.release.units import percent_of
from slipway.rollout.analysis import Counts, GuardrailCounts, Tick

COLUMNS = ("time", "candidate_total", "candidate_bad", "baseline_total", "baseline_bad")
GUARDRAIL = "errors"
LARGEST = 2**53
"""Above it a counter that is kept as a float64 is not exact any more."""
_WRONG_KIND = {True: "; say --per-tick if these are no cumulative counters", False: ""}
Counted = tuple[float, int, int, int, int]


def count_ticks(path: Path, weights: Weights | None, cumulative: bool | None) -> tuple[list[Tick], bool]:
    """Ticks of the guardrail `errors` from a file of counts, and whether they were cumulative counters.

    When `cumulative` is None it is decided by the totals. A counter that falls was reset. Without weights the
    candidate's share of the traffic is taken. Raises InputError.
    """
    rows = read_rows(path, COLUMNS)
    table = [(row.time, *counts) for row, counts in zip(rows, _numbers(path, rows), strict=True)]
    _check_order(path, rows)
    grown = cumulative if cumulative is not None else _look_cumulative(table)
    if grown:
        table = [_delta(before, after) for before, after in itertools.pairwise(table)]
    if not table:
        remedy = "record at least two, or say --per-tick"
        raise InputError(str(path), [Problem("line 2", "cumulative counters of one moment tell nothing", remedy)])
    return _count_ticks(path, rows, table, weights, grown), grown


def _count_ticks(path: Path, rows: list[Row], table: list[Counted], weights: Weights | None, grown: bool) -> list[Tick]:
    gaps = [after.time - before.time for before, after in itertools.pairwise(rows)]
    usual = median(gaps) if gaps else 1.0
    began = rows[0].time if grown else rows[0].time - usual
    weights = weights or _shares(table)
    ticks, before, problems = [], began, []
    for index, (time, total, bad, other, other_bad) in enumerate(table):
        for part, whole in ((bad, total), (other_bad, other)):
            if part <= whole:
                continue
            line = rows[index + grown].line
            message = f"more bad events than events ({part:,} of {whole:,})"
            problems.append(Problem(f"line {line}", message, f"bad counts a part of total{_WRONG_KIND[grown]}"))
        weight, step = weights.at(time - began)
        counts = {GUARDRAIL: GuardrailCounts(Counts(total, bad), Counts(other, other_bad))}
        ticks.append(Tick(time - began, time - began - step, time - before, weight, counts, {}))
        before = time
    refuse(path, problems)
    return ticks


def _numbers(path: Path, rows: list[Row]) -> list[tuple[int, int, int, int]]:
    found: list[tuple[int, int, int, int]] = []
    problems: list[Problem] = []
    for row in rows:
        try:
            values = [float(field) for field in row.fields]
            if any(not 0 <= value <= LARGEST or value != int(value) for value in values):
                raise ValueError
            found.append((int(values[0]), int(values[1]), int(values[2]), int(values[3])))
        except (ValueError, OverflowError):
            text = ", ".join(row.fields)
            problems.append(
                Problem(f"line {row.line}", f"{text[:200]!r} are not four counts", "give whole numbers from 0 to 2^53")
            )
    refuse(path, problems)
    return found


def _check_order(path: Path, rows: list[Row]) -> None:
    refuse(
        path,
        [
            Problem(
                f"line {after.line}",
                f"its time is not after that of the line before ({after.time:.12g} and {before.time:.12g})",
                "sort the ticks by time",
            )
            for before, after in itertools.pairwise(rows)
            if after.time <= before.time
        ],
    )


def _look_cumulative(table: list[Counted]) -> bool:
    """Whether the totals of both sides grow and hardly ever fall (a reset): counts per tick fall half of the time."""
    pairs = list(itertools.pairwise(table))
    resets = max(len(pairs) // 10, int(len(pairs) >= 5))
    falls = [sum(after[side] < before[side] for before, after in pairs) for side in (1, 3)]
    grows = sum(after[1] + after[3] > before[1] + before[3] for before, after in pairs)
    return len(pairs) >= 2 and max(falls) <= resets and grows >= len(pairs) - resets


def _delta(before: Counted, after: Counted) -> Counted:
    """What came in between; a side of which any counter fell was reset and counts from 0, as in a rollout."""
    candidate = _grown(before[1], before[2], after[1], after[2])
    return (after[0], *candidate, *_grown(before[3], before[4], after[3], after[4]))


def _grown(total: int, bad: int, later: int, later_bad: int) -> tuple[int, int]:
    if later < total or later_bad < bad:
        return later, later_bad
    return later - total, later_bad - bad


def _shares(table: list[Counted]) -> Weights:
    """One weight for the recording: the candidate's share of the traffic."""
    candidate, baseline = sum(row[1] for row in table), sum(row[3] for row in table)
    everything = candidate + baseline
    return Weights((0.0,), (percent_of(candidate, everything) if everything else 0.0,))
