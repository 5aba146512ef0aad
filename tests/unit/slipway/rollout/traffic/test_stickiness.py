from __future__ import annotations

from typing import Any

import pytest

from slipway.release.manifest.guardrails import Guardrail
from slipway.release.manifest.route import Route
from slipway.rollout.traffic.stickiness import sentence, short, unclaimed
from tests.unit.slipway.rollout.examples import ROUTE, wanted

REQUESTS: dict[str, Any] = {"name": "errors", "kind": "error-ratio"}
CLIENTS: dict[str, Any] = {"name": "clients", "kind": "client-failures"}
ALERT: dict[str, Any] = {"name": "pages", "kind": "alert", "alert": "CheckoutDown"}


def having(affinity: dict[str, str] | None, *guardrails: dict[str, Any]) -> tuple[Route, tuple[Guardrail, ...]]:
    found = wanted(route={**ROUTE, "affinity": affinity}, guardrails=list(guardrails))
    return found.route, found.guardrails


def test_independent_requests_lose_no_claim() -> None:
    assert unclaimed(*having(None, REQUESTS, CLIENTS)) == ()
    assert short(*having(None, REQUESTS)) == sentence(*having(None, REQUESTS)) == ""


def test_where_the_route_draws_the_clients_only_what_counts_requests_claims_nothing() -> None:
    assert unclaimed(*having({"cookie": "side"}, REQUESTS, CLIENTS, ALERT)) == ("errors",)
    assert short(*having({"cookie": "side"}, CLIENTS)) == ""


def test_where_others_keep_the_clients_counting_them_claims_nothing_either() -> None:
    assert unclaimed(*having({"header": "x-client"}, REQUESTS, CLIENTS, ALERT)) == ("errors", "clients")
    text = sentence(*having({"header": "x-client"}, CLIENTS))
    assert "by means outside the route (header x-client), so no error rate can be claimed for clients" in text
    assert "route.affinity.cookie" in text


@pytest.mark.parametrize(("guardrails", "advised"), [((REQUESTS,), True), ((REQUESTS, CLIENTS), False)])
def test_the_plan_advises_the_first_failure_test_unless_it_is_declared(
    guardrails: tuple[dict[str, Any], ...], advised: bool
) -> None:
    text = sentence(*having({"cookie": "side"}, *guardrails))
    assert text.startswith("clients stick to one side, so no error rate can be claimed for errors")
    assert ("declare a client-failures guardrail" in text) == advised


def test_the_short_form_is_for_a_status_line() -> None:
    assert short(*having({"cookie": "side"}, REQUESTS)) == (
        "no error rate claimed for errors: clients stick to one side"
    )
