"""The plan of a release or a rollback, for people and for machines. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from slipway.cli.changes import Change, others
from slipway.cli.entry_plan import Plan
from slipway.release.records.released import ReleasedVersion

WIDTH = 12


def plan_json(plan: Plan, changes: Sequence[Change] | None) -> dict[str, Any]:
    """Plain JSON values; `changes` are None when no preview was made."""
    to = plan.destination
    return {
        "service": plan.service,
        "stack": plan.stack,
        "namespace": plan.namespace,
        "from": _values(to.leaves) if to.leaves is not None else None,
        "to": _values(to.release),
        "movesTraffic": to.moves_traffic,
        "entry": {"before": dict(plan.before), "after": to.entry},
        "warm": plan.warm,
        "replicas": {"ready": plan.readiness.endpoints_ready, "wanted": plan.target.workload.least_replicas},
        "steps": plan.steps,
        "confirmedBy": plan.source,
        "passedOver": list(to.passed_over),
        "warnings": list(plan.warnings),
        "undone": [undo.migration.id for undo in plan.schema.steps],
        **changes_json(plan.service, changes),
    }


def changes_json(service: str, changes: Sequence[Change] | None) -> dict[str, Any]:
    """What would change, or was changed, and which of that is not `service`'s own."""
    return {
        "changes": _changes(changes),
        "otherChanges": _changes(others(changes, service)) if changes is not None else None,
    }


def as_text(plan: Plan, changes: Sequence[Change] | None) -> str:
    """A few aligned lines."""
    return "\n".join([_title(plan), *(f"  {name:{WIDTH}}{text}" for name, text in _rows(plan, changes))])


def _title(plan: Plan) -> str:
    to = plan.destination
    if not to.moves_traffic:
        return f"{plan.service}: {_label(to.release)} serves, the configuration returns to it"
    left = f"{_label(to.leaves)} -> " if to.leaves is not None else ""
    return f"{plan.service}: {left}{_label(to.release)}"


def _rows(plan: Plan, changes: Sequence[Change] | None) -> Iterator[tuple[str, str]]:
    to = plan.destination
    yield "image", to.release.image
    yield "manifest", f"{plan.before.get('manifest', 'none')} -> {to.entry['manifest']}"
    standby = to.entry.get("standby")
    yield "standby", f"{standby} stays warm" if standby is not None else "none"
    ready = f"{plan.readiness.endpoints_ready} of {plan.target.workload.least_replicas} replicas ready"
    yield "workload", f"{'warm' if plan.warm else 'cold'}, {ready}" + ("" if plan.warm else "; traffic waits for them")
    yield "steps", plan.steps
    yield "known from", "its own commits in the cluster" if plan.source == "journal" else "the stack's history alone"
    for text in to.passed_over:
        yield "passed over", text
    for text in plan.warnings:
        yield "warning", text
    for number, change in enumerate(changes or ()):
        yield "changes" if number == 0 else "", str(change)
    if not changes:
        yield (
            "changes",
            "no resource"
            if changes is not None
            else "of this service alone; what the update does is told as it is done",
        )


def _changes(changes: Sequence[Change] | None) -> list[dict[str, Any]] | None:
    if changes is None:
        return None
    return [
        {"op": one.op, "type": one.type, "name": one.name, "service": one.service, "properties": list(one.diffs)}
        for one in changes
    ]


def _values(one: ReleasedVersion) -> dict[str, str]:
    return one.model_dump(include=set(ReleasedVersion.model_fields))


def _label(one: ReleasedVersion) -> str:
    return f"{one.version} ({one.revision})"
