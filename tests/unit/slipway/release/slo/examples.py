"""Objectives, alarms and routing to change in tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from slipway.release.slo.model import Alarm, Slo
from slipway.release.slo.routing import Routing

ROOT = Path(__file__).parents[5]
EXAMPLE = "releases/alerting/checkout.yaml"


def document() -> dict[str, Any]:
    """The example of the project, as plain data."""
    content: dict[str, Any] = yaml.safe_load((ROOT / EXAMPLE).read_text())
    return content


def slo(**changes: object) -> Slo:
    return Slo.model_validate({**document()["slos"][0], **changes})


def alarm(**changes: object) -> Alarm:
    return Alarm.model_validate({**document()["alarms"][0], **changes})


def routing(**changes: object) -> Routing:
    return Routing.model_validate({**document()["routing"], **changes})
