"""A request is signed as the specification of AWS says, which is written out here once more."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path
from urllib.parse import quote

import httpx2
import pytest
from pydantic import ValidationError

from slipway.release.errors import ClusterError
from slipway.release.http_access import HttpAccess, QueryAccess
from slipway.rollout.metrics.access import auth_of
from slipway.rollout.metrics.prometheus_api import Prometheus

HTTP = HttpAccess.model_validate({"sigv4": {"region": "eu-central-1"}})
KEY, SECRET = "AKIDEXAMPLE", "an-example-that-opens-nothing"
URL = "https://aps-workspaces.eu-central-1.example/workspaces/ws-1"


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)


def signature_of(request: httpx2.Request) -> str:
    """What a server computes of a request as it came."""
    signed = request.headers["Authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")
    pairs = sorted(request.url.params.multi_items())
    query = "&".join(f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in pairs)
    lines = [
        request.method,
        quote(request.url.path, safe="/-_.~"),
        query,
        *(f"{name}:{request.headers[name].strip()}" for name in signed),
        "",
        ";".join(signed),
        hashlib.sha256(request.content).hexdigest(),
    ]
    moment = request.headers["X-Amz-Date"]
    scope = f"{moment[:8]}/eu-central-1/aps/aws4_request"
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    key = f"AWS4{SECRET}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    text = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{digest}"
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


@pytest.mark.parametrize("token", ["", "a-session"])
def test_every_query_carries_a_signature_that_holds(token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if token:
        monkeypatch.setenv("AWS_SESSION_TOKEN", token)
    asked: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        return httpx2.Response(200, json={"status": "success", "data": {"resultType": "vector", "result": []}})

    client = Prometheus(URL, None, httpx2.MockTransport(answer), QueryAccess(http=HTTP))
    client.query('sum(up{job="a b"})')
    (request,) = asked
    authorization = request.headers["Authorization"]
    assert authorization.startswith(f"AWS4-HMAC-SHA256 Credential={KEY}/")
    assert authorization.endswith(f"Signature={signature_of(request)}")
    assert request.headers.get("X-Amz-Security-Token", "") == token
    assert SECRET not in str(request.headers)


def test_without_credentials_the_message_says_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    auth = auth_of(HTTP, "Prometheus at x")
    assert auth is not None
    with pytest.raises(ClusterError, match="Prometheus at x: no credentials of AWS"):
        next(auth.auth_flow(httpx2.Request("GET", URL)))


def test_a_profile_that_is_not_there_is_named() -> None:
    given = HttpAccess.model_validate({"sigv4": {"region": "eu-central-1", "profile": "absent"}})
    auth = auth_of(given, "Prometheus at x")
    assert auth is not None
    with pytest.raises(ClusterError, match=r"absent.*check http.sigv4.profile"):
        next(auth.auth_flow(httpx2.Request("GET", URL)))


def test_a_server_takes_one_scheme() -> None:
    both = {"sigv4": {"region": "eu-central-1"}, "authorization": {"credentialsFile": "/run/token"}}
    with pytest.raises(ValidationError, match="has authorization and sigv4"):
        HttpAccess.model_validate(both)
