"""What the engine tells, as small typed values: histories, states, locks, runs. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from typing import TYPE_CHECKING, Any

from slipway.cli.changes import Diagnostic, Step, first_error, one_line
from slipway.release.records.rollback import PastUpdate

if TYPE_CHECKING:
    from pulumi.automation import UpdateSummary

_LOCK = re.compile(r"created by (?P<user>.*)@(?P<host>\S+) \(pid (?P<pid>\d+)\) at (?P<at>\S+)")


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock on the stack; user, host and process are known for the file backend only. `at` is as the CLI says it."""

    user: str = ""
    host: str = ""
    pid: int | None = None
    at: str = ""


@dataclass(frozen=True, slots=True)
class Pending:
    """An operation that began and of which the state does not know how it ended."""

    operation: str
    urn: str


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource in the stack's state, with its outputs as the provider gave them."""

    urn: str
    type: str
    outputs: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class State:
    """The stack's exported state."""

    resources: tuple[Resource, ...]
    pending: tuple[Pending, ...]


@dataclass(frozen=True, slots=True)
class StackUpdate:
    """One update in the stack's history: start in Unix seconds, and the configured entries of all services."""

    began: float
    succeeded: bool
    message: str
    services: Mapping[str, Mapping[str, Any]]
    ended: float | None = None
    by: str = ""
    """Author of the commit that was checked out, where the engine knows it."""

    def of(self, service: str) -> PastUpdate:
        """As far as one service is concerned."""
        return PastUpdate(self.began, self.succeeded, self.services.get(service), self.ended)


@dataclass(slots=True)
class Run:
    """A preview or an update as it went; `error` is one line, None after a success."""

    steps: list[Step] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    error: str | None = None

    @classmethod
    def of(cls, events: Iterable[Mapping[str, Any]], error: str | None) -> Run:
        """From the engine's event log, read as plain JSON so that an operation unknown to the SDK still counts as a
        change; `error` is why the command failed, where no event says it better."""
        run = cls(error=error)
        for event in events:
            if (step := event.get("resourcePreEvent")) is not None:
                run.steps.append(_step(step["metadata"]))
            elif (told := event.get("diagnosticEvent")) is not None and not told.get("ephemeral"):
                run.diagnostics.append(Diagnostic(told["severity"], told["message"], told.get("urn", "")))
        found = first_error(run.diagnostics)
        if error is not None and found is not None:
            run.error = one_line(found.message)
        return run


def locks_in(message: str) -> list[Lock]:
    """The locks that the CLI lists when it finds the stack locked."""
    return [Lock(one["user"], one["host"], int(one["pid"]), one["at"]) for one in _LOCK.finditer(message)]


def update_of(summary: UpdateSummary, key: str) -> StackUpdate:
    """`key` is the structured configuration that holds the services; what is no structure names no service."""
    held = summary.config.get(key)
    try:
        services: Any = json.loads(held.value) if held is not None else {}
    except ValueError:
        services = {}
    pairs = services.items() if isinstance(services, dict) else ()
    entries = {name: entry for name, entry in pairs if isinstance(entry, dict)}
    began = summary.start_time.replace(tzinfo=UTC).timestamp()
    ended = summary.end_time.replace(tzinfo=UTC).timestamp() if summary.end_time is not None else None
    author = summary.environment.get("git.author", "")
    return StackUpdate(began, summary.result == "succeeded", summary.message, entries, ended, author)


def state_of(deployment: Mapping[str, Any]) -> State:
    """From the content of an export; an empty stack has no resources."""
    resources = tuple(
        Resource(str(one["urn"]), str(one["type"]), one.get("outputs") or {})
        for one in deployment.get("resources") or ()
    )
    pending = tuple(
        Pending(str(one.get("type", "")), str((one.get("resource") or {}).get("urn", "")))
        for one in deployment.get("pending_operations") or ()
    )
    return State(resources, pending)


def leaves(value: object, path: str = "") -> Iterator[tuple[str, Any]]:
    """Plain values below a structured one with their property paths: `{"a": [1]}` -> `('["a"][0]', 1)`."""
    if isinstance(value, dict):
        for key, below in value.items():
            yield from leaves(below, f'{path}["{key}"]')
    elif isinstance(value, list):
        for index, below in enumerate(value):
            yield from leaves(below, f"{path}[{index}]")
    elif value is not None:
        yield path, value


def _step(step: Mapping[str, Any]) -> Step:
    known: Mapping[str, Any] = step.get("new") or step.get("old") or {}
    detailed = {re.split(r"[.\[]", path)[0] for path in step.get("detailedDiff") or ()}
    changed = tuple(sorted({*detailed, *(step.get("diffs") or ())}))  # a provider may name few of them in diffs
    return Step(step["op"], step["urn"], known.get("parent", ""), changed)
