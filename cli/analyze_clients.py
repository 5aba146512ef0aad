"""A recording of single requests: the columns time, side, client, bad."""

from __future__ import annotations

from pathlib import Path

from cli.analyze_rows import Row, Weights, read_rows, refuse
from release.errors import Problem
from rollout.analysis import Counts, GuardrailCounts, Tick

COLUMNS = ("time", "side", "client", "bad")
GUARDRAIL = "clients"
YES, NO = ("1", "true", "yes"), ("0", "false", "no")


def client_ticks(path: Path, weights: Weights, length: float) -> list[Tick]:
    """Ticks of `length` seconds of the guardrail `clients`, from a file of single requests. Raises InputError."""
    rows = sorted(read_rows(path, COLUMNS), key=lambda row: row.time)
    _check_clients(path, rows)
    began = rows[0].time
    slots: list[list[Row]] = [[] for _ in range(int((rows[-1].time - began) // length) + 1)]
    for row in rows:
        slots[int((row.time - began) // length)].append(row)
    seen: dict[bool, set[str]] = {True: set(), False: set()}
    return [_tick(slot, (index + 1) * length, length, weights, seen) for index, slot in enumerate(slots)]


def _tick(slot: list[Row], at: float, length: float, weights: Weights, seen: dict[bool, set[str]]) -> Tick:
    new = {True: 0, False: 0}
    failures: list[tuple[str, bool]] = []
    for row in slot:
        side, client = row.fields[0] == "candidate", row.fields[1]
        new[side] += client not in seen[side]
        seen[side].add(client)
        if row.fields[2].lower() in YES:
            failures.append((client, side))
    weight, step = weights.at(at)
    counts = GuardrailCounts(Counts(new[True], 0), Counts(new[False], 0), first_failures=tuple(failures))
    return Tick(at, at - step, length, weight, {GUARDRAIL: counts}, {})


def _check_clients(path: Path, rows: list[Row]) -> None:
    problems = []
    for row in rows:
        side, client, bad = row.fields
        if side not in ("candidate", "baseline"):
            problems.append(Problem(f"line {row.line}", f"{side!r} is no side", "say candidate or baseline"))
        if not client:
            problems.append(Problem(f"line {row.line}", "it names no client", "give the (hashed) key of the client"))
        if bad.lower() not in YES + NO:
            problems.append(Problem(f"line {row.line}", f"bad is {bad!r}", "say 0 or 1"))
    refuse(path, problems)
