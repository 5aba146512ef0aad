"""What is counted in CloudWatch of each kind of entry. `entry` is empty for all that users ask together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from slipway.release.errors import ClusterError
from slipway.rollout.platforms.aws.requests import AwsRequests
from slipway.rollout.platforms.aws.target_groups import TargetGroupApi, TargetGroups
from slipway.rollout.platforms.aws.versions import Versions, VersionsApi
from slipway.rollout.platforms.trying import Patience

Points = Mapping[str, Mapping[float, float]]
"""Metric -> the beginning of a minute -> its sum."""
ANSWERED = ("HTTPCode_Target_2XX_Count", "HTTPCode_Target_3XX_Count", "HTTPCode_Target_4XX_Count")
"""What was answered well: all others are bad, a request without an answer among them."""


class View(Protocol):
    """How one kind of data plane counts."""

    namespace: str
    requests: str
    """The metric of all requests."""
    emitter: str
    whole: str
    """What all of it is called."""
    hint: str
    """The dimension by which it is found."""

    def metrics(self, entry: str) -> tuple[str, ...]:
        """Those that are asked for, the one of all requests first."""
        ...

    def dimensions(self, entry: str) -> Mapping[str, str]:
        """Name -> value. Raises ClusterError for what is not there."""
        ...

    def counted(self, entry: str, points: Points) -> tuple[Mapping[float, float], Mapping[float, float]]:
        """All requests of each minute that can be judged, and those of them that were answered well."""
        ...


class BalancerView:
    """The target groups of an Application Load Balancer, by name."""

    namespace = "AWS/ApplicationELB"
    requests = "RequestCount"
    emitter = "alb"
    hint = "LoadBalancer"

    def __init__(self, elb: TargetGroupApi, load_balancer: str, patience: Patience | None = None) -> None:
        """`load_balancer` is the end of its ARN, `app/NAME/ID`."""
        self._groups = TargetGroups(elb, AwsRequests(patience=patience))
        self.whole = load_balancer

    def metrics(self, entry: str) -> tuple[str, ...]:
        """All answers are asked for only of a group."""
        return (self.requests, *ANSWERED) if entry else (self.requests,)

    def dimensions(self, entry: str) -> Mapping[str, str]:
        """Of the load balancer, and of the group."""
        found = {"LoadBalancer": self.whole}
        return {**found, "TargetGroup": self._groups.arns([entry])[entry].rpartition(":")[2]} if entry else found

    def counted(self, entry: str, points: Points) -> tuple[Mapping[float, float], Mapping[float, float]]:
        """A count of answers is sent only where it is not zero."""
        good: dict[float, float] = {}
        for name in ANSWERED:
            for start, value in points.get(name, {}).items():
                good[start] = good.get(start, 0.0) + value
        return points[self.requests], good


class FunctionView:
    """The versions behind an alias of a function: what the alias led to them."""

    namespace = "AWS/Lambda"
    requests = "Invocations"
    errors = "Errors"
    emitter = "lambda"
    hint = "Resource"

    def __init__(self, functions: VersionsApi, function: str, alias: str, patience: Patience | None = None) -> None:
        self._versions = Versions(functions, AwsRequests(patience=patience), function)
        self.whole = f"{function}:{alias}"

    def metrics(self, entry: str) -> tuple[str, ...]:
        """Errors are asked for only of a version."""
        return (self.requests, self.errors) if entry else (self.requests,)

    def dimensions(self, entry: str) -> Mapping[str, str]:
        """Of the alias, and of the version that it led to."""
        found = {"FunctionName": self._versions.function, "Resource": self.whole}
        if not entry:
            return found
        number = self._versions.number_of(entry.rpartition("-")[2])
        if number is None:
            raise ClusterError(f"no version of {entry} is published; check its workload")
        return {**found, "ExecutedVersion": number}

    def counted(self, entry: str, points: Points) -> tuple[Mapping[float, float], Mapping[float, float]]:
        """Lambda sends a count of errors with every count of invocations, 0 too: a minute without one is not whole."""
        total = points[self.requests]
        if not entry:
            return total, {}
        errors = points.get(self.errors, {})
        both = {start: value for start, value in total.items() if start in errors}
        return both, {start: value - errors[start] for start, value in both.items()}
