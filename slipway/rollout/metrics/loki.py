"""Loki as a server of logs. It masks numbers and ids itself: only signatures leave it.

https://grafana.com/docs/loki/latest/reference/loki-http-api/#query-logs-at-a-single-point-in-time
https://grafana.com/docs/loki/latest/query/metric_queries/
"""

from __future__ import annotations

import math
from typing import Any

import httpx2

from slipway.release.errors import ClusterError, QueryRefused
from slipway.release.findings import plain
from slipway.release.manifest.guardrails import Logs
from slipway.release.rollout_inputs import Backend
from slipway.rollout.metrics import prometheus_answer as answered
from slipway.rollout.metrics.base import LogCounts
from slipway.rollout.metrics.custom import fill
from slipway.rollout.metrics.logs import SIGNATURE_LENGTH, bounded
from slipway.rollout.metrics.tenant_server import TenantServer

MASKED = r"[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}|0x[0-9a-fA-F]+|[0-9a-fA-F]{12,}|[0-9]+"
"""What of a text is no part of its signature: UUIDs, hexadecimal and decimal numbers, and so times and addresses."""
SIGNATURE = "slipway_signature"


class Loki(TenantServer):
    """One server, by the URL of its root; `tenant` where it has several."""

    KIND, SETTING = "Loki", "metrics.logs"

    def count(self, guardrail: Logs, backend: Backend, start: float, end: float) -> LogCounts:
        """See slipway.rollout.metrics.logs.WindowServer. A window of Loki begins after `start` and has `end` in it, so
        that of windows in a row each line is in one."""
        lines = fill(guardrail.requests, backend)
        request, window = guardrail.request_id.replace(".", "_"), f"[{round(end - start)}s]"
        message = guardrail.message.replace(".", "_")
        known = f'| {request}!=""'
        wrong = f"{lines} {_stage(guardrail.errors)} {known}"
        masked = f'{SIGNATURE}="{{{{ regexReplaceAll `{MASKED}` .{message} `<N>` }}}}"'
        total = self._number(f"count(sum by ({request}) (count_over_time({lines} {known} {window})))", end)
        bad = self._number(f"count(sum by ({request}) (count_over_time({wrong} {window})))", end)
        signatures: dict[str, int] = {}
        if bad:
            of_each = f"sum by ({SIGNATURE}, {request}) (count_over_time({wrong} | label_format {masked} {window}))"
            for one in self._query(f"count by ({SIGNATURE}) ({of_each})", end):
                signature = plain(one["metric"].get(SIGNATURE, ""), SIGNATURE_LENGTH)
                signatures[signature] = signatures.get(signature, 0) + self._value(one)
        return LogCounts(total, min(bad, total), bounded(signatures, self.name))

    def _number(self, logql: str, at: float) -> int:
        """Of a query for one number; Loki answers nothing instead of 0."""
        found = self._query(logql, at)
        if len(found) > 1:
            raise ClusterError(f"{self.name}: the answer holds {len(found)} series where one number was asked for")
        return self._value(found[0]) if found else 0

    def _query(self, logql: str, at: float) -> list[answered.Json]:
        parameters = {"query": logql, "time": f"{round(at * 1000)}000000"}
        return answered.instant_series(self._ask("GET", "loki/api/v1/query", params=parameters), self.name)

    def _value(self, series: Any) -> int:  # noqa: ANN401 - of an answer that was looked at
        value = float(series["value"][1])
        if not math.isfinite(value) or value < 0:
            raise ClusterError(f"{self.name} counted {value} requests")
        return round(value)

    def _request(self, method: str, path: str, **parameters: dict[str, Any]) -> httpx2.Response:
        """A query that it cannot read is answered as plain text."""
        response = super()._request(method, path, **parameters)
        if response.status_code == httpx2.codes.BAD_REQUEST and "json" not in response.headers.get("content-type", ""):
            raise QueryRefused(f"{self.name} refused: {plain(response.text, SIGNATURE_LENGTH)}")
        return response


def _stage(errors: str) -> str:
    """A stage of the pipeline; a filter by labels needs no bar."""
    return errors if errors.lstrip().startswith("|") else f"| {errors}"
