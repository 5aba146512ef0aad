"""The results as a table, as JSON and as plots."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.decisions.run import Plan, Results
from bench.decisions.score import ALPHA, Outcome, Row


def held(results: Results, names: list[str]) -> bool:
    """Whether no cell of these detectors is above alpha, and production agreed wherever it was asked."""
    return bool(names) and not results.wrong and not any(results.row(name).disqualified for name in names)


def to_json(results: Results, rows: dict[str, Row], plan: Plan, seconds: float) -> dict[str, Any]:
    """The file `out/bench/decisions.json`."""
    own = [name for name in rows if name.startswith("slipway")] or list(rows)
    return {
        "gates_held": held(results, own),
        "detectors": {name: row.to_json() for name, row in rows.items()},
        "gates": {
            name: {gate: _worst(list(cells.values())) for gate, cells in results.gates[name].items()}
            | {f"sticky, {population}": _worst([result]) for population, result in results.sticky.get(name, {}).items()}
            for name in rows
        },
        "sticky_request_test": results.sticky_requests,
        "production": {"checked_runs": results.checked, "disagreements": results.wrong},
        "alpha": ALPHA,
        "runs": {"bad": plan.bad, "good": plan.good, "gate": plan.gate, "sticky": plan.sticky},
        "seconds": round(seconds, 1),
    }


def _worst(outcomes: list[Outcome]) -> dict[str, float]:
    rates = [cell.aborted / cell.runs for cell in outcomes]
    return {
        "mean": round(sum(rates) / len(rates), 5),
        "max": round(max(rates), 5),
        "lower_bound_max": round(max(cell.lower for cell in outcomes), 5),
    }


def write(data: dict[str, Any], path: Path) -> None:
    """Write the JSON file, with its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data, indent=2) + "\n")


def show(data: dict[str, Any], console: Console) -> None:
    """Two tables: the detectors, and what each does to healthy releases under hard conditions."""
    table = Table("Detector", "Score", "Mean / Wald", "False aborts, mean / max", "Missed 2x / 5x", "Gates")
    for name, row in data["detectors"].items():
        table.add_row(
            name,
            f"{row['score']:.3f}",
            f"{row['mean_over_wald']:.2f}",
            f"{row['false_abort_mean']:.2%} / {row['false_abort_max']:.2%}",
            f"{row['missed_2x']:.0%} / {row['missed_5x']:.0%}",
            "not held" if row["disqualified"] else "held",
        )
    console.print(table)
    gates = list(next(iter(data["gates"].values())))
    table = Table("Healthy releases aborted (worst cell)", *data["gates"])
    for gate in gates:
        found = [own.get(gate) for own in data["gates"].values()]
        table.add_row(gate, *("-" if one is None else f"{one['max']:.2%}" for one in found))
    console.print(table)
    asked = data["production"]
    console.print(
        f"production decided {asked['checked_runs']} of these runs itself, {asked['disagreements']} otherwise"
    )
    console.print(f"gates held: {data['gates_held']}; {data['seconds']:.0f} s")
