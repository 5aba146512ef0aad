"""Raises escalations: into the outbox first, then by a process of its own that outlives this one and sends."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from slipway.release.errors import ClusterError
from slipway.release.escalation.model import Escalation
from slipway.release.escalation.outbox import Closed, Entry, closed, entry_of, next_due
from slipway.release.escalation.receivers import secrets_of
from slipway.release.escalation.setting import EscalationRoute
from slipway.release.target import Target
from slipway.rollout.escalation.outbox import Outbox, add, change, prune
from slipway.rollout.process.environment import with_proxies

MODULE = "slipway.rollout.sending"
Start = Callable[[Entry], None]


class Escalations(Protocol):
    """The escalations of a rollout. Nothing raises an error: what escalates is never stopped by an escalation that
    cannot be written. The line says what is wrong, None when nothing is."""

    @property
    def route(self) -> EscalationRoute:
        """What is escalated, and to whom."""
        ...

    def escalate(self, escalation: Escalation) -> str | None:
        """Write it and begin to send it."""
        ...

    def settle(self, service: str, by: Closed) -> str | None:
        """End the open escalations about a service: it has a good release again."""
        ...

    def go_on(self, service: str) -> str | None:
        """Send what an earlier process could not, such as one whose machine went away."""
        ...


class Desk:
    """Those of one owner in one outbox. `start` begins to send an entry and returns at once."""

    def __init__(self, route: EscalationRoute, outbox: Outbox, start: Start) -> None:
        self._route = route
        self._outbox = outbox
        self._start = start

    @property
    def route(self) -> EscalationRoute:
        """What is escalated, and to whom."""
        return self._route

    def escalate(self, escalation: Escalation) -> str | None:
        """Write it and begin to send it; without the outbox it is sent all the same."""
        entry = entry_of(escalation, self._route.receivers.of(escalation.severity))
        trouble = None
        try:
            add(self._outbox, entry)
        except ClusterError as error:
            trouble = f"the escalation {entry.id} is not in the outbox yet: {error}"
        try:
            self._start(entry)
        except OSError as error:
            left = trouble or "`slipway escalations send` sends it"
            return f"no process sends the escalation {entry.id}: {error.strerror}; {left}"
        if trouble is None:
            with contextlib.suppress(ClusterError):
                prune(self._outbox)
        return trouble

    def settle(self, service: str, by: Closed) -> str | None:
        """End the open escalations about a service."""

        def end(entry: Entry) -> Entry | None:
            if entry.closed is not None:
                return None
            return change(self._outbox, entry.id, lambda one: closed(one, by))

        return self._each(service, end)

    def go_on(self, service: str) -> str | None:
        """Send what is left of the escalations about a service."""
        return self._each(service, lambda entry: entry)

    def _each(self, service: str, make: Callable[[Entry], Entry | None]) -> str | None:
        try:
            for entry in self._outbox.entries():
                wanted = make(entry) if entry.escalation.service == service else None
                if wanted is not None and next_due(wanted) is not None:
                    self._start(wanted)
        except (ClusterError, OSError) as error:
            return f"the escalations about {service} cannot be settled: {error}"
        return None


def leave_to_others(_entry: Entry) -> None:
    """Starts nothing: the entry is in the outbox, and another process sends it."""


def starter(target: Target, folder: str | None) -> Start:
    """Starts a process for each entry. `folder` is that of the outbox, None for the one in the cluster of `target`."""

    def start(entry: Entry) -> None:
        begin(order_of(entry, target, folder), environment_of(entry, dict(os.environ)))

    return start


def order_of(entry: Entry, target: Target, folder: str | None) -> bytes:
    """What the process reads: one JSON document, without any secret."""
    document = {
        "entry": entry.to_document(),
        "target": target.model_dump(mode="json", exclude_none=True),
        "folder": None if folder is None else str(Path(folder).resolve()),
    }
    return json.dumps(document).encode()


def begin(order: bytes, environment: dict[str, str], command: Sequence[str] = ()) -> int:
    """Start a sender in a session of its own; returns its process id. Raises OSError."""
    process = subprocess.Popen(
        command or [sys.executable, "-m", MODULE],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env=environment,
        cwd="/",
    )
    assert process.stdin is not None  # noqa: S101 - it is a pipe
    with process.stdin:
        process.stdin.write(order)
    process.returncode = 0  # not waited for: it is meant to outlive this process
    return process.pid


def environment_of(entry: Entry, environment: dict[str, str]) -> dict[str, str]:
    """Of a sender: nothing of the program but the secrets that this entry names."""
    named = {secret.env for one in entry.deliveries for secret in secrets_of(one.receiver) if secret.env is not None}
    return with_proxies(environment, named)
