"""A recording of single requests: the columns time, side, client, bad."""

from __future__ import annotations

import math
from pathlib import Path

from slipway.cli.analyze_rows import Row, Weights, read_rows, refuse
from slipway.release.errors import Problem
from slipway.rollout.analysis import Tick
from slipway.rollout.analysis.sides import Sides
from slipway.rollout.metrics.base import ClientEvents
from slipway.rollout.metrics.clients import ClientLedger

COLUMNS = ("time", "side", "client", "bad")
GUARDRAIL = "clients"
TICKS_MOST = 1_000_000
YES, NO = ("1", "true", "yes"), ("0", "false", "no")


def client_ticks(path: Path, weights: Weights, length: float, observe: float) -> list[Tick]:
    """Ticks of `length` seconds of the guardrail `clients`, from a file of single requests. As in a rollout a client
    is judged after it was observed for `observe` seconds. Raises InputError."""
    rows = sorted(read_rows(path, COLUMNS), key=lambda row: row.time)
    _check_clients(path, rows)
    began, ended = rows[0].time, rows[-1].time
    if ended - began > TICKS_MOST * length:
        message = f"it is {ended - began:,.0f}s later than line {rows[0].line}, more than {TICKS_MOST:,} ticks"
        refuse(path, [Problem(f"line {rows[-1].line}", message, "give all times in seconds, or all in ISO 8601")])
    slots: list[list[Row]] = [[] for _ in range(int((ended - began) // length) + 1)]
    for row in rows:
        slots[int((row.time - began) // length)].append(row)
    ledger, before, ticks = ClientLedger(observe), None, []
    for index, slot in enumerate(slots):
        at = (index + 1) * length
        weight, step = weights.at(at)
        if before is not None and weight != before:
            ledger.next_step()
        before = weight
        ledger.take(_events(slot), at, math.inf)
        ticks.append(Tick(at, at - step, length, weight, {GUARDRAIL: ledger.counts({}, weight, at)}, {}))
    return ticks


def _events(slot: list[Row]) -> ClientEvents:
    sides = [(row.fields[0] == "candidate", row) for row in slot]
    seen = Sides(*(frozenset(row.fields[1] for side, row in sides if side == wanted) for wanted in (True, False)))
    failures = tuple((row.fields[1], side) for side, row in sides if row.fields[2].lower() in YES)
    return ClientEvents(seen, failures, alive=Sides(*map(bool, seen)))


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
