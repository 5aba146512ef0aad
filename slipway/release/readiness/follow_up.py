"""Gate `follow-up`: what earlier releases left to do is done by its day. A hotfix and a rollback never wait for it."""

from __future__ import annotations

from slipway.release.findings import Finding, finding
from slipway.release.readiness.gate_input import GateInput

GATE = "follow-up"


def evaluate(gate_input: GateInput) -> list[Finding]:
    """Overdue action items of the service's reviews, and reviews that cannot be read."""
    if gate_input.settled or gate_input.release.hotfix is not None:
        return []
    today = gate_input.now.date()
    unreadable = [
        finding(
            GATE, "unreadable", "reviews", problem, "reviews that can be read",
            "Correct the file; `slipway review RELEASE` writes one", turn="owner",
        )
        for problem in gate_input.reviews.problems
    ]  # fmt: skip
    overdue = [
        finding(
            GATE,
            "overdue",
            one.place,
            f"due {one.item.due.isoformat()}, owner {one.item.owner}: {one.item.what}",
            "done by its day",
            "Do it and write by, at and how under done, or agree on a later day with its owner",
            turn="owner",
        )
        for one in gate_input.reviews.open_items
        if one.item.is_overdue(today)
    ]
    return unreadable + overdue
