"""What a flag's guardrails must count in order to tell its variants apart."""

from __future__ import annotations

from typing import Any

import pytest

from slipway.release.errors import InputError, Problem
from tests.flags import GUARDRAIL, NEW_CART, declared

BITMAP = {
    "name": "clients",
    "kind": "client-failures",
    "source": "bitmap",
    "seen": 'seen{variant="{variant}"}',
    "failed": 'failed{variant="{variant}"}',
}


def of(**changes: Any) -> dict[str, Problem]:
    """Problems by their place within the flag."""
    try:
        declared({"new-cart": {**NEW_CART, **changes}})
    except InputError as error:
        return {problem.path.removeprefix("flags.new-cart."): problem for problem in error.problems}
    return {}


def test_a_query_without_the_variant_is_refused_with_what_to_set() -> None:
    found = of(guardrails=[{**GUARDRAIL, "total": "all"}])
    assert list(found) == ["guardrails[0].total"]
    assert "has no {variant}" in found["guardrails[0].total"].message
    assert "feature_flag.result.variant" in found["guardrails[0].total"].remedy


@pytest.mark.parametrize(
    "guardrail",
    [{"name": "e", "kind": "error-ratio"}, {"name": "l", "kind": "latency", "threshold": "1s"}],
    ids=["error-ratio", "latency"],
)
def test_what_is_counted_at_the_gateway_cannot_guard_a_flag(guardrail: dict[str, Any]) -> None:
    assert "guardrails[0].kind" in of(guardrails=[guardrail], exposure={**EXPOSURE, "evaluations": COUNTED})


def test_the_access_log_knows_no_variants() -> None:
    log = {"name": "c", "kind": "client-failures", "source": "access-log", "key": {"field": "client"}}
    assert list(of(guardrails=[log], exposure={**EXPOSURE, "evaluations": COUNTED})) == ["guardrails[0].source"]


def test_something_must_count_who_gets_the_variant() -> None:
    assert list(of(guardrails=[BITMAP])) == ["exposure.evaluations"]
    assert of(guardrails=[BITMAP], exposure={**EXPOSURE, "evaluations": COUNTED}) == {}
    assert of(guardrails=[BITMAP, GUARDRAIL]) == {}


def test_evaluations_are_counted_by_variant_too() -> None:
    assert list(of(exposure={**EXPOSURE, "evaluations": "evaluations_total"})) == ["exposure.evaluations"]


EXPOSURE = NEW_CART["exposure"]
COUNTED = 'impressions_total{flag="{flag}", variant="{variant}"}'
