"""Short questions to a part over the network: is it there, is it ready."""

from __future__ import annotations

import json
import socket
import ssl
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

TIMEOUT = 2.0
"""Seconds for one question; the caller asks again."""


def http_ok(url: str, ca: Path | None = None) -> bool:
    """Whether a GET is answered with a success status."""
    try:
        return fetch(url, ca) is not None
    except OSError:
        return False


def fetch(url: str, ca: Path | None = None, token: str = "") -> bytes:
    """The body of a GET; ``OSError`` (which includes every HTTP error status) otherwise."""
    request = urllib.request.Request(url)  # noqa: S310 - the sandbox's own addresses
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    handlers: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({})]
    if ca is not None:
        handlers.append(urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=str(ca))))
    with urllib.request.build_opener(*handlers).open(request, timeout=TIMEOUT) as answer:
        body: bytes = answer.read()
        return body


def fetch_json(url: str, ca: Path | None = None, token: str = "") -> dict[str, Any]:
    """Like ``fetch``, decoded; a body that is no JSON is an ``OSError`` too."""
    try:
        document: dict[str, Any] = json.loads(fetch(url, ca, token))
    except ValueError as error:
        raise OSError(f"{url} did not answer with JSON") from error
    return document


def condition(resource: Mapping[str, Any], kind: str) -> bool:
    """Whether a Kubernetes object has the status condition ``kind`` at ``True``."""
    conditions = (resource.get("status") or {}).get("conditions") or []
    return any(item.get("type") == kind and item.get("status") == "True" for item in conditions)


def unix_socket_answers(path: Path) -> bool:
    """Whether a process accepts connections on a unix socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(TIMEOUT)
        try:
            client.connect(str(path))
        except OSError:
            return False
    return True
