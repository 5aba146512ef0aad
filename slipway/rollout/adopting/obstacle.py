"""One thing that stands in the way of an adoption."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why it is not adopted, and what helps."""

    code: str
    message: str
    remedy: str
