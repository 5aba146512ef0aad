"""Requests that are signed as AWS wants it, version 4. botocore is imported when the first one is signed."""

from __future__ import annotations

import threading
from collections.abc import Generator
from typing import Any
from urllib.parse import quote

import httpx2

from slipway.release.errors import ClusterError
from slipway.release.http_access import SigV4

CONTENT_TYPE = "Content-Type"
"""Is signed beside the host and what botocore adds: whatever else a proxy on the way changes is no part of it."""

UNRESERVED = "-_.~"
"""Beside letters and digits, what a query holds as it is."""


class Signing(httpx2.Auth):
    """By the credentials of the environment, which are renewed where they expire."""

    requires_request_body = True

    def __init__(self, given: SigV4, server: str) -> None:
        self._given, self._server = given, server
        self._lock = threading.Lock()
        self._credentials: Any = None

    def auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        """Add the headers of the signature. Raises ClusterError without credentials."""
        from botocore.auth import SigV4Auth  # type: ignore[import-untyped]
        from botocore.awsrequest import AWSRequest  # type: ignore[import-untyped]

        credentials = self._current()
        request.url = _plain(request.url)
        kind = request.headers.get(CONTENT_TYPE)
        named = {CONTENT_TYPE: kind} if kind is not None else {}
        signed = AWSRequest(method=request.method, url=str(request.url), data=request.content, headers=named)
        SigV4Auth(credentials, self._given.service, self._given.region).add_auth(signed)
        for name, value in signed.headers.items():
            request.headers[name] = value
        yield request

    def _current(self) -> Any:  # noqa: ANN401 - botocore has no types
        """Key, secret and token as they are now."""
        try:
            import boto3  # type: ignore[import-untyped]
            from botocore.exceptions import BotoCoreError  # type: ignore[import-untyped]
        except ImportError as error:
            text = "http.sigv4 is signed by boto3, which is not installed: pip install 'slipway[aws]'"
            raise ClusterError(f"{self._server}: {text}") from error
        try:
            with self._lock:
                if self._credentials is None:
                    self._credentials = boto3.session.Session(profile_name=self._given.profile).get_credentials()
                if self._credentials is not None:
                    return self._credentials.get_frozen_credentials()
        except BotoCoreError as error:
            text = " ".join(str(error).split())
            raise ClusterError(f"{self._server}: no credentials of AWS ({text}); check http.sigv4.profile") from error
        raise ClusterError(f"{self._server}: no credentials of AWS; set AWS_PROFILE, or use a role")


def _plain(url: httpx2.URL) -> httpx2.URL:
    """With its query in the one spelling that is signed: AWS spells what it received anew before it computes the
    signature, so a space must not be a plus sign, and a bracket not stand for itself."""
    spelt = ((quote(name, safe=UNRESERVED), quote(value, safe=UNRESERVED)) for name, value in url.params.multi_items())
    query = "&".join(f"{name}={value}" for name, value in spelt)
    return url.copy_with(query=query.encode()) if query else url
