"""Smoke checks of a version of Lambda: it is invoked by its number, whatever the alias says."""

from __future__ import annotations

import base64
import json
from typing import Any, Protocol

from slipway.release.errors import ClusterError
from slipway.release.manifest.route import Route
from slipway.release.manifest.strategy import SmokeCheck
from slipway.release.rollout_inputs import Backend
from slipway.rollout.platforms.aws.requests import AwsRequests
from slipway.rollout.platforms.aws.versions import Versions, VersionsApi
from slipway.rollout.platforms.trying import Failure, Patience

Json = dict[str, Any]


class InvokeApi(VersionsApi, Protocol):
    """What is used of boto3's client for `lambda`: each method takes the parameters of the API."""

    def invoke(self, **asked: object) -> Json:
        """Run a version and wait for its answer."""
        ...


class Invocations:
    """See slipway.rollout.platforms.base.Invoked."""

    def __init__(self, client: InvokeApi, function: str, patience: Patience | None = None) -> None:
        self._client = client
        self._versions = Versions(client, AwsRequests(patience=patience), function)

    def run_checks(self, backend: Backend, route: Route, checks: tuple[SmokeCheck, ...]) -> str:
        """Empty when all pass, otherwise what was asked, seen and wanted."""
        number = self._versions.number_of(backend.revision)
        if number is None:
            raise ClusterError(f"no version of {backend.label} is published; check its workload")
        problems = (self._check(number, route, check) for check in checks for _ in range(check.times))
        return next((problem for problem in problems if problem), "")

    def _check(self, number: str, route: Route, check: SmokeCheck) -> str:
        asked = {
            "FunctionName": self._versions.function,
            "Qualifier": number,
            "Payload": json.dumps(event_of(route.hostnames[0], check.path)).encode(),
        }
        what = f"version {number} of the function {self._versions.function}"
        answer = AwsRequests.once(what, lambda: self._client.invoke(**asked))
        if isinstance(answer, Failure):
            return f"GET {check.path} gave no answer ({answer.error}), wanted {check.status}"
        text = answer["Payload"].read()
        if answer.get("FunctionError"):
            said = text.decode(errors="replace")[:200]
            return f"GET {check.path} failed in the function ({answer['FunctionError']}: {said}), wanted {check.status}"
        if answer.get("ExecutedVersion") != number:
            return f"GET {check.path} was answered by version {answer.get('ExecutedVersion')}, wanted {number}"
        return _judge(check, text)


def _judge(check: SmokeCheck, text: bytes) -> str:
    try:
        said = json.loads(text)
        status, body = int(said["statusCode"]), str(said.get("body") or "")
        if said.get("isBase64Encoded"):
            body = base64.b64decode(body).decode(errors="replace")
    except (ValueError, TypeError, KeyError, AttributeError):
        return f"GET {check.path} gave no answer with a statusCode, as an HTTP API expects it"
    if status != check.status:
        return f"GET {check.path} answered {status}, wanted {check.status}"
    if check.contains is not None and check.contains not in body:
        return f"GET {check.path} does not contain {check.contains!r}"
    return ""


def event_of(host: str, path: str) -> Json:
    """The event of a GET, in version 2.0 of what an HTTP API and a function URL send."""
    place, _, query = path.partition("?")
    http = {"method": "GET", "path": place, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "slipway"}
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": place,
        "rawQueryString": query,
        "headers": {"host": host},
        "requestContext": {"http": http, "domainName": host, "stage": "$default", "routeKey": "$default"},
        "isBase64Encoded": False,
    }
