"""`python -m bench.fleet`: how many rollouts one provider process carries. Writes out/bench/fleet.json.

1, 10 and 100 rollouts look once a second, 300 every two seconds; each bakes at 5% and is cancelled in the end. API
server and Prometheus are one other process on the loopback. A busy machine shows: `load` is its load average before.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import click

from bench.fleet.trial import Plan, run

OUT = Path("out") / "bench" / "fleet.json"
PLANS = (Plan(1, 1.0, 15.0), Plan(10, 1.0, 15.0), Plan(100, 1.0, 20.0), Plan(300, 2.0, 20.0))
COLUMNS = (
    "rollouts",
    "tick_seconds",
    "requests_per_second",
    "cpu_share",
    "look_p99_seconds",
    "cancel_seconds",
    "rss_mib",
)


@click.command()
@click.option("--rollouts", multiple=True, type=int, help="Only these numbers of rollouts.")
@click.option("--tick", type=float, help="Seconds; by default 1, and 2 for 300 rollouts.")
@click.option("--seconds", type=float, help="For how long each is watched.")
def main(rollouts: tuple[int, ...], tick: float | None, seconds: float | None) -> None:
    """Measure one number of rollouts after the other."""
    plans = [plan for plan in PLANS if not rollouts or plan.rollouts in rollouts]
    plans += [Plan(one, 1.0, 15.0) for one in rollouts if one not in {plan.rollouts for plan in PLANS}]
    found = []
    print("  ".join(COLUMNS))
    for plan in plans:
        load = round(os.getloadavg()[0], 2)
        found.append({**run(Plan(plan.rollouts, tick or plan.tick, seconds or plan.seconds)), "load": load})
        print("  ".join(f"{found[-1][name]:>{len(name)}}" for name in COLUMNS), flush=True)
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
