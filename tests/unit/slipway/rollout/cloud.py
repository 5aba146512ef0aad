"""AWS for unit tests: boto3's real clients, served by moto in this process, with what may go wrong on the way."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import cache
from typing import Any
from urllib.parse import parse_qs

import boto3  # type: ignore[import-untyped]
from botocore import UNSIGNED  # type: ignore[import-untyped]
from botocore.awsrequest import AWSPreparedRequest, AWSResponse  # type: ignore[import-untyped]
from botocore.config import Config  # type: ignore[import-untyped]
from botocore.exceptions import ReadTimeoutError  # type: ignore[import-untyped]
from moto.core.botocore_stubber import BotocoreStubber

from slipway.rollout.platforms.aws.table import PARTITION, SORT, Json
from slipway.rollout.platforms.trying import Patience

REGION = "us-east-1"
Effect = Callable[[AWSPreparedRequest], AWSResponse | None]
"""What happens to one request before it is served: it raises, answers instead of the server, or gives None."""


class Cloud:
    """One account. `before` holds an effect for each of the next requests; `requests` are the names of those that were
    sent. moto's backends are shared by the whole process, so names are made up anew for each."""

    def __init__(self) -> None:
        self.before: list[Effect] = []
        self.requests: list[str] = []
        self.waited: list[float] = []
        self.date: float | None = None
        """The time of the servers; None where no test is about it."""
        self.patience = Patience(pause=self.waited.append, clock=lambda: 0.0)
        self.name = f"slipway-{secrets.token_hex(6)}"
        """Of everything that is made here."""
        self._clients: dict[str, Any] = {}
        self._moto = BotocoreStubber()
        self._moto.enabled = True

    def client(self, service: str) -> Any:
        """boto3's client of one service, as the adaptors use it."""
        if service not in self._clients:
            # An object of S3 is private, for moto too: who does not sign may not read it.
            signature = None if service == "s3" else UNSIGNED
            once = Config(
                retries={"total_max_attempts": 1}, signature_version=signature, ignore_configured_endpoint_urls=True
            )
            keys = {"aws_access_key_id": "unit", "aws_secret_access_key": "unit"}
            self._clients[service] = made = _session().client(service, config=once, **keys)
            made.meta.events.register(f"before-send.{made.meta.service_model.service_id.hyphenize()}", self._send)
        return self._clients[service]

    def serve(self, request: AWSPreparedRequest) -> AWSResponse:
        """What the server answers."""
        answer = self._moto("before-send", request)
        assert answer is not None, f"the emulator does not know {request.url}"
        if self.date is not None:
            answer.headers["date"] = format_datetime(datetime.fromtimestamp(self.date, UTC), usegmt=True)
        return answer

    def create_table(self, name: str | None = None) -> None:
        """The state table, or another one."""
        self.client("dynamodb").create_table(
            TableName=name or self.name,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[
                {"AttributeName": PARTITION, "KeyType": "HASH"},
                {"AttributeName": SORT, "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": PARTITION, "AttributeType": "S"},
                {"AttributeName": SORT, "AttributeType": "S"},
            ],
        )
        self.requests.clear()

    def create_bucket(self, *, versions: bool = True, days: int | None = 30) -> None:
        """A bucket, with the days of its object lock's default retention; None for a lock without one, and without
        `versions` there is no lock either."""
        s3 = self.client("s3")
        s3.create_bucket(Bucket=self.name, ObjectLockEnabledForBucket=versions)
        if versions and days is not None:
            rule = {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": days}}
            lock = {"ObjectLockEnabled": "Enabled", "Rule": rule}
            s3.put_object_lock_configuration(Bucket=self.name, ObjectLockConfiguration=lock)
        self.requests.clear()

    def items(self) -> dict[tuple[str, str], str]:
        """What lies in the table: key -> text."""
        found: list[Json] = self.client("dynamodb").scan(TableName=self.name)["Items"]
        return {(one[PARTITION]["S"], one[SORT]["S"]): one["text"]["S"] for one in found}

    def _send(self, request: AWSPreparedRequest, event_name: str = "", **_: object) -> AWSResponse:
        call = event_name.rpartition(".")[2] if event_name.startswith("before-send.lambda.") else named(request)
        self.requests.append(call)
        effect = self.before.pop(0) if self.before else None
        answer = effect(request) if effect is not None else None
        return answer if answer is not None else self.serve(request)


@cache
def _session() -> Any:
    """It reads the models of the APIs once."""
    return boto3.session.Session(region_name=REGION)


def named(request: AWSPreparedRequest) -> str:
    """The name of the call, such as `PutItem`: in a header, or in the body of the older APIs. Of the others,
    such as S3, it is the method of HTTP."""
    target = request.headers.get("X-Amz-Target", b"")
    text = target.decode() if isinstance(target, bytes) else str(target)
    if text:
        return text.rpartition(".")[2]
    body = request.body.decode() if isinstance(request.body, bytes) else str(request.body or "")
    return parse_qs(body).get("Action", [str(request.method)])[0]


def failing(error: Exception) -> Effect:
    """An effect that breaks the connection."""

    def effect(_: AWSPreparedRequest) -> AWSResponse | None:
        raise error

    return effect


def timeout() -> Exception:
    """What botocore raises when no answer comes."""
    return ReadTimeoutError(endpoint_url="https://aws.example")  # type: ignore[no-any-return]


def unanswered(cloud: Cloud) -> Effect:
    """An effect that does what is asked and loses the answer."""

    def effect(request: AWSPreparedRequest) -> AWSResponse | None:
        cloud.serve(request)
        raise timeout()

    return effect


def answering(status: int, code: str) -> Effect:
    """An effect that refuses, as an API with JSON does."""

    def effect(request: AWSPreparedRequest) -> AWSResponse | None:
        body = f'{{"__type": "com.amazonaws.dynamodb.v20120810#{code}", "message": "no"}}'
        return AWSResponse(request.url, status, {"Content-Type": "application/x-amz-json-1.0"}, _Raw(body.encode()))

    return effect


def answering_xml(status: int, code: str) -> Effect:
    """The same of an API with XML."""

    def effect(request: AWSPreparedRequest) -> AWSResponse | None:
        body = f"<ErrorResponse><Error><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"
        return AWSResponse(request.url, status, {"Content-Type": "text/xml"}, _Raw(body.encode()))

    return effect


def doing(action: Callable[[], object]) -> Effect:
    """An effect of another process, just before the request is served."""

    def effect(_: AWSPreparedRequest) -> AWSResponse | None:
        action()
        return None

    return effect


def untouched(_: AWSPreparedRequest) -> AWSResponse | None:
    """No effect on this request."""
    return None


class _Raw:
    """The body of an answer, as urllib3 gives it."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, *_: object, **__: object) -> list[bytes]:
        """All of it at once."""
        return [self._body]
