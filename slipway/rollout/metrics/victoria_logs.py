"""VictoriaLogs as a server of logs. It masks numbers, times and ids itself: only signatures leave it.

https://docs.victoriametrics.com/victorialogs/querying/#querying-log-stats
"""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import Any

import httpx2

from slipway.release.errors import ClusterError
from slipway.release.findings import plain
from slipway.release.http_access import HttpAccess, QueryAccess
from slipway.release.manifest.guardrails import Logs
from slipway.release.rollout_inputs import Backend
from slipway.rollout.metrics import prometheus_answer as answered
from slipway.rollout.metrics.base import LogCounts
from slipway.rollout.metrics.custom import fill
from slipway.rollout.metrics.logs import SIGNATURE_LENGTH, bounded
from slipway.rollout.metrics.prometheus_api import QueryServer

REQUESTS, BAD = "requests", "bad"


class VictoriaLogs(QueryServer):
    """One server, by the URL of its root."""

    KIND, SETTING = "VictoriaLogs", "metrics.logs"

    def __init__(
        self,
        url: str,
        token_file: str | None = None,
        transport: httpx2.BaseTransport | None = None,
        http: HttpAccess | None = None,
    ) -> None:
        super().__init__(url, token_file, transport, QueryAccess(http=http))

    def count(self, guardrail: Logs, backend: Backend, start: float, end: float) -> LogCounts:
        """See slipway.rollout.metrics.logs.WindowServer."""
        lines = f"_time:[{_moment(start)}, {_moment(end)}) ({fill(guardrail.requests, backend)})"
        request, text = json.dumps(guardrail.request_id), json.dumps(guardrail.message)
        requests = f"count_uniq({request})"
        totals = f"{lines} | stats {requests} as {REQUESTS}, {requests} if ({guardrail.errors}) as {BAD}"
        errors = f"{lines} ({guardrail.errors}) | collapse_nums at {text} prettify | stats by ({text}) {requests} as n"
        found = {one["metric"].get("__name__", ""): self._number(one) for one in self._query(totals)}
        signatures: dict[str, int] = {}
        for one in self._query(errors):
            signature = plain(one["metric"].get(guardrail.message, ""), SIGNATURE_LENGTH)
            signatures[signature] = signatures.get(signature, 0) + self._number(one)
        total, bad = found.get(REQUESTS, 0), found.get(BAD, 0)
        return LogCounts(total, min(bad, total), bounded(signatures, self.name))

    def _query(self, logsql: str) -> list[answered.Json]:
        data = self._ask("POST", "select/logsql/stats_query", data={"query": logsql})
        return answered.instant_series(data, self.name)

    def _number(self, series: Any) -> int:  # noqa: ANN401 - of an answer that was looked at
        value = float(series["value"][1])
        if not math.isfinite(value) or value < 0:
            raise ClusterError(f"{self.name} counted {value} requests")
        return round(value)


def _moment(at: float) -> str:
    """In the query, to the millisecond."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
