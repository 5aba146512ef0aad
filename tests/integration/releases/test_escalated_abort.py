"""An aborted release tells its owner through a real Alertmanager, and the next good one ends the alarm."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx2

from sandbox.chaos.processes import Checkout
from tests.integration.releases.conftest import StartLoad
from tests.integration.releases.service import EASY, NAME, QUICK, Service, until


def active(url: str, owner: str) -> list[dict[str, Any]]:
    """The owner's alarms that have not ended."""
    answer = httpx2.get(f"{url}/api/v2/alerts", params={"filter": f'owner="{owner}"', "active": "true"}, timeout=10.0)
    return list(answer.raise_for_status().json())


def test_an_abort_is_an_alarm_at_its_owner_until_a_release_has_succeeded(
    service: Service, load: StartLoad, checkout: Checkout, variables: Mapping[str, str]
) -> None:
    url, owner = variables["SLIPWAY_ALERTMANAGER_URL"], f"team-{service.stage.namespace}"
    who = {"team": owner, "oncall": "https://oncall.example", "runbook": "https://runbooks.example/checkout"}
    service.stage.escalation = {
        "owners": {owner: {"page": [{"kind": "alertmanager", "url": url}]}},
        "fallback": owner,
        "abort": "page",
    }
    service.released("v1", QUICK, owner=who, **EASY)
    with load(rate=200.0):
        assert service.release("errors-100", QUICK, owner=who, **EASY).code != 0
        until(lambda: len(active(url, owner)) == 1, "the alarm")
        (alarm,) = active(url, owner)
        service.released("v2", QUICK, owner=who, **EASY)
    assert (alarm["labels"]["service"], alarm["labels"]["severity"]) == (NAME, "page")
    assert any("errors-100" in text for text in alarm["annotations"].values())
    until(lambda: active(url, owner) == [], "the end of the alarm", 150)
