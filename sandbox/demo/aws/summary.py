"""`out/demo/aws.json`: what the demo did on ECS and on Lambda, and what its clients saw. Every number was measured in
that run."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from sandbox.demo.aws.faulty import FaultyRelease
from sandbox.demo.summary import Summary

SAFE_ON_PROMETHEUS = 20.0
SAFE_ON_CLOUDWATCH = 240.0
"""Seconds from the first failure until the faulty version has no traffic."""


@dataclass(frozen=True, slots=True)
class Drift:
    """The weights of the listener rule were changed by another. `shown`: the next preview has a change; `seconds` is
    the whole `pulumi up`, `weights` what the stack's outputs say after it, in percent by target group."""

    shown: bool
    seconds: float
    weights: dict[str, float]
    client_requests: int
    client_failures: int


@dataclass(slots=True)
class AwsSummary(Summary):
    """The releases of the demo, and what there is on AWS alone."""

    seconds: float = 0.0
    """Of the whole demo, without setting up."""
    drift: Drift | None = None
    cloudwatch: FaultyRelease | None = None
    """A fault on ECS that CloudWatch told of."""
    functions_cloudwatch: FaultyRelease | None = None
    """The same of a function."""
    functions: Summary | None = None
    """The releases on Lambda, whose problems stand with the others."""

    def to_json(self) -> dict[str, Any]:
        """The documented shape."""
        found = Summary.to_json(self)
        functions = None if self.functions is None else self.functions.to_json()
        minutes = self.functions_cloudwatch
        played = None not in (self.drift, self.cloudwatch, minutes) and functions is not None
        return {
            "ok": found["ok"] and played and functions is not None and functions["ok"],
            "seconds": self.seconds,
            **{key: value for key, value in found.items() if key not in ("ok", "problems")},
            "drift": None if self.drift is None else asdict(self.drift),
            "cloudwatch": None if self.cloudwatch is None else asdict(self.cloudwatch),
            "lambda": None if functions is None else _on_lambda(functions, minutes),
            "problems": self.problems,
        }


def _on_lambda(functions: dict[str, Any], minutes: FaultyRelease | None) -> dict[str, Any]:
    """What was released on Lambda, and the fault there that CloudWatch told of."""
    found = {key: functions[key] for key in ("releases", "rollback")}
    return {**found, "cloudwatch": None if minutes is None else asdict(minutes)}
