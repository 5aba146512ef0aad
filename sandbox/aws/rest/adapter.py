"""An event of Lambda as a request to a container that serves HTTP, as the Lambda Web Adapter does it in an image."""

from __future__ import annotations

import base64
import http.client
import json
from collections.abc import Mapping
from typing import Any

PORT, READINESS = "AWS_LWA_PORT", "AWS_LWA_READINESS_CHECK_PATH"
ERRORS, PASSED = "AWS_LWA_ERROR_STATUS_CODES", "AWS_LWA_PASS_THROUGH_PATH"
PROBE_WITHIN = 2.0
Json = dict[str, Any]


def variables(config: Mapping[str, Any]) -> dict[str, str]:
    """The environment of a function."""
    return dict((config.get("Environment") or {}).get("Variables") or {})


def is_ready(config: Mapping[str, Any], address: str) -> bool:
    """Whether the container answers at its readiness path."""
    known = variables(config)
    try:
        status, _, _ = _ask(place_of(known, address), ("GET", known.get(READINESS, "/"), None, {}), PROBE_WITHIN)
    except (OSError, http.client.HTTPException):
        return False
    return status < http.HTTPStatus.BAD_REQUEST


def invoke(config: Mapping[str, Any], address: str, event: Json) -> Json:
    """The result as ministack wants it. An error of the function is a status of AWS_LWA_ERROR_STATUS_CODES, no answer,
    or none in time."""
    known, timeout = variables(config), float(config.get("Timeout") or 3)
    try:
        status, headers, body = _ask(place_of(known, address), request_of(event, known), timeout)
    except TimeoutError:
        return error("Sandbox.Timedout", f"Task timed out after {timeout:.2f} seconds")
    except (OSError, http.client.HTTPException) as failure:
        return error("Runtime.ExitError", f"the container gave no answer: {failure}")
    if is_error(status, known.get(ERRORS, "")):
        return error("Runtime.HandlerError", f"Request failed with configured error status code: {status}")
    try:
        text, encoded = body.decode(), False
    except UnicodeDecodeError:
        text, encoded = base64.b64encode(body).decode(), True
    return {"body": {"statusCode": status, "headers": headers, "body": text, "isBase64Encoded": encoded}}


def error(kind: str, message: str) -> Json:
    """What Lambda answers for a function that failed."""
    return {"body": {"errorType": kind, "errorMessage": message}, "error": True}


def is_error(status: int, codes: str) -> bool:
    """Whether a status is one of `500,502-504`."""
    for one in filter(None, codes.replace(" ", "").split(",")):
        first, _, last = one.partition("-")
        if int(first) <= status <= int(last or first):
            return True
    return False


def request_of(event: Json, known: Mapping[str, str]) -> tuple[str, str, bytes | None, dict[str, str]]:
    """Method, target, body and headers: those of an HTTP API or a function URL, else the event itself."""
    asked = (event.get("requestContext") or {}).get("http")
    if not asked:
        content = {"content-type": "application/json"}
        return "POST", known.get(PASSED, "/events"), json.dumps(event).encode(), content
    query = event.get("rawQueryString")
    body = event.get("body")
    data = None if body is None else base64.b64decode(body) if event.get("isBase64Encoded") else str(body).encode()
    leave = {"content-length", "transfer-encoding", "connection"}
    headers = {name: str(value) for name, value in (event.get("headers") or {}).items() if name.lower() not in leave}
    return str(asked["method"]), str(event["rawPath"]) + (f"?{query}" if query else ""), data, headers


def place_of(known: Mapping[str, str], address: str) -> tuple[str, int]:
    """Where a container listens."""
    return address, int(known.get(PORT, "8080"))


def _ask(
    place: tuple[str, int], asked: tuple[str, str, bytes | None, dict[str, str]], timeout: float
) -> tuple[int, dict[str, str], bytes]:
    method, target, data, headers = asked
    connection = http.client.HTTPConnection(*place, timeout=timeout)
    try:
        connection.request(method, target, data, headers)
        answer = connection.getresponse()
        leave = {"content-length", "transfer-encoding", "connection"}
        found = {name.lower(): value for name, value in answer.getheaders() if name.lower() not in leave}
        return answer.status, found, answer.read()
    finally:
        connection.close()
