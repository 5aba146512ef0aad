"""Bring a group of rules to its server, and wait until that evaluates it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from slipway.release.errors import ClusterError, QueryRefused
from slipway.release.slo.delivery import RuleGroupInputs
from slipway.rollout.metrics import prometheus_at
from slipway.rollout.metrics.prometheus_answer import Json
from slipway.rollout.metrics.prometheus_api import RELOADED
from slipway.rollout.rules import files
from slipway.rollout.rules.loaded import missing

PAUSE = 0.5
"""Seconds between two looks."""


class RuleServer(Protocol):
    """What is needed of a Prometheus server."""

    name: str

    def rule_groups(self, name: str) -> list[list[Json]]: ...
    def check(self, promql: str) -> None: ...
    def reload(self) -> None: ...
    def last_reload_failed(self) -> bool: ...


Tell = Callable[[str], None]


def connect(inputs: RuleGroupInputs) -> RuleServer:
    """The server of a group, asked as its inputs say. Raises ClusterError."""
    return prometheus_at(inputs.url, inputs.access)


def refuse_unread(inputs: RuleGroupInputs, server: RuleServer) -> None:
    """Let the server parse each expression before it gets any rule: what its version does not know would stop every
    later reload. Raises ClusterError that names the rule, and QueryRefused where the server refused it."""
    for rule in inputs.rules:
        try:
            server.check(str(rule["expr"]))
        except QueryRefused as error:
            name = rule.get("alert", rule.get("record"))
            raise QueryRefused(f"{name} of group {inputs.group}: {error}; nothing was written") from None


def apply(
    inputs: RuleGroupInputs,
    server: RuleServer,
    tell: Tell,
    cancelled: threading.Event,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Write the file, where there is one, and return when every rule is evaluated and healthy. Raises ClusterError that
    says what is not."""
    refuse_unread(inputs, server)
    if inputs.file is not None:
        _bring(Path(inputs.file), files.text_of(inputs), server)
    _await_evaluated(inputs, server, tell, cancelled, clock)


def remove(inputs: RuleGroupInputs, server: RuleServer) -> None:
    """Take the file away again, where there is one. Raises ClusterError."""
    if inputs.file is None:
        return
    path = Path(inputs.file)
    if files.read(path) is not None:
        files.restore(path, None)
        server.reload()


def drifted(inputs: RuleGroupInputs) -> bool:
    """Whether the file is no longer what was written. Raises ClusterError."""
    return inputs.file is not None and files.read(Path(inputs.file)) != files.text_of(inputs)


def _bring(path: Path, text: str, server: RuleServer) -> None:
    """A file that the server refuses is put back at once: it would stop the reloads of all others."""
    former = files.read(path)
    if former != text:
        files.write(path, text)
    try:
        server.reload()
    except ClusterError:
        files.restore(path, former)
        raise


def _await_evaluated(
    inputs: RuleGroupInputs, server: RuleServer, tell: Tell, cancelled: threading.Event, clock: Callable[[], float]
) -> None:
    deadline = clock() + inputs.within
    while True:
        try:
            problem = missing(inputs.group, inputs.rules, server.rule_groups(inputs.group))
        except ClusterError as error:
            problem = str(error)
        if problem is None:
            return
        tell(f"waiting: {problem}")
        if cancelled.is_set() or clock() >= deadline:
            raise ClusterError(_overdue(inputs, server, problem, cancelled=cancelled.is_set()))
        cancelled.wait(PAUSE)


def _overdue(inputs: RuleGroupInputs, server: RuleServer, problem: str, *, cancelled: bool) -> str:
    if cancelled:
        return f"{server.name}: interrupted; {problem}"
    why = "check that the server loads the file or object with the rules"
    if server.last_reload_failed():
        why = (
            f"its last reload failed ({RELOADED} 0), so it loads no new rules of anybody; its log names the broken file"
        )
    return f"{server.name}: {problem} after {inputs.within:g} s; {why}"
