"""Asks Prometheus for the error budget that is left. No number is said in words, and refused where it is needed."""

from __future__ import annotations

import math
import os
from datetime import UTC, datetime

import httpx2

from slipway.release.errors import ClusterError
from slipway.release.readiness.case import BudgetStatus
from slipway.rollout.metrics import TOKEN_FILE
from slipway.rollout.metrics.prometheus_api import Prometheus


def observe(url: str, query: str, service: str, transport: httpx2.BaseTransport | None = None) -> BudgetStatus:
    """The status by one instant query for one number. It is asked for as the metrics of a rollout are, with the
    token of `SLIPWAY_METRICS_TOKEN_FILE`."""
    asked = query.replace("{service}", service)
    source = f"Prometheus, {asked}"
    try:
        at, value = Prometheus(url, os.environ.get(TOKEN_FILE), transport).number(asked)
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
