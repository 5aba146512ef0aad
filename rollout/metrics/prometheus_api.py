"""The HTTP API of Prometheus, and of whatever answers like it: two calls, one clear line for each failure.

https://prometheus.io/docs/prometheus/latest/querying/api/
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import httpx2

from release.errors import ClusterError
from rollout.pooling import LIMITS, trusted_by_default

KEPT = 8
"""Servers whose client is kept."""
_making = threading.Lock()
TIMEOUT = httpx2.Timeout(4.0, connect=2.0)
Json = Mapping[str, Any]


class Prometheus:
    """One server, by the URL of its root. Name and password may be in the URL, a bearer token in a file that is
    read for each request; neither is ever part of a message."""

    def __init__(self, url: str, token_file: str | None = None, transport: httpx2.BaseTransport | None = None) -> None:
        self._token_file = token_file
        self._client = _shared(url) if transport is None else _client(url, transport)
        self.name = f"Prometheus at {httpx2.URL(url).copy_with(username=None, password=None)}"

    def query(self, promql: str) -> list[Json]:
        """The result of an instant query: `metric` and `value` of each series, or `values` for a range selector.
        Raises ClusterError."""
        data = self._get("api/v1/query", {"query": promql})
        result = data.get("result")
        if not isinstance(result, list) or not all(map(_is_series, result)):
            raise ClusterError(f"{self.name}: the answer to a query holds no list of series")
        return result

    def alert_rules(self, names: Sequence[str]) -> list[Json]:
        """The alerting rules of these names, with `health` and `lastError`. Raises ClusterError."""
        data = self._get("api/v1/rules", {"type": "alert", "rule_name[]": list(names)})
        # Older servers do not know the filter by name.
        rules = [rule for group in data.get("groups") or [] for rule in group.get("rules") or []]
        return [rule for rule in rules if rule.get("name") in names]

    def _get(self, path: str, parameters: dict[str, Any]) -> Json:
        try:
            response = self._client.get(path, params=parameters, headers=self._headers())
            answer = response.json()
        except httpx2.TimeoutException as error:
            raise ClusterError(f"{self.name} did not answer in time; check that it is up") from error
        except httpx2.HTTPError as error:
            text = " ".join(str(error).split()) or type(error).__name__
            raise ClusterError(f"{self.name} cannot be reached ({text}); check metrics.url and the network") from error
        except ValueError as error:
            raise ClusterError(
                f"{self.name} answered HTTP {response.status_code} without JSON; check that metrics.url is its root"
            ) from error
        return self._data(answer)

    def _data(self, answer: object) -> Json:
        if not isinstance(answer, dict) or answer.get("status") != "success":
            said = answer.get("error") if isinstance(answer, dict) else None
            raise ClusterError(f"{self.name} refused: {said or json.dumps(answer)[:200]}")
        # A partial answer (a store that is away) carries a warning; remarks on style are none.
        warnings = [text for text in answer.get("warnings") or [] if not text.startswith("PromQL info")]
        if warnings:
            raise ClusterError(f"{self.name} gave a partial answer: {warnings[0]}")
        data = answer.get("data")
        return data if isinstance(data, dict) else {}

    def _headers(self) -> dict[str, str]:
        if self._token_file is None:
            return {}
        try:
            return {"Authorization": f"Bearer {Path(self._token_file).read_text().strip()}"}
        except OSError as error:
            raise ClusterError(f"{self.name}: the token file cannot be read ({error.strerror})") from error


def _shared(url: str) -> httpx2.Client:
    """All sources of a process that ask one server share their connections."""
    with _making:
        return _kept(url)


@lru_cache(maxsize=KEPT)
def _kept(url: str) -> httpx2.Client:
    return _client(url, None)


def _client(url: str, transport: httpx2.BaseTransport | None) -> httpx2.Client:
    return httpx2.Client(
        base_url=f"{url.rstrip('/')}/", timeout=TIMEOUT, transport=transport, limits=LIMITS, verify=trusted_by_default()
    )


def _is_series(one: object) -> bool:
    return isinstance(one, dict) and "metric" in one and ("value" in one or "values" in one)
