"""Who gets which alarm."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from pydantic import ValidationError

from slipway.release.slo.alertmanager import configuration
from slipway.release.slo.routing import Owned, unrouted
from tests.unit.slipway.release.slo.examples import document, routing


def test_each_owner_and_severity_has_a_route_of_its_own() -> None:
    found = configuration(routing())
    assert [(route["receiver"], route["matchers"]) for route in found["route"]["routes"]] == [
        ("team-checkout-page", ['owner="team-checkout"', 'severity="page"']),
        ("team-checkout-ticket", ['owner="team-checkout"', 'severity="ticket"']),
        ("team-platform-page", ['owner="team-platform"', 'severity="page"']),
    ]
    assert found["route"]["receiver"] == "team-platform-page"
    named = {receiver["name"] for receiver in found["receivers"]}
    assert {found["route"]["receiver"], *(route["receiver"] for route in found["route"]["routes"])} == named


def test_secrets_are_files_in_the_configuration() -> None:
    by_name = {receiver["name"]: receiver for receiver in configuration(routing())["receivers"]}
    pager = by_name["team-checkout-page"]["pagerduty_configs"][0]
    assert pager["routing_key_file"] == "/etc/alertmanager/secrets/checkout-pagerduty"
    hook = by_name["team-platform-page"]["webhook_configs"][0]
    assert hook["http_config"] == {"authorization": {"credentials_file": "/etc/alertmanager/secrets/oncall"}}


def test_mail_goes_by_the_server_that_is_named() -> None:
    owners = {"team-a": {"ticket": {"kind": "email", "to": "a@shop.example"}}}
    mail = {"smarthost": "mail.example:587", "from": "alerts@shop.example", "passwordFile": "/run/mail"}
    found = configuration(routing(owners=owners, fallback="team-a", mail=mail))
    assert found["global"] == {
        "smtp_smarthost": "mail.example:587",
        "smtp_from": "alerts@shop.example",
        "smtp_auth_password_file": "/run/mail",
    }
    with pytest.raises(ValidationError, match="team-a gets e-mail"):
        routing(owners=owners, fallback="team-a")


@pytest.mark.parametrize(
    "receiver",
    [
        {"kind": "webhook", "url": "https://user:secret@alerts.example"},
        {"kind": "slack", "channel": "#a", "apiUrlFile": "https://hooks.example/secret"},
        {"kind": "pagerduty", "routingKeyFile": "secret"},
    ],
)
def test_a_secret_itself_is_refused(receiver: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        routing(owners={"team-a": {"page": receiver}}, fallback="team-a")


def test_the_fallback_gets_everything_that_is_left() -> None:
    with pytest.raises(ValidationError, match="must be one of the owners"):
        routing(fallback="team-typo")
    empty = copy.deepcopy(document()["routing"]["owners"]) | {"team-empty": {}}
    with pytest.raises(ValidationError, match="must be one of the owners"):
        routing(owners=empty, fallback="team-empty")


@pytest.mark.parametrize(
    ("owned", "problem"),
    [
        (Owned("A", "team-typo", "page"), "team-typo has no route"),
        (Owned("A", "team-platform", "ticket"), "team-platform has no receiver for a ticket"),
    ],
)
def test_an_alarm_that_reaches_nobody_is_named_with_the_remedy(owned: Owned, problem: str) -> None:
    fine = Owned("B", "team-checkout", "page")
    (found,) = unrouted([fine, owned], routing())
    assert (found.owned, found.problem) == (owned, problem)
    assert f"routing.owners.{owned.owner}.{owned.severity}" in found.remedy


def test_without_a_routing_no_alarm_reaches_anybody() -> None:
    (found,) = unrouted([Owned("A", "team-checkout", "page")], None)
    assert "no routing is declared" in found.problem
