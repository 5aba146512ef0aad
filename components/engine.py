"""What the engine does with a stack of several services, as lines for the plan."""

from __future__ import annotations

import pulumi
from pulumi.runtime import settings


def announce(services: int, warning: str | None) -> None:
    """Log, before the first resource, what the stack's gates warn of and how many services are rolled out at once."""
    if warning is not None:
        pulumi.log.warn(warning)
    if (told := notice(services, parallel())) is not None:
        pulumi.log.info(told)


def parallel() -> int | None:
    """Resources that the engine works on at once, as it told the program; None when it told nothing."""
    told = settings.SETTINGS.parallel
    return int(told) if told else None


def notice(services: int, at_once: int | None) -> str | None:
    """How many services there are and how many of them can be rolled out at the same time; None for a single one."""
    if services < 2:
        return None
    if at_once is None or at_once >= services:
        return f"{services} services: those that change are rolled out at the same time"
    return (
        f"{services} services: the engine rolls out {at_once} at once, and others wait until one is done; "
        f"`--parallel {10 * services}` lets all of them begin (docs/scale.md)"
    )
