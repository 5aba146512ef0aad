"""The HTTP API of Prometheus, and of whatever answers like it: two calls, one clear line for each failure.

https://prometheus.io/docs/prometheus/latest/querying/api/
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import httpx2

from slipway.release.errors import ClusterError
from slipway.rollout.metrics import prometheus_answer as answered
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
    """One server, by the URL of its root. Name and password may be in the URL, a bearer token in a file that is
    read for each request; neither is ever part of a message."""

    KIND, SETTING = "Prometheus", "metrics.url"
    """What it is called, and the setting that names it."""

    def __init__(self, url: str, token_file: str | None = None, transport: httpx2.BaseTransport | None = None) -> None:
        self._token_file = token_file
        try:
            self.name = f"{self.KIND} at {httpx2.URL(url).copy_with(username=None, password=None)}"
            self._client = _shared(url) if transport is None else _client(url, transport)
            self.key = id(self._client), token_file
            """The same for all that ask one server with the same credentials."""
        except (httpx2.InvalidURL, ValueError):
            # Not chained, and without the URL: it may hold a password.
            raise ClusterError(f"{self.SETTING} is no URL; write http://host:port of the server's root") from None

    def _ask(self, method: str, path: str, **parameters: dict[str, Any]) -> Json:
        response = self._request(method, path, **parameters)
        try:
            answer = response.json()
        except (ValueError, RecursionError) as error:
            raise ClusterError(
                f"{self.name} answered HTTP {response.status_code} without JSON; check that {self.SETTING} is its root"
            ) from error
        data = answered.data_of(answer, self.name)
        if not response.is_success:
            raise ClusterError(f"{self.name} answered HTTP {response.status_code}; check what stands before it")
        return data

    def _request(self, method: str, path: str, **parameters: dict[str, Any]) -> httpx2.Response:
        headers = self._headers()
        try:
            return self._client.request(method, path, headers=headers, **parameters)  # type: ignore[arg-type]
        except httpx2.TimeoutException as error:
            raise ClusterError(f"{self.name} did not answer in time; check that it is up") from error
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
            text = " ".join(str(error).split()) or type(error).__name__
            raise ClusterError(
                f"{self.name} cannot be reached ({text}); check {self.SETTING} and the network"
            ) from error

    def _headers(self) -> dict[str, str]:
        if self._token_file is None:
            return {}
        try:
            token = Path(self._token_file).read_text(encoding="ascii").strip()
        except OSError as error:
            raise ClusterError(f"{self.name}: the token file cannot be read ({error.strerror})") from error
        except ValueError:
            raise ClusterError(f"{self.name}: the token file holds no text of a token") from None
        if not token or not token.isprintable():
            raise ClusterError(f"{self.name}: the token file holds no single token")
        return {"Authorization": f"Bearer {token}"}


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
        data = self._ask("GET", "api/v1/rules", params={"type": "alert", "rule_name[]": list(names)})
        return answered.alerting_rules(data, names, self.name)

    def rule_groups(self, name: str) -> list[list[Json]]:
        """The rules of each group of this name, as the server has loaded them: with `query`, `health`, `lastError` and
        `lastEvaluation`. Raises ClusterError."""
        return answered.rule_groups(self._ask("GET", "api/v1/rules"), name, self.name)

    def check(self, promql: str) -> None:
        """Let the server itself parse an expression, at a time without data. Raises QueryRefused with its reason, and
        ClusterError when it cannot be asked."""
        self._ask("POST", "api/v1/query", data={"query": promql, "time": "0"})

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
        if len(promql) < LONG:
            return self._ask("GET", "api/v1/query", params={"query": promql})
        return self._ask("POST", "api/v1/query", data={"query": promql})


def _shared(url: str) -> httpx2.Client:
    """All sources of a process that ask one server share their connections."""
    with _making:
        return _kept(url)


@lru_cache(maxsize=KEPT)
def _kept(url: str) -> httpx2.Client:
    return _client(url, transport(trusted_by_default()))


def _client(url: str, carrier: httpx2.BaseTransport | None) -> httpx2.Client:
    root = f"{url.rstrip('/')}/"
    return httpx2.Client(base_url=root, timeout=TIMEOUT, transport=carrier, verify=trusted_by_default())
