"""Puts real health into moto's load balancers, and refuses what one Envoy cannot serve.

moto's models are no public interface: `check` says at the start whether what is replaced here is still there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.exceptions import ServiceException
from moto.elbv2 import models
from moto.elbv2.exceptions import TargetGroupNotFoundError

from sandbox.aws.elb import view
from sandbox.aws.elb.health import Health

BACKEND: Any = models.ELBv2Backend
REPLACED = ("describe_target_health", "describe_target_groups", "create_listener")


class PortTakenError(ServiceException):
    """Two load balancers cannot share a port here: they have one address."""

    code = "InvalidConfigurationRequest"


def check() -> None:
    """Raises RuntimeError, with what is missing, when moto is not the one that this was written for."""
    group = {"targets", "attributes", "matcher", "health_check_interval_seconds", "load_balancer_arns"}
    kind: Any = models.FakeTargetGroup
    made = kind("check", "1", "eu-central-1", "vpc-1", "HTTP", "80", target_type="ip")
    missing = [f"ELBv2Backend.{name}" for name in REPLACED if not callable(getattr(BACKEND, name, None))]
    missing += [f"FakeTargetGroup.{name}" for name in sorted(group) if not hasattr(made, name)]
    missing += [] if hasattr(models.FakeHealthStatus("1", "1", None, "healthy"), "target_health") else ["target_health"]
    if missing:
        raise RuntimeError(f"this moto has no {', '.join(missing)}: the overlay of load balancers needs another")


def install(health: Health) -> None:
    """Replace methods of moto's model, in this process for good."""
    check()
    BACKEND.describe_target_health = _target_health(health)
    BACKEND.describe_target_groups = _target_groups(BACKEND.describe_target_groups)
    BACKEND.create_listener = _listener(BACKEND.create_listener)


def _target_health(health: Health) -> Callable[..., Any]:
    def describe(self: Any, target_group_arn: str, targets: list[Any]) -> list[Any]:  # noqa: ANN401
        group = self.target_groups.get(target_group_arn)
        if group is None:
            raise TargetGroupNotFoundError
        places = [(str(one["Id"]), int(one.get("Port") or group.port)) for one in targets]
        places = places or sorted({*view.of(self).groups[group.arn].targets, *health.there(group.arn)})
        found = []
        for address, port in places:
            state, reason, description = health.state(group.arn, address, port)
            registered = address in group.targets
            if state == "unused" and registered:
                # Registered a moment ago: no look has come since.
                used = bool(view.of(self).users(group.arn))
                state, reason, description = _untried(used=used)
            check_port = group.health_check_port
            found.append(models.FakeHealthStatus(address, str(port), check_port, state, reason, description))
        return found

    return describe


def _untried(*, used: bool) -> tuple[str, str | None, str | None]:
    from sandbox.aws.elb.health import REASONS

    state = "initial" if used else "unused"
    return state, *REASONS[state]


def _target_groups(original: Callable[..., Any]) -> Callable[..., Any]:
    def describe(self: Any, *given: Any, **named: Any) -> Any:  # noqa: ANN401
        known = view.of(self)
        for group in list(self.target_groups.values()):
            group.load_balancer_arns = known.users(group.arn)
        return original(self, *given, **named)

    return describe


def _listener(original: Callable[..., Any]) -> Callable[..., Any]:
    def create(self: Any, load_balancer_arn: str, *given: Any, **named: Any) -> Any:  # noqa: ANN401
        port = named["port"] if "port" in named else given[1]
        for other in view.of(self).listeners:
            if other.load_balancer != load_balancer_arn and str(other.port) == str(port):
                text = f"port {port} is that of {other.load_balancer}: in the sandbox all have one address"
                raise PortTakenError(text)
        return original(self, load_balancer_arn, *given, **named)

    return create
