"""How slow the local AWS is, in a file that may change at any time."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """Seconds from a change of a rule to its effect (`propagation`), and from the end of a minute to its metrics
    (`lateness`)."""

    propagation: float = 0.0
    lateness: float = 5.0


def read(file: Path) -> Settings:
    """What the file says; the defaults where there is none, or none that can be read."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        return Settings(float(found["propagation"]), float(found["lateness"]))
    except (OSError, ValueError, KeyError, TypeError):
        return Settings()
