"""The outputs of a Rollout: what the stack's state and history keep of it. Bounded, and free of timestamps of
looks, so that an unchanged stack shows no change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from slipway.release.records.journal import Attempt, Head, Serving
from slipway.release.rollout_inputs import RolloutInputs
from slipway.rollout.routers.base import LiveRoute

STEPS_KEPT = 200


def outputs_of(wanted: RolloutInputs, head: Head, live: LiveRoute | None) -> dict[str, Any]:
    """The inputs, the live weights, what serves, when it is watched, and the record of the last completed
    rollout."""
    return {**wanted.to_wire(), **outcome_of(head, live)}


def outcome_of(head: Head, live: LiveRoute | None) -> dict[str, Any]:
    """What the outputs say beside the inputs."""
    attempt = head.attempt
    return {
        "weights": weights_of(live),
        "serving": head.serving.model_dump(mode="json", by_alias=True, exclude_none=True) if head.serving else None,
        "outcome": _outcome(attempt) if attempt is not None else None,
        "watched": watched_of(head),
    }


def watched_of(head: Head) -> dict[str, float]:
    """From when until when what serves is watched by the watch that its commit opened, in whole Unix seconds; empty
    where it opened none, as after a rollback. Never missing, so that the preview of an unchanged stack knows it."""
    watch, serving = head.watch, head.serving
    if watch is None or serving is None or watch.backend.revision != serving.backend.revision:
        return {}
    return {"opened": float(int(watch.opened)), "until": float(round(watch.over))}


def weights_of(live: LiveRoute | None) -> dict[str, float]:
    """Percent per Service as the cluster has it now; empty when there is no route."""
    shares = live.shares if live is not None else {}
    return {name: round(share, 2) for name, share in sorted(shares.items()) if share > 0}


def recorded_serving(olds: Mapping[str, Any]) -> Serving | None:
    """What the stack's state says was serving; None when it says nothing that can be understood."""
    try:
        return Serving.model_validate(olds.get("serving"), extra="ignore")
    except ValidationError:
        return None


def _outcome(attempt: Attempt) -> dict[str, Any]:
    steps = [step.model_dump(mode="json", by_alias=True, exclude_none=True) for step in attempt.steps]
    return {
        "rollout": attempt.id,
        "kind": attempt.kind,
        "result": attempt.outcome.value,
        "revision": attempt.candidate.revision,
        "version": attempt.candidate.version,
        "began": attempt.began,
        "ended": attempt.ended,
        "steps": steps[-STEPS_KEPT:],
        **({"notes": list(attempt.notes)} if attempt.notes else {}),
        **({"caveat": attempt.caveat} if attempt.caveat else {}),
    }
