"""Asks Prometheus for the error budget that is left. No answer is no status: the gate refuses it where it is needed."""

from __future__ import annotations

import math
import os
from datetime import UTC, datetime
from pathlib import Path

import httpx

from slipway.release.readiness.case import BudgetStatus
from slipway.rollout.metrics import TOKEN_FILE

WITHIN = 10.0


def observe(url: str, query: str, service: str, transport: httpx.BaseTransport | None = None) -> BudgetStatus | None:
    """The status by one instant query with exactly one series; None when there is none or more than one."""
    asked = query.replace("{service}", service)
    try:
        with httpx.Client(timeout=WITHIN, transport=transport) as client:
            answer = client.get(f"{url.rstrip('/')}/api/v1/query", params={"query": asked}, headers=_authorization())
            answer.raise_for_status()
            body = answer.json()
            data = body["data"]
        if body.get("isPartial") or body.get("warnings"):
            return None
        (pair,) = [data["result"]] if data["resultType"] == "scalar" else [one["value"] for one in data["result"]]
        value, at = float(pair[1]), datetime.fromtimestamp(float(pair[0]), UTC)
    except (
        OSError,
        httpx.HTTPError,
        httpx.InvalidURL,
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        ArithmeticError,
    ):
        return None
    if not math.isfinite(value):
        return None
    return BudgetStatus(remaining=min(1.0, max(0.0, value)), at=at, source=f"Prometheus, {asked}")


def _authorization() -> dict[str, str]:
    """The token of the metrics system, where there is one. Raises OSError or ValueError when it cannot be read."""
    path = os.environ.get(TOKEN_FILE)
    return {} if path is None else {"Authorization": f"Bearer {Path(path).read_text(encoding='ascii').strip()}"}
