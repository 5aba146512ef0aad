"""What a provider does between the failure of a rollout and the answer to the engine."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from slipway.plugin.engine_log import EngineLog
from slipway.plugin.engine_process import EngineProcess
from slipway.plugin.holdback import HoldBack
from slipway.plugin.next_command import next_command
from slipway.plugin.partial import PartlyDone, what_stands
from slipway.release.errors import ClusterError, SlipwayError
from slipway.release.rollout_inputs import RolloutInputs
from slipway.rollout.adapters import Adapters
from slipway.rollout.removal import in_use, services_of

CANCEL_WITHIN = 10.0
"""Seconds from an interrupt of the engine to its Cancel."""


class AfterFailure:
    """Lets a failure wait for the others of its update, keeps the engine from deleting a workload under traffic, and
    finds what the stack's state must know all the same."""

    def __init__(self, hold: HoldBack, process: EngineProcess) -> None:
        self._hold = hold
        self._process = process
        self._cancelled = threading.Event()

    def cancel(self) -> None:
        """The engine was interrupted, or its run is over."""
        self._hold.release()
        self._cancelled.set()

    def answer(
        self,
        failed: SlipwayError,
        wanted: RolloutInputs,
        olds: Mapping[str, Any] | None,
        connect: Callable[[], Adapters],
        log: EngineLog,
        *,
        stack: str,
        interrupted: bool,
        anchored: Mapping[str, Any],
    ) -> SlipwayError:
        """The error to answer with, when it may be answered: its reason, and the next command in a line of its own.
        `olds` is None for a create, `stack` the stack's name, `anchored` the output that keeps the end of the chain of
        records."""
        if not interrupted:
            if self._hold.busy:
                others = "The other rollouts of this update go on; this one fails when they are done"
                log.event(f"{wanted.service}: {failed}. {others}")
                self._hold.wait()
            self._keep_workloads(wanted, olds or {}, connect, log)
        answered = SlipwayError(f"{failed}\n{next_command(failed, wanted, stack)}")
        return _recorded(answered, wanted, connect, anchored, first=olds is None)

    def _keep_workloads(
        self, wanted: RolloutInputs, olds: Mapping[str, Any], connect: Callable[[], Adapters], log: EngineLog
    ) -> None:
        """An engine that continues on errors would delete a workload that neither the program nor the state's Rollout
        names; while one of those has traffic, the engine is stopped."""
        if not self._process.continues_on_error():
            return
        kept = {*services_of(olds), *services_of(wanted.to_wire())}
        try:
            exposed = ", ".join(sorted(in_use(connect()) - kept))
        except ClusterError as error:
            exposed = f"what the journal or the route names, which cannot be read ({error}),"
        if not exposed:
            return
        self._cancelled.clear()
        if self._process.interrupt():
            what = "the update is interrupted, since it would delete that after this error (--continue-on-error)"
            log.error(f"{wanted.service}: {exposed} may have traffic: {what}; `pulumi up` settles it")
            self._cancelled.wait(CANCEL_WITHIN)


def identity_of(wanted: RolloutInputs) -> str:
    """The id of the Rollout's resource."""
    return wanted.where.identity_of(wanted.service)


def _recorded(
    failed: SlipwayError,
    wanted: RolloutInputs,
    connect: Callable[[], Adapters],
    anchored: Mapping[str, Any],
    *,
    first: bool,
) -> SlipwayError:
    try:
        outputs = what_stands(wanted, connect(), first=first)
    except ClusterError:
        outputs = wanted.to_wire() if first else None
    if outputs is None:
        return failed
    return PartlyDone(str(failed), identity_of(wanted), wanted.to_wire(), {**outputs, **anchored})
