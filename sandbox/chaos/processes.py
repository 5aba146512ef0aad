"""The processes of one `pulumi up`, found by the kubeconfig that only this checkout names: however they were started,
and whether their parent still lives. Killed, stopped and woken from outside."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sandbox import process

VARIABLE = "SLIPWAY_KUBECONFIG"
"""The provider and its watchdog find the cluster by it, so every process of a checkout carries its value."""


@dataclass(frozen=True)
class Checkout:
    """Everything that runs with this kubeconfig in its environment."""

    kubeconfig: Path

    def pids(self) -> list[int]:
        """All living processes, this one left out."""
        mark = f"{VARIABLE}={self.kubeconfig}".encode()
        return [pid for pid in process.pids() if pid != os.getpid() and mark in _environment(pid)]

    def watchdogs(self) -> list[int]:
        """Those that guard a rollout after its provider's death."""
        return [pid for pid in self.pids() if _is_watchdog(_arguments(pid))]

    def providers(self) -> list[int]:
        """Those that run the rollout."""
        return [pid for pid in self.pids() if _is_provider(_arguments(pid))]

    def signal(self, number: signal.Signals) -> list[int]:
        """Send it until every process has got it; returns which did."""
        sent: list[int] = []
        while fresh := [pid for pid in self.pids() if pid not in sent]:
            _send(fresh, number)
            sent += fresh
        return sent

    def end(self) -> list[int]:
        """Kill what is left; returns what was."""
        left = self.pids()
        _send(left, signal.SIGCONT)
        process.end(left)
        return left


def kill(pids: Iterable[int]) -> None:
    """`kill -9`; returns when they are gone."""
    process.end(pids)


def kill_but_watchdogs(checkout: Checkout) -> None:
    """`kill -9` of engine, provider and what else an `up` consists of; its watchdogs have to notice by themselves."""
    watchdogs = checkout.watchdogs()
    kill([pid for pid in checkout.pids() if pid not in watchdogs])


def wake(pids: Iterable[int]) -> None:
    """SIGCONT to those that are still there."""
    _send(pids, signal.SIGCONT)


def _send(pids: Iterable[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def _is_watchdog(arguments: list[bytes]) -> bool:
    return b"slipway.rollout.safety.watchdog" in arguments


def _is_provider(arguments: list[bytes]) -> bool:
    return any(one.endswith(b"/slipway/plugin") for one in arguments) and not _is_watchdog(arguments)


def _environment(pid: int) -> list[bytes]:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    return []


def _arguments(pid: int) -> list[bytes]:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    return []
