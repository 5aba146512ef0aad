"""Asks Prometheus for the error budget that is left. No number is said in words, and refused where it is needed."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import httpx2

from slipway.release.errors import ClusterError
from slipway.release.http_access import PLAIN, QueryAccess
from slipway.release.readiness.gate_input import BudgetStatus
from slipway.rollout.metrics import prometheus_at


def observe(
    url: str,
    query: str,
    service: str,
    transport: httpx2.BaseTransport | None = None,
    access: QueryAccess = PLAIN,
) -> BudgetStatus:
    """The status by one instant query for one number, asked for as the metrics of a rollout are."""
    asked = query.replace("{service}", service)
    source = f"Prometheus, {asked}"
    try:
        at, value = prometheus_at(url, access, transport).number(asked)
        answered = datetime.fromtimestamp(at, UTC)
    except ClusterError as error:
        return BudgetStatus(source=source, problem=f"{error} ({asked})")
    except (ValueError, OverflowError, OSError):
        return BudgetStatus(source=source, problem=f"a time that is no date, as the answer to {asked}")
    if math.isfinite(value):
        return BudgetStatus(remaining=min(1.0, max(0.0, value)), at=answered, source=source)
    if math.isnan(value):
        why = f"NaN, no number, as the answer to {asked}: its rule divides by the number of events, and there were none"
    else:
        why = f"an infinite number as the answer to {asked}"
    return BudgetStatus(at=answered, source=source, problem=why)
