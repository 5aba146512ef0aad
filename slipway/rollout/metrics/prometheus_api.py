"""The HTTP API of Prometheus, and of whatever answers like it: two calls, one clear line for each failure.

https://prometheus.io/docs/prometheus/latest/querying/api/
"""

from __future__ import annotations

import contextlib
import ssl
import threading
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import httpx2

from slipway.release.errors import ClusterError
from slipway.release.http_access import PLAIN, SCHEMES, Authorization, ClientTls, HttpAccess, QueryAccess
from slipway.rollout.metrics import prometheus_answer as answered
from slipway.rollout.metrics.access import auth_of, stamp_of, trusting
from slipway.rollout.metrics.prometheus_answer import Json
from slipway.rollout.process.pooling import transport, trusted_by_default

KEPT = 8
"""Servers whose client is kept."""
_making = threading.Lock()
TIMEOUT = httpx2.Timeout(4.0, connect=2.0)
RELOADED = "prometheus_config_last_reload_successful"
"""The server's own metric, 0 after a reload that failed."""
SAID = 500
"""Characters of an answer that is no JSON which a message holds."""
LONG = 2000
"""Characters of a query from which it is sent as a form: proxies refuse long URLs."""


class QueryServer:
    """One server, by the URL of its root. Name and password may be in the URL; `token_file` has a bearer token for a
    server of whose credentials `access` says nothing. None of it is ever part of a message."""

    KIND, SETTING = "Prometheus", "metrics"
    """What it is called, and the setting that names it."""

    def __init__(
        self,
        url: str,
        token_file: str | None = None,
        transport: httpx2.BaseTransport | None = None,
        access: QueryAccess = PLAIN,
    ) -> None:
        try:
            self.name = f"{self.KIND} at {httpx2.URL(url).copy_with(username=None, password=None)}"
            self._url, self._transport = url, transport
            http = _with_token(access.http or HttpAccess(), token_file)
            self._tls = http.tls
            self._stamp = stamp_of(self._tls)
            self._client = self._connect()
        except (httpx2.InvalidURL, ValueError):
            # Not chained, and without the URL: it may hold a password.
            raise ClusterError(f"{self.SETTING}.url is no URL; write http://host:port of the server's root") from None
        self._auth = auth_of(http, self.name)
        self._headers = dict(http.headers or {})
        self._parameters = dict(access.parameters or {})
        self.key = f"{id(self._client)} {http.model_dump_json()} {access.model_dump_json()}"
        """The same for all that ask one server with the same credentials."""

    def _connect(self) -> httpx2.Client:
        if self._transport is not None:
            return _client(self._url, self._transport, trusted_by_default())
        return _shared(self._url, self._tls, self._stamp, self.name)

    def _with_certificates_of_now(self) -> httpx2.Client:
        """A certificate that was renewed is used from the next request on."""
        stamp = stamp_of(self._tls)
        if stamp != self._stamp:
            self._stamp = stamp
            self._client = self._connect()
        return self._client

    def _ask(self, method: str, path: str, **parameters: dict[str, Any]) -> Json:
        response = self._request(method, path, **parameters)
        if response.status_code in (httpx2.codes.UNAUTHORIZED, httpx2.codes.FORBIDDEN):
            raise ClusterError(
                f"{self.name} refused these credentials (HTTP {response.status_code}); check {self.SETTING}.http and "
                "the files that it names"
            )
        try:
            answer = response.json()
        except (ValueError, RecursionError) as error:
            raise ClusterError(
                f"{self.name} answered HTTP {response.status_code} without JSON; "
                f"check that {self.SETTING}.url is its root"
            ) from error
        data = answered.data_of(answer, self.name)
        if not response.is_success:
            raise ClusterError(f"{self.name} answered HTTP {response.status_code}; check what stands before it")
        return data

    def _request(self, method: str, path: str, **parameters: dict[str, Any]) -> httpx2.Response:
        client = self._with_certificates_of_now()
        more: dict[str, Any] = {**parameters}
        if self._auth is not None:
            more["auth"] = self._auth
        if self._tls is not None and self._tls.server_name is not None:
            more["extensions"] = {"sni_hostname": self._tls.server_name}
        try:
            return client.request(method, path, headers=self._headers, **more)
        except httpx2.TimeoutException as error:
            raise ClusterError(f"{self.name} did not answer in time; check that it is up") from error
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
            text = " ".join(str(error).split()) or type(error).__name__
            raise ClusterError(
                f"{self.name} cannot be reached ({text}); check {self.SETTING}.url and the network{self._certificates}"
            ) from error

    @property
    def _certificates(self) -> str:
        return f", and {self.SETTING}.http.tls" if self._url.startswith("https:") else ""


