"""Addresses of servers, as settings and inputs hold them: what is stored in a state is no place for a password."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

_SERVER = re.compile(r"https?://[^\s/?#@\\]+(/[^\s?#\\]*)?")
SECRETS = (
    "it is kept in the stack's state, so it holds no user, password, query or fragment; for Prometheus put the "
    "secret into a file and name that beside url: http: {authorization: {credentialsFile: /path}} or {basicAuth: "
    "{username, passwordFile: /path}}"
)


def _server(value: str) -> str:
    if "@" in value or "?" in value or "#" in value:
        raise ValueError(SECRETS)
    try:
        sound = _SERVER.fullmatch(value) is not None and urlsplit(value).port != 0
    except ValueError:  # its text would show what may be a password
        sound = False
    if not sound:
        raise ValueError("write http://host:port or https://host:port, the root of the server")
    return value


ServerUrl = Annotated[str, AfterValidator(_server)]
"""The root of a server, without credentials of any kind."""

_SCHEME = re.compile(r"\s*([A-Za-z][A-Za-z0-9+.-]*):")
_CALLED = frozenset({"http", "https", "mailto", "tel", "sms"})


def _reachable(value: str) -> str:
    scheme = _SCHEME.match(value)
    if not value.isprintable() or (scheme is not None and scheme[1].lower() not in _CALLED):
        raise ValueError("write one printable line: a name, or an address that begins with https:, mailto: or tel:")
    return value


Contact = Annotated[str, Field(min_length=1), AfterValidator(_reachable)]
"""Who is called, or where: text, or a link that a browser may open without running anything."""
