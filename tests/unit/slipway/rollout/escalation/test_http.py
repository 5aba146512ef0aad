"""One try to tell one receiver: what is sent, what each answer means, and that nothing secret is ever shown."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from slipway.release.escalation.formats import signature
from slipway.release.escalation.outbox import Closed, Outcome
from slipway.rollout.escalation.http import post
from tests.escalations import ALERTMANAGER, PAGERDUTY, SLACK, WEBHOOK, escalation, over_http

SECRETS = {
    "PD_KEY": "R0UT1NGKEY",
    "SLACK_URL": "https://hooks.example/services/T000/B000/S3CRET",
    "HOOK_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "TOKEN": "T0KEN",
}
NOW = 1614265330.5
EVERY = (ALERTMANAGER, PAGERDUTY, SLACK, WEBHOOK)
KINDS = pytest.mark.parametrize("values", EVERY, ids=lambda values: values["kind"])


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)


def told(
    values: dict[str, Any], answer: Callable[[httpx2.Request], httpx2.Response] | int = 200, end: Closed | None = None
) -> tuple[Outcome, httpx2.Request | None]:
    seen: list[httpx2.Request] = []

    def serve(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return httpx2.Response(answer) if isinstance(answer, int) else answer(request)

    outcome = post(over_http(values), escalation(), end, NOW, httpx2.MockTransport(serve))
    return outcome, seen[0] if seen else None


def sent(values: dict[str, Any], end: Closed | None = None) -> httpx2.Request:
    _, request = told(values, end=end)
    assert request is not None
    return request


def test_each_receiver_is_reached_where_it_listens() -> None:
    assert str(sent(ALERTMANAGER).url) == "http://alertmanager.example:9093/api/v2/alerts"
    assert str(sent(PAGERDUTY).url) == "https://events.pagerduty.com/v2/enqueue"
    assert str(sent(SLACK).url) == SECRETS["SLACK_URL"]
    assert str(sent(WEBHOOK).url) == WEBHOOK["url"]


def test_the_routing_key_and_the_bearer_token_are_those_of_their_places(tmp_path: Path) -> None:
    assert json.loads(sent(PAGERDUTY).content)["routing_key"] == "R0UT1NGKEY"
    assert "authorization" not in sent(ALERTMANAGER).headers
    assert sent({**ALERTMANAGER, "token": {"env": "TOKEN"}}).headers["authorization"] == "Bearer T0KEN"
    (tmp_path / "token").write_text("of a file\n")
    request = sent({**ALERTMANAGER, "token": {"file": str(tmp_path / "token")}})
    assert request.headers["authorization"] == "Bearer of a file"


def test_a_webhook_is_signed_over_its_id_its_time_and_its_body() -> None:
    request = sent(WEBHOOK)
    assert request.headers["webhook-id"] == "abort-checkout-1"
    assert request.headers["webhook-timestamp"] == "1614265330"
    wanted = signature(SECRETS["HOOK_SECRET"], "abort-checkout-1", 1614265330, request.content)
    assert request.headers["webhook-signature"] == wanted


def test_the_end_is_a_message_of_its_own() -> None:
    request = sent(WEBHOOK, Closed(by="kim", at=2000.0))
    assert request.headers["webhook-id"] == "abort-checkout-1.closed"
    assert json.loads(request.content)["type"] == "escalation.closed"


@KINDS
@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_every_success_is_delivered(values: dict[str, Any], status: int) -> None:
    assert told(values, status)[0] == Outcome("delivered")


@KINDS
@pytest.mark.parametrize("status", [401, 403, 408, 429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again(values: dict[str, Any], status: int) -> None:
    outcome, _ = told(values, status)
    assert (outcome.result, outcome.why) == ("again", f"HTTP {status}")


@KINDS
@pytest.mark.parametrize("status", [301, 307, 400, 404, 410, 413, 422])
def test_what_is_wrong_with_the_request_itself_is_never_tried_again(values: dict[str, Any], status: int) -> None:
    assert told(values, status)[0].result == "refused"


@pytest.mark.parametrize(
    ("header", "seconds"), [("30", 30.0), ("0", 0.0), ("Thu, 25 Feb 2021 15:03:00 GMT", 49.5), ("soon", None)]
)
def test_a_receiver_says_how_long_to_wait(header: str, seconds: float | None) -> None:
    outcome, _ = told(SLACK, lambda _: httpx2.Response(429, headers={"Retry-After": header}))
    assert outcome.after == seconds


@pytest.mark.parametrize("error", [httpx2.ConnectError("refused"), httpx2.ReadError("gone"), OSError("no route")])
def test_a_network_that_fails_is_tried_again(error: Exception) -> None:
    def fail(_: httpx2.Request) -> httpx2.Response:
        raise error

    outcome, _ = told(WEBHOOK, fail)
    assert outcome.result == "again"
    assert "cannot be reached" in outcome.why


def test_a_receiver_that_does_not_answer_is_tried_again() -> None:
    def late(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ReadTimeout("late", request=request)

    assert told(WEBHOOK, late)[0] == Outcome("again", "did not answer in time")


@KINDS
def test_no_outcome_shows_a_secret_that_an_answer_quotes(values: dict[str, Any]) -> None:
    def quote(request: httpx2.Request) -> httpx2.Response:
        given = f"{request.url} {request.headers} {request.content.decode()} {' '.join(SECRETS.values())}"
        return httpx2.Response(400, text=given[-500:])

    with_token = {**values, "token": {"env": "TOKEN"}} if values["kind"] == "alertmanager" else values
    outcome, _ = told(with_token, quote)
    mine = {"alertmanager": "TOKEN", "pagerduty": "PD_KEY", "slack": "SLACK_URL", "webhook": "HOOK_SECRET"}
    assert SECRETS[mine[values["kind"]]] not in outcome.why


def test_no_outcome_shows_the_address_of_a_slack_webhook_that_cannot_be_reached() -> None:
    def fail(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError(f"cannot connect to {request.url}")

    assert "S3CRET" not in told(SLACK, fail)[0].why


@pytest.mark.parametrize("value", ["", "two\nlines", "ÿ"])
def test_a_secret_that_is_missing_or_damaged_is_tried_again_and_named(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PD_KEY", value)
    outcome, request = told(PAGERDUTY)
    assert request is None
    assert outcome.result == "again"
    assert outcome.why.startswith("the variable PD_KEY ")


def test_a_file_of_a_secret_that_is_missing_is_named(tmp_path: Path) -> None:
    outcome, _ = told({**SLACK, "webhook": {"file": str(tmp_path / "none")}})
    assert outcome.why == f"the file {tmp_path}/none cannot be read: No such file or directory"


def test_a_signing_secret_that_is_no_base64_is_named_without_being_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_SECRET", "not base64!")
    outcome, request = told(WEBHOOK)
    assert request is None
    assert outcome == Outcome("again", "the variable HOOK_SECRET is not base64, with or without whsec_ before it")


def test_an_address_that_is_no_url_is_tried_again_without_being_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_URL", "nonsense-S3CRET")
    outcome, _ = told(SLACK)
    assert outcome.result == "again"
    assert "S3CRET" not in outcome.why
