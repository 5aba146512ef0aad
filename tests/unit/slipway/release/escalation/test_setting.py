"""The stack setting: who is told of what. Every problem names its field and what to write."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from slipway.release.errors import EngineError, InputError
from slipway.release.escalation.receivers import secrets_of, shown
from slipway.release.escalation.setting import KEY, EscalationSetting, setting_of, unrouted
from tests.escalations import ALERTMANAGER, PAGERDUTY, SLACK, WEBHOOK, receiver

STACK = Path("Pulumi.prod.yaml")


def setting(**changes: Any) -> dict[str, Any]:
    owners = {"payments": {"page": [PAGERDUTY], "ticket": [SLACK]}, "platform": {"page": [ALERTMANAGER]}}
    return {"owners": owners, "fallback": "platform", **changes}


def read(given: object) -> EscalationSetting:
    return setting_of({KEY: given}, STACK)


def problems(given: object) -> str:
    with pytest.raises(InputError) as error:
        read(given)
    return str(error.value)


def test_each_severity_goes_to_its_receivers_and_to_the_others_where_it_has_none() -> None:
    found = read(setting())
    payments, platform = found.route("payments").receivers, found.route("platform").receivers
    assert [one.kind for one in payments.of("page")] == ["pagerduty"]
    assert [one.kind for one in payments.of("ticket")] == ["slack"]
    assert [one.kind for one in platform.of("ticket")] == ["alertmanager"]


def test_an_owner_who_is_not_listed_is_told_by_the_fallback() -> None:
    assert read(setting()).route("nobody").receivers == read(setting()).owners["platform"]


def test_an_aborted_rollout_is_escalated_only_where_that_is_said_and_a_kill_always() -> None:
    assert read(setting()).route("payments").abort is None
    assert read(setting()).route("payments").kill == "page"
    assert read(setting(abort="ticket")).route("payments").abort == "ticket"


def test_without_the_setting_the_remedy_is_said() -> None:
    with pytest.raises(EngineError, match=r"Pulumi.prod.yaml has no releases:escalation.*Write releases:escalation"):
        setting_of({}, STACK)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"fallback": "x"}, "escalation.owners: is missing"),
        (setting(fallback="nobody"), "escalation.fallback: is none of the owners (payments, platform)"),
        (setting(abort="shout"), "escalation.abort"),
        (setting(owners={"payments": {}}, fallback="payments"), "needs receivers for page or for ticket"),
        (setting(owners={"p": {"page": [{"kind": "opsgenie"}]}}, fallback="p"), "opsgenie is not known"),
        (setting(owners={"p": {"page": [{**SLACK, "webhook": {}}]}}, fallback="p"), "exactly one of file and env"),
        (setting(owners={"p": {"page": [{**SLACK, "webhook": "x"}]}}, fallback="p"), "webhook: must be a mapping"),
        (setting(owners={"p": {"page": [{**WEBHOOK, "url": "http://u:p@h"}]}}, fallback="p"), "it holds no user"),
        (setting(colour="red"), "escalation.colour: is not a known field"),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else None,
)
def test_what_is_wrong_is_named_with_its_field(given: object, said: str) -> None:
    assert said in problems(given)


def test_all_problems_are_listed_at_once() -> None:
    assert "3 problem(s)" in problems(setting(abort="shout", fallback="nobody", colour="red"))


def test_a_secret_that_is_written_instead_of_its_place_is_not_shown() -> None:
    given = setting(owners={"p": {"page": [{"kind": "pagerduty", "routingKey": "R0UTINGKEY"}]}}, fallback="p")
    assert "R0UTINGKEY" not in problems(given)


def test_an_owner_of_a_service_without_receivers_is_a_problem_and_not_the_fallbacks_matter() -> None:
    (found,) = unrouted(read(setting()), [("checkout", "payments"), ("cart", "paymnets")])
    assert str(found).startswith("escalation.owners: has no paymnets, who owns cart")
    assert unrouted(None, [("cart", "paymnets")]) == []


def test_a_receiver_is_shown_by_the_place_of_its_secret() -> None:
    assert shown(receiver(SLACK)) == "slack by the variable SLACK_URL"
    assert shown(receiver(PAGERDUTY)) == "pagerduty by the variable PD_KEY"
    assert shown(receiver(WEBHOOK)) == "webhook http://oncall.example/hook"
    with_file = receiver({**SLACK, "webhook": {"file": "/run/secrets/slack"}})
    assert shown(with_file) == "slack by the file /run/secrets/slack"
    assert [str(one) for one in secrets_of(with_file)] == ["the file /run/secrets/slack"]
    assert secrets_of(receiver(ALERTMANAGER)) == ()
