"""What `slipway recover` found, what it may clear, and what comes next. Pure but for one look at a process."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from slipway.cli.engine_records import Lock, Pending, State
from slipway.release.project_files import NAMESPACE, SERVICES, TARGET, place_of_service, targets_of
from slipway.release.records.journal import Head
from slipway.release.target import NAMED_BY, Target, recorded_target
from slipway.release.tokens import ROLLOUT
from slipway.release.units import show_moment
from slipway.rollout.safety.holder import Holding

WIDTH = 12


@dataclass(frozen=True, slots=True)
class Found:
    """One service: what its journal says, and its Lease as it was watched."""

    service: str
    namespace: str
    head: Head | None
    lease: Holding

    @property
    def unfinished(self) -> bool:
        """Whether a rollout began and has not ended."""
        return self.head is not None and self.head.unfinished

    def __str__(self) -> str:
        head = self.head
        if head is None:
            text = "no journal"
        elif head.attempt is not None and head.unfinished:
            text = f"rollout to {head.attempt.candidate.label} since {show_moment(head.attempt.began)} is unfinished"
        else:
            text = f"{head.serving.backend.label} serves" if head.serving is not None else "nothing serves"
        return f"{self.service} in {self.namespace}: {text}; Lease {self.lease}"


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything that was found in one stack."""

    stack: str
    locks: tuple[Lock, ...]
    pending: tuple[Pending, ...]
    services: tuple[Found, ...]
    only: tuple[str, ...] = ()

    @property
    def shown(self) -> tuple[Found, ...]:
        """The services that were asked for, all when none was."""
        return tuple(one for one in self.services if not self.only or one.service in self.only)

    @property
    def to_clear(self) -> str:
        """What can be cleared, in words; empty when there is nothing."""
        parts = ["lock"] if self.locks else []
        if self.pending:
            parts.append(f"{len(self.pending)} pending operation(s)")
        return " and ".join(parts)

    def refusal(self) -> str | None:
        """Why nothing may be cleared now; None when it may."""
        for one in self.services:
            if one.lease.alive:
                return (
                    f"{one.service}: its Lease is {one.lease}, so a rollout or its watchdog is at work; "
                    f"wait for it, or `slipway abort {one.service}`"
                )
        for lock in self.locks:
            if lives(lock):
                return (
                    f"the lock belongs to process {lock.pid} of {lock.user} on this machine, which still runs; "
                    "wait for it or end it"
                )
        return None


def lives(lock: Lock) -> bool:
    """Whether the process that holds the lock runs, as far as this machine can say."""
    if lock.pid is None or lock.host != socket.gethostname():
        return False
    try:
        os.kill(lock.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def services_of_stack(state: State, config: Mapping[str, Any], path: Path) -> list[tuple[str, Target]]:
    """Services with their targets: those in the state, and those that are configured."""
    found = {
        str(one.outputs["service"]): recorded_target(one.outputs)
        for one in state.resources
        if one.type == ROLLOUT and "service" in one.outputs and one.outputs.keys() & NAMED_BY
    }
    services = config.get(SERVICES)
    if config.keys() & {NAMESPACE, TARGET} and isinstance(services, dict):
        targets = targets_of(config, path)
        found = {**{str(one): targets[place_of_service(config, path, str(one))] for one in services}, **found}
    return sorted(found.items(), key=lambda one: one[0])


def as_json(found: Findings) -> dict[str, Any]:
    """Plain JSON values."""
    return {
        "stack": found.stack,
        "locks": [{**asdict(lock), "alive": lives(lock)} for lock in found.locks],
        "pendingOperations": [asdict(one) for one in found.pending],
        "services": [_service(one) for one in found.shown],
        "refusal": found.refusal(),
        "next": _command(found),
    }


def _service(one: Found) -> dict[str, Any]:
    attempt = one.head.attempt if one.head is not None and one.unfinished else None
    return {
        "service": one.service,
        "namespace": one.namespace,
        "unfinished": attempt.model_dump(mode="json", by_alias=True, exclude_none=True) if attempt else None,
        "lease": asdict(one.lease),
    }


def as_text(found: Findings) -> str:
    """A few aligned lines."""
    return "\n".join([f"stack {found.stack}", *(f"  {name:{WIDTH}}{text}" for name, text in _rows(found))])


def _rows(found: Findings) -> Iterator[tuple[str, str]]:
    if not found.locks:
        yield "lock", "none"
    for lock in found.locks:
        who = f"{lock.user}@{lock.host}, process {lock.pid}, since {lock.at}" if lock.pid is not None else "held"
        yield "lock", who + (", which runs" if lives(lock) else ", which does not run here")
    if not found.pending:
        yield "pending", "none"
    for one in found.pending:
        yield "pending", f"{one.operation} {one.urn}"
    for service in found.shown:
        yield "service", str(service)


def next_step(found: Findings, *, cleared: bool) -> str:
    """The last line: what was done, and what the user does next."""
    left = "nothing was cleared, --yes clears it" if found.to_clear else "nothing to clear"
    did = f"cleared the {found.to_clear}" if cleared else left
    unfinished = [one.service for one in found.services if one.unfinished]
    if unfinished:
        what = f"it settles the traffic of {', '.join(unfinished)} before anything else"
        return f"{did}; next: {_command(found)} ({what})"
    return f"{did}; next: {_command(found)}" if cleared else did


def _command(found: Findings) -> str:
    return f"pulumi up --stack {found.stack}"
