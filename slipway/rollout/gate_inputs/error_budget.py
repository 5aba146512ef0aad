"""Asks Prometheus for the error budget that is left. No answer is no status: the gate refuses it where it is needed."""

from __future__ import annotations

import math
import os
from datetime import UTC, datetime

import httpx2

from slipway.release.errors import ClusterError
from slipway.release.readiness.case import BudgetStatus
from slipway.rollout.metrics import TOKEN_FILE
from slipway.rollout.metrics.prometheus_api import Prometheus


def observe(url: str, query: str, service: str, transport: httpx2.BaseTransport | None = None) -> BudgetStatus | None:
    """The status by one instant query for one number; None when there is none, more than one, or no whole answer. It
    is asked for as the metrics of a rollout are, with the token of `SLIPWAY_METRICS_TOKEN_FILE`."""
    asked = query.replace("{service}", service)
    try:
        at, value = Prometheus(url, os.environ.get(TOKEN_FILE), transport).number(asked)
        if not math.isfinite(value):
            return None
        remaining = min(1.0, max(0.0, value))
        return BudgetStatus(remaining=remaining, at=datetime.fromtimestamp(at, UTC), source=f"Prometheus, {asked}")
    except (ClusterError, ValueError, OverflowError, OSError):  # of the last three: a time that is no date
        return None
