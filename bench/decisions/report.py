"""The results as a table, as JSON and as plots."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.decisions.detectors import is_own
from bench.decisions.ramps import Summary, line
from bench.decisions.run import Plan, Results
from bench.decisions.score import ALPHA, Outcome, Row, bounds


def held(results: Results, names: list[str]) -> bool:
    """Whether no cell of these detectors is above alpha, and production agreed wherever it was asked."""
    return bool(names) and not results.wrong and not any(results.row(name).disqualified for name in names)


def to_json(results: Results, rows: dict[str, Row]) -> dict[str, Any]:
    """The file `out/bench/decisions.json`."""
    own = [name for name in rows if is_own(name)] or list(rows)
    return {"gates_held": held(results, own), "detectors": {name: row.to_json() for name, row in rows.items()}}


def details(results: Results, rows: dict[str, Row], plan: Plan, seconds: float) -> dict[str, Any]:
    """The file `out/bench/decisions-details.json`: what the figures of `to_json` rest on.

    `bounds` are the highest lower bounds of a detector's healthy cells, by the measurement that counts and by the
    first look alone; `measured_again` the cells that were near alpha at the first look.
    """
    return {
        "bounds": {name: _bounds(results, name) for name in rows},
        "measured_again": {
            name: [{"cell": one.cell, "first": _seen(one.first), "fresh": _seen(one.second)} for one in again]
            for name, again in results.again.items()
            if again
        },
        "gates": {
            name: {gate: _worst(list(cells.values())) for gate, cells in results.gates[name].items()}
            | {gate: _worst(found) for gate, found in results.scenes.get(name, {}).items()}
            | {f"sticky, {population}": _worst([result]) for population, result in results.sticky.get(name, {}).items()}
            for name in rows
        },
        "sticky_request_test": results.sticky_requests,
        "ramps": [found.to_json() for found in results.ramps],
        "production": {"checked_runs": results.checked, "disagreements": results.wrong},
        "alpha": ALPHA,
        "runs": asdict(plan),
        "seconds": round(seconds, 1),
    }


def _bounds(results: Results, name: str) -> dict[str, Any]:
    found = bounds(results.healthy(name))
    again = results.again.get(name, [])
    counted = {id(one.second): one.first for one in again}
    before = bounds([counted.get(id(one), one) for one in results.healthy(name)])
    return {
        "cells": found.cells,
        "each_cell": round(found.each, 5),
        "all_cells_together": round(found.together, 5),
        "first_look_each_cell": round(before.each, 5),
        "first_look_all_cells_together": round(before.together, 5),
    }


def _seen(found: Outcome) -> dict[str, Any]:
    return {
        "runs": found.runs,
        "aborted": found.aborted,
        "rate": round(found.rate, 5),
        "lower": round(found.lower(), 5),
    }


def _worst(outcomes: list[Outcome]) -> dict[str, float]:
    rates = [cell.rate for cell in outcomes]
    return {
        "mean": round(sum(rates) / len(rates), 5),
        "max": round(max(rates), 5),
        "lower_bound_max": round(max(cell.lower() for cell in outcomes), 5),
    }


def write(data: dict[str, Any], path: Path) -> None:
    """Write the JSON file, with its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data, indent=2) + "\n")


def show(data: dict[str, Any], more: dict[str, Any], console: Console) -> None:
    """Two tables: the detectors, and what each does to healthy releases under hard conditions."""
    lower = "Lower bound, each / all cells"
    table = Table("Detector", "Score", "Mean / Wald", "False aborts, mean / max", lower, "Missed 2x / 5x", "Gates")
    for name, row in data["detectors"].items():
        own = more["bounds"][name]
        table.add_row(
            name,
            f"{row['score']:.3f}",
            f"{row['mean_over_wald']:.2f}",
            f"{row['false_abort_mean']:.2%} / {row['false_abort_max']:.2%}",
            f"{own['each_cell']:.2%} / {own['all_cells_together']:.2%}",
            f"{row['missed_2x']:.0%} / {row['missed_5x']:.0%}",
            "not held" if own["each_cell"] > ALPHA else "held",
        )
    console.print(table)
    table = Table("Healthy releases aborted (worst cell)", *more["gates"])
    for gate in next(iter(more["gates"].values())):
        found = [own.get(gate) for own in more["gates"].values()]
        table.add_row(gate, *("-" if one is None else f"{one['max']:.2%}" for one in found))
    console.print(table)
    for found in more["ramps"]:
        console.print(line(Summary(**found)))
    for name, again in more["measured_again"].items():
        console.print(f"{name}: {len(again)} cells near alpha were measured again, and the fresh runs count")
    asked = more["production"]
    console.print(
        f"production decided {asked['checked_runs']} of these runs itself, {asked['disagreements']} otherwise"
    )
    console.print(f"gates held: {data['gates_held']}; {more['seconds']:.0f} s")
