"""Tempo as a server of traces, by TraceQL metrics, which are a public preview there.

https://grafana.com/docs/tempo/latest/api_docs/#instant
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

import httpx2

from slipway.release.errors import ClusterError, QueryRefused
from slipway.release.findings import plain
from slipway.release.manifest.guardrails import Traces
from slipway.release.rollout_inputs import Backend
from slipway.rollout.metrics.base import LogCounts
from slipway.rollout.metrics.custom import fill
from slipway.rollout.metrics.logs import SIGNATURE_LENGTH, bounded
from slipway.rollout.metrics.tenant_server import TenantServer

Json = dict[str, Any]


class Tempo(TenantServer):
    """One server, by the URL of its root; `tenant` where it has several."""

    KIND, SETTING = "Tempo", "metrics.traces"

    def count(self, guardrail: Traces, backend: Backend, start: float, end: float) -> LogCounts:
        """See slipway.rollout.metrics.logs.WindowServer. One span that `requests` selects is one request."""
        requests = fill(guardrail.requests, backend)
        total = sum(count for _, count in self._query(f"{{ {requests} }} | count_over_time()", start, end))
        wrong = f"{{ ({requests}) && ({guardrail.errors}) }} | count_over_time() by ({guardrail.operation})"
        signatures: dict[str, int] = {}
        for label, count in self._query(wrong, start, end):
            signature = plain(label, SIGNATURE_LENGTH)
            signatures[signature] = signatures.get(signature, 0) + count
        bad = sum(signatures.values())
        return LogCounts(total, min(bad, total), bounded(signatures, self.name))

    def _query(self, traceql: str, start: float, end: float) -> Iterator[tuple[str, int]]:
        """The label and the count of each series."""
        parameters = {"q": traceql, "start": str(round(start)), "end": str(round(end))}
        response = self._request("GET", "api/metrics/query", params=parameters)
        if response.status_code == httpx2.codes.BAD_REQUEST:
            raise QueryRefused(f"{self.name} refused: {plain(response.text, SIGNATURE_LENGTH)}")
        if not response.is_success:
            raise ClusterError(f"{self.name} answered HTTP {response.status_code}: {plain(response.text, 80)}")
        try:
            answer = json.loads(response.content)
            if answer.get("status") not in (None, "COMPLETE", 0):
                raise ClusterError(f"{self.name} gave a part of the answer only ({plain(str(answer['status']), 80)})")
            found = [(_label(series), float(series.get("value", 0))) for series in answer.get("series") or []]
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise ClusterError(
                f"{self.name} answered what is no TraceQL metric; check that {self.SETTING}.url is its root"
            ) from None
        for label, value in found:
            if not math.isfinite(value) or value < 0:
                raise ClusterError(f"{self.name} counted {value} spans")
            yield label, round(value)


def _label(series: Json) -> str:
    """The text of the only label that the query groups by; empty where it groups by none."""
    values = [label["value"] for label in series.get("labels") or [] if label["key"] != "__name__"]
    return " ".join(str(next(iter(value.values()))) for value in values)