class Prometheus(QueryServer):
    """Prometheus, or what answers like it."""

    def query(self, promql: str) -> list[Json]:
        """The result of an instant query: `metric` and `value` of each series. Raises ClusterError."""
        return answered.instant_series(self._query(promql), self.name)

    def number(self, promql: str) -> tuple[float, float]:
        """Time and value of an instant query for one number: a scalar, or a vector of one series. The value may be NaN
        or infinite. Raises ClusterError."""
        return answered.one_number(self._query(promql), self.name)

    def ranges(self, promql: str) -> list[Json]:
        """The result of a range selector: `metric` and `values` of each series. Raises ClusterError."""
        return answered.range_series(self._query(promql), self.name)

    def alert_rules(self, names: Sequence[str]) -> list[Json]:
        """The alerting rules of these names, with `health` and `lastError`. Raises ClusterError."""
        data = self._ask("GET", "api/v1/rules", params=self._with({"type": "alert", "rule_name[]": list(names)}))
        return answered.alerting_rules(data, names, self.name)

    def rule_groups(self, name: str) -> list[list[Json]]:
        """The rules of each group of this name, as the server has loaded them: with `query`, `health`, `lastError` and
        `lastEvaluation`. Raises ClusterError."""
        return answered.rule_groups(self._ask("GET", "api/v1/rules", params=self._with({})), name, self.name)

    def check(self, promql: str) -> None:
        """Let the server itself parse an expression, at a time without data. Raises QueryRefused with its reason, and
        ClusterError when it cannot be asked."""
        self._ask("POST", "api/v1/query", data=self._with({"query": promql, "time": "0"}))

    def reload(self) -> None:
        """Let the server read its configuration and rule files again. Raises ClusterError with its reason; then the
        former rules stay in force."""
        response = self._request("POST", "-/reload")
        if not response.is_success:
            said = " ".join(response.text.split())[:SAID] or "nothing"
            raise ClusterError(f"{self.name} did not reload (HTTP {response.status_code}): {said}")

    def last_reload_failed(self) -> bool:
        """Whether the server says of itself that its last reload failed; False when it does not say."""
        with contextlib.suppress(ClusterError):
            return any(line.split() == [RELOADED, "0"] for line in self._request("GET", "metrics").text.splitlines())
        return False

    def _query(self, promql: str) -> Json:
        asked = self._with({"query": promql})
        if len(promql) < LONG:
            return self._ask("GET", "api/v1/query", params=asked)
        return self._ask("POST", "api/v1/query", data=asked)

    def _with(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """With the parameters that the setting adds."""
        return {**self._parameters, **asked}


def _with_token(http: HttpAccess, token_file: str | None) -> HttpAccess:
    if token_file is None or any(getattr(http, scheme) is not None for scheme in SCHEMES):
        return http
    # Not validated: the file of a variable may be anywhere.
    return http.model_copy(update={"authorization": Authorization.model_construct(credentials_file=token_file)})


def _shared(url: str, tls: ClientTls | None, stamp: tuple[int, ...], server: str) -> httpx2.Client:
    """All sources of a process that ask one server by the same certificates share their connections. Raises
    ClusterError."""
    with _making:
        return _kept(url, tls, stamp, server)


@lru_cache(maxsize=KEPT)
def _kept(url: str, tls: ClientTls | None, _stamp: tuple[int, ...], server: str) -> httpx2.Client:
    context = trusted_by_default() if tls is None else trusting(tls, server)
    return _client(url, transport(context), context)


def _client(url: str, carrier: httpx2.BaseTransport | None, verify: ssl.SSLContext) -> httpx2.Client:
    return httpx2.Client(base_url=f"{url.rstrip('/')}/", timeout=TIMEOUT, transport=carrier, verify=verify)
