"""Asks Prometheus which flags are still evaluated. No answer is no use: it is said, and refused by the gate."""

from __future__ import annotations

import math
from collections.abc import Iterable

import httpx2

from slipway.release.errors import ClusterError
from slipway.release.flags.use import FlagUse
from slipway.rollout.metrics import prometheus_at
from slipway.rollout.metrics.prometheus_api import Prometheus


def unused(use: FlagUse, flags: Iterable[str], transport: httpx2.BaseTransport | None = None) -> dict[str, str]:
    """Flag -> why it does not count as used, by one instant query for each."""
    wanted = list(flags)
    try:
        api = prometheus_at(use.url, use.access, transport)
    except ClusterError as error:
        return dict.fromkeys(wanted, str(error))
    found = {flag: _problem(api, use, flag) for flag in wanted}
    return {flag: why for flag, why in found.items() if why is not None}


def _problem(api: Prometheus, use: FlagUse, flag: str) -> str | None:
    try:
        values = [float(series["value"][1]) for series in api.query(use.asked(flag))]
    except ClusterError as error:
        return str(error)
    counted = sum(value for value in values if math.isfinite(value))
    return None if counted > 0 else f"no evaluation within {use.within / 86400:.4g} days"
