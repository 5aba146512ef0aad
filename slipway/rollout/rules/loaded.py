"""Whether a server evaluates exactly the rules that are wanted. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from slipway.release.slo.promql import same
from slipway.release.units import seconds

NEVER = "0001-01-01T00:00:00Z"
"""What the API gives as the time of an evaluation that has not been."""

Rule = Mapping[str, Any]


def missing(group: str, wanted: Sequence[Rule], groups: Sequence[Sequence[Rule]]) -> str | None:
    """What is not as it should be yet, None when every rule is loaded, evaluated and healthy. `groups` are the rules of
    each group of that name, as `/api/v1/rules` has them."""
    if not groups:
        return f"no group {group} is loaded"
    if len(groups) > 1:
        return f"the group {group} is loaded from {len(groups)} files"
    (loaded,) = groups
    if len(loaded) != len(wanted):
        return f"the group {group} is loaded with {len(loaded)} rules instead of {len(wanted)}"
    problems = (_problem(rule, has) for rule, has in zip(wanted, loaded, strict=True))
    return next((problem for problem in problems if problem is not None), None)


def _problem(wanted: Rule, loaded: Rule) -> str | None:
    name = wanted.get("alert", wanted.get("record"))
    if not _is(wanted, loaded):
        return f"{name} is loaded as it was before"
    health = loaded.get("health")
    if health != "ok" or loaded.get("lastEvaluation", NEVER) == NEVER:
        return f"{name} is not evaluated: {loaded.get('lastError') or f'health is {health}'}"
    return None


def _is(wanted: Rule, loaded: Rule) -> bool:
    alerting = "alert" in wanted
    return (
        loaded.get("type") == ("alerting" if alerting else "recording")
        and loaded.get("name") == wanted.get("alert" if alerting else "record")
        and same(str(wanted.get("expr")), str(loaded.get("query")))
        and (loaded.get("labels") or {}) == (wanted.get("labels") or {})
        and (not alerting or _acts_alike(wanted, loaded))
    )


def _acts_alike(wanted: Rule, loaded: Rule) -> bool:
    hold = loaded.get("duration", 0)
    return hold == seconds(wanted.get("for", 0)) and (loaded.get("annotations") or {}) == (
        wanted.get("annotations") or {}
    )
