"""What the trials showed: a row each, sums by kind, the summary file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sandbox.chaos.plan import Trial


@dataclass
class Row:
    """One trial as it went. `stuck` and `wrong_traffic` say what was found, empty when all was right;
    `client_failures` are failed requests outside the time in which the data plane itself was away, which has
    `restart_failures`."""

    trial: Trial
    struck: str = ""
    """What the strike met: the processes, how the rollout stood."""
    first_up: int | None = None
    """Exit code of the `up` that was struck; None when it was killed or did not end."""
    recovery: int | None = None
    """Exit code of the `up` afterwards; None when the first one had succeeded, so that none was needed."""
    stuck: str = ""
    wrong_traffic: str = ""
    client_failures: int = 0
    restart_failures: int = 0
    requests: int = 0
    seconds: float = 0.0
    notes: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether nothing is held against it."""
        return not self.stuck and not self.wrong_traffic and not self.client_failures

    def line(self, count: int) -> str:
        """For the terminal."""
        width = len(str(count))
        ups = ", ".join(f"{name} {code}" for name, code in (("up", self.first_up), ("recovery", self.recovery)))
        found = [text for text in (self.stuck, self.wrong_traffic) if text]
        found += [f"{self.client_failures} failed requests"] if self.client_failures else []
        verdict = "; ".join(found) or "ok"
        away = f" ({self.restart_failures} while the data plane was away)" if self.restart_failures else ""
        head = f"[{self.trial.number + 1:{width}}/{count}] {self.trial}: {self.struck}; {ups}"
        return f"{head}; {self.requests} requests{away}, {self.seconds:.0f} s: {verdict}"


def summary(rows: list[Row], seed: int) -> dict[str, Any]:
    """Plain JSON values: the sums by kind, and every row."""
    by_kind: dict[str, dict[str, int]] = {}
    for row in rows:
        sums = by_kind.setdefault(
            str(row.trial.kind), {"trials": 0, "stuck": 0, "wrong_traffic": 0, "client_failures": 0}
        )
        sums["trials"] += 1
        sums["stuck"] += bool(row.stuck)
        sums["wrong_traffic"] += bool(row.wrong_traffic)
        sums["client_failures"] += row.client_failures
    return {
        "trials": len(rows),
        "seed": seed,
        "by_kind": dict(sorted(by_kind.items())),
        "rows": list(map(_plain, rows)),
    }


def write(rows: list[Row], seed: int, path: Path) -> None:
    """Write the summary."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(summary(rows, seed), indent=2) + "\n")


def _plain(row: Row) -> dict[str, Any]:
    values = asdict(row)
    trial = values.pop("trial")
    return {**trial, **values}
