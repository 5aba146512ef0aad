"""A topic of SNS is published to by the real client of AWS, against a server on loopback."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest

from slipway.release.escalation.outbox import Closed, Outcome
from slipway.rollout.escalation.telling import tell
from tests.escalations import SNS, escalation, receiver

ANSWER = (
    b'<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult><MessageId>m</MessageId>'
    b"</PublishResult></PublishResponse>"
)
REFUSAL = (
    '<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error><Type>Sender</Type><Code>{}</Code>'
    "<Message>m</Message></Error></ErrorResponse>"
)


class Topic(ThreadingHTTPServer):
    """Answers by `answer`, and keeps the requests."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.got: list[dict[str, list[str]]] = []
        self.answer: tuple[int, bytes] = (200, ANSWER)


class _Handler(BaseHTTPRequestHandler):
    server: Topic

    def do_POST(self) -> None:
        self.server.got.append(parse_qs(self.rfile.read(int(self.headers["content-length"])).decode()))
        self.send_response(self.server.answer[0])
        self.end_headers()
        self.wfile.write(self.server.answer[1])

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing."""


@pytest.fixture
def topic(monkeypatch: pytest.MonkeyPatch) -> Iterator[Topic]:
    with Topic() as server:
        for name, value in (
            ("AWS_ACCESS_KEY_ID", "a"),
            ("AWS_SECRET_ACCESS_KEY", "s"),
            ("AWS_ENDPOINT_URL_SNS", f"http://127.0.0.1:{server.server_port}"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ):
            monkeypatch.setenv(name, value)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def told(end: Closed | None = None) -> Outcome:
    return tell(receiver(SNS), escalation(service="cärt"), end, 0.0)


def test_an_escalation_is_published_with_its_id(topic: Topic) -> None:
    assert told() == Outcome("delivered")
    (request,) = topic.got
    assert request["TopicArn"] == [SNS["topic"]]
    assert request["Subject"] == ["c?rt: release aborted"]
    message = json.loads(request["Message"][0])
    assert (message["type"], message["data"]["id"]) == ("escalation.raised", "abort-checkout-1")
    assert "abort-checkout-1" in request["MessageAttributes.entry.1.Value.StringValue"]


def test_its_end_is_published_too(topic: Topic) -> None:
    assert told(Closed(by="kim", at=1.0)) == Outcome("delivered")
    assert json.loads(topic.got[0]["Message"][0])["type"] == "escalation.closed"


@pytest.mark.parametrize(
    ("status", "code", "result"),
    [
        (400, "InvalidParameter", "refused"),
        (404, "NotFound", "refused"),
        (403, "AuthorizationError", "again"),
        (400, "Throttling", "again"),
        (503, "ServiceUnavailable", "again"),
    ],
)
def test_an_answer_is_told_from_another_and_asked_for_once(topic: Topic, status: int, code: str, result: str) -> None:
    topic.answer = (status, REFUSAL.format(code).encode())
    outcome = told()
    assert (outcome.result, outcome.why) == (result, f"HTTP {status}: {code}")
    assert len(topic.got) == 1


def test_a_topic_that_cannot_be_reached_is_tried_again(topic: Topic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SNS", "http://127.0.0.1:1")
    assert told().result == "again"
