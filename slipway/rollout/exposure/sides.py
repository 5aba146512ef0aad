"""The two sides of an exposure: a variant and the off variant of its flag, and the flag's queries for either. Pure."""

from __future__ import annotations

from slipway.release.flags.queries import FLAG, VARIANT
from slipway.release.manifest.guardrails import Guardrail
from slipway.release.rollout_inputs import Backend


def side_of(flag: str, variant: str) -> Backend:
    """A variant as one side of the comparison: its revision is what `{variant}` stands for. It runs nowhere of its own,
    so everything about a workload is empty."""
    return Backend(
        revision=variant,
        version=variant,
        image="",
        workload="",
        entry=f"{flag}/{variant}",
        port=0,
        replicas=1,
        ready_within=0.0,
        scaled_by_rollout=False,
    )


def filled(guardrail: Guardrail, flag: str) -> Guardrail:
    """The guardrail with its queries for this flag; `{variant}` becomes what the readers of metrics fill in for either
    side."""
    changes: dict[str, object] = {field: for_flag(query, flag) for field, query in guardrail.queries.items()}
    if guardrail.kind == "alert":
        changes = {"labels": {name: value.replace(FLAG, flag) for name, value in guardrail.labels.items()}}
    return guardrail.model_copy(update=changes)


def for_flag(query: str, flag: str) -> str:
    """One query of a flag, as the readers of metrics take it."""
    return query.replace(FLAG, flag).replace(VARIANT, "{revision}")
