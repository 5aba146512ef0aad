"""What each receiver is sent. Limits and fields are those of the receivers' documents."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.release.escalation.formats import FORMATS, facts, signature
from slipway.release.escalation.model import Escalation
from slipway.release.escalation.outbox import Closed
from tests.escalations import escalation

END = Closed(by="kim", at=2000.0, reason="fixed")
TEXTS = st.text(max_size=3000)


@given(what=TEXTS, service=st.text(max_size=300), place=TEXTS, owner=TEXTS, runbook=TEXTS)
def test_whatever_is_said_stays_within_the_limits(
    what: str, service: str, place: str, owner: str, runbook: str
) -> None:
    one = escalation(what=what, service=service, place=place, owner=owner, runbook=runbook)
    event = FORMATS["pagerduty"](one, None, 0.0)
    assert len(event["dedup_key"]) <= 255
    assert len(event["payload"]["summary"]) <= 1024
    message = FORMATS["slack"](one, None, 0.0)
    assert len(message["text"]) <= 3000
    assert len(message["blocks"][0]["text"]["text"]) <= 150
    assert len(message["blocks"][1]["text"]["text"]) <= 3000
    for kind in FORMATS:
        json.dumps(FORMATS[kind](one, END, 0.0), allow_nan=False)


def test_everything_that_is_known_is_said_to_everybody() -> None:
    one = escalation()
    said = [text for _, text in facts(one, None)]
    assert {one.what, one.statistic, one.hit, one.done, one.runbook, one.next, one.id} <= set(said)
    for kind in FORMATS:
        shown = json.dumps(FORMATS[kind](one, None, 2000.0))
        assert all(text in shown for text in (one.what, one.statistic, one.hit, one.done, one.runbook, one.id)), kind


def test_an_alert_has_the_labels_that_alarms_have_and_is_the_same_alert_each_time() -> None:
    one = escalation()
    (first,), (later,) = (FORMATS["alertmanager"](one, None, now) for now in (1100.0, 1160.0))
    assert first["labels"] == later["labels"]
    assert {"service": "checkout", "owner": "payments", "severity": "page"}.items() <= first["labels"].items()
    assert first["annotations"]["runbook_url"] == one.runbook
    assert first["startsAt"] == "1970-01-01T00:16:40.000Z"
    assert first["endsAt"] == "1970-01-02T00:18:20.000Z"
    (ended,) = FORMATS["alertmanager"](one, END, 2100.0)
    assert ended["endsAt"] == "1970-01-01T00:33:20.000Z"


def test_an_event_is_resolved_by_its_own_key() -> None:
    assert FORMATS["pagerduty"](escalation(), END, 0.0) == {
        "event_action": "resolve",
        "dedup_key": "abort-checkout-1",
    }


def test_a_page_is_critical_and_a_ticket_a_warning() -> None:
    found = [FORMATS["pagerduty"](escalation(severity=one), None, 0.0) for one in ("page", "ticket")]
    assert [event["payload"]["severity"] for event in found] == ["critical", "warning"]


def test_a_message_cannot_call_everybody() -> None:
    said = FORMATS["slack"](escalation(what="<!channel> & <https://evil.example|here>"), None, 0.0)
    assert "<" not in json.dumps(said)
    assert "&lt;!channel&gt; &amp;" in said["text"]


def test_a_webhook_has_the_escalation_as_it_is() -> None:
    one = escalation()
    raised, ended = FORMATS["webhook"](one, None, 0.0), FORMATS["webhook"](one, END, 0.0)
    assert (raised["type"], ended["type"]) == ("escalation.raised", "escalation.closed")
    assert Escalation.model_validate(raised["data"]) == one
    assert ended["data"]["closed"]["by"] == "kim"


def test_the_signature_is_the_one_of_the_specification() -> None:
    """The example of the specification's reference libraries."""
    secret, body = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", b'{"test": 2432232314}'
    found = signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert found == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert signature(secret.removeprefix("whsec_"), "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body) == found


@pytest.mark.parametrize("secret", ["no base64!", "", "whsec_", "ÿ"])
def test_a_secret_that_signs_nothing_is_refused_without_being_shown(secret: str) -> None:
    with pytest.raises(ValueError, match=r"^is ") as error:
        signature(secret, "id", 1, b"")
    assert not secret or secret not in str(error.value)


def test_another_body_has_another_signature() -> None:
    secret = base64.b64encode(b"key").decode()
    assert signature(secret, "id", 1, b"a") != signature(secret, "id", 1, b"b")
