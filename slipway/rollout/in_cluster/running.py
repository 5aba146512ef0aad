"""Carrying out an order in a pod: the same update as on a host, its report, and what the exit code says."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable

from slipway.release.errors import ClusterError, LeaseHeld, ReleaseRefused, SlipwayError
from slipway.release.run_order import RunOrder, is_attempt_of
from slipway.release.target import KubernetesTarget
from slipway.rollout import operations
from slipway.rollout.adapters import Adapters
from slipway.rollout.assemble import connect_adapters
from slipway.rollout.in_cluster.hearing import Hearing
from slipway.rollout.in_cluster.report import DONE, RunEnd
from slipway.rollout.in_cluster.reporting import RunReporter
from slipway.rollout.platforms.runs import Runs
from slipway.rollout.record import load
from slipway.rollout.removal import declared_services_of, remove
from slipway.rollout.retrying import retry_until
from slipway.rollout.safety.overseer import RestartedByTheCluster
from slipway.rollout.safety.rescue import rescue_once
from slipway.rollout.update import Update

ENDED, AGAIN, UNREADABLE = 0, 1, 2
"""Exit codes: see slipway.rollout.runner."""
AGAIN_AFTER = 2.0
"""Seconds between two tries for a Lease that another holds."""
SEEN_WITHIN = 60.0
"""Seconds for which the journal is read again, to see whether an attempt has an end."""


def connect(order: RunOrder) -> Adapters:
    """The cluster that this pod is in, whatever its context is called elsewhere. Escalations are written here and sent
    by who follows, who has the secrets and outlives the pod. Raises ClusterError."""
    where = order.wanted.where
    if not isinstance(where, KubernetesTarget):
        raise ClusterError(f"an order for a target of kind {where.kind} cannot be carried out in a pod")
    here = KubernetesTarget(name=where.name, namespace=where.namespace)
    wanted = order.wanted
    return connect_adapters(
        wanted.service, here, wanted.metrics, order.stack, escalation=wanted.escalation, sends=False
    )


class Runner:
    """One process of one order. `cancelled` tells it to put the traffic back and end; with `told_to_go` the pod goes
    and the order stays. `say` prints a line."""

    def __init__(
        self,
        order: RunOrder,
        adapters: Adapters,
        told_to_go: threading.Event,
        cancelled: threading.Event,
        say: Callable[[str], None],
    ) -> None:
        """Raises ClusterError where there are no Jobs."""
        if adapters.runs is None:
            raise ClusterError("this platform runs no rollouts in Jobs")
        self._order = order
        self._adapters = adapters
        self._told_to_go = told_to_go
        self._cancelled = cancelled
        self._attempt = order.attempt_of(uuid.uuid4().hex[:6])
        self._runs: Runs = adapters.runs
        self._report = RunReporter(self._runs, order.id, self._attempt, say)

    def run(self) -> int:
        """The exit code. Raises ClusterError when nothing could be reported, which is that of a process that starts."""
        former = self._report.begin()
        if former is not None and former.end is not None:
            self._report.close(former.end)
            return ENDED
        with Hearing(self._adapters, self._runs, self._order, self._cancelled):
            end = self._carried_out()
        self._report.close(end)
        return AGAIN if end is None else ENDED

    def _carried_out(self) -> RunEnd | None:
        """How the order ended; None when it has not."""
        try:
            self._carry_out()
        except SlipwayError as error:
            failed = error
        except Exception as error:  # the next process puts the traffic back, where it is not
            failed = SlipwayError(f"unexpected {type(error).__name__}: {error}".partition("\n")[0])
        else:
            return RunEnd(kind=DONE)
        self._report.event(str(failed))
        if self._told_to_go.is_set() or self._is_open(failed):
            return None
        return RunEnd.of(failed)

    def _carry_out(self) -> None:
        order, adapters = self._order, self._adapters
        if order.task == "remove":
            services = declared_services_of(order.wanted.to_wire())
            remove(adapters, order.wanted.service, services, self._report, self._cancelled, order.forget)
            return
        if order.task == "put-back":
            self._put_back()
            return
        reason = operations.refusal_reason(order.wanted, adapters)
        if reason is not None:
            raise ReleaseRefused(reason)
        olds = {"serving": order.serving.model_dump(mode="json", by_alias=True)} if order.serving is not None else {}
        overseer = RestartedByTheCluster()
        update = Update(
            order.wanted,
            adapters,
            olds,
            self._report,
            self._cancelled,
            overseer,
            rollout_id=self._attempt,
            drill=order.drill,
        )
        update.run()

    def _put_back(self) -> None:
        """Once the Lease of the process that died is over. Raises LeaseHeld where another has it for longer."""
        order, adapters, began = self._order, self._adapters, self._adapters.now()
        while not self._told_to_go.is_set():
            try:
                rescue_once(adapters, order.attempt, self._attempt, order.reason, "follower", self._report.status)
                return
            except LeaseHeld:
                if adapters.now() - began > SEEN_WITHIN:
                    raise
                adapters.pause(AGAIN_AFTER)
        raise ClusterError("this pod was told to go; the next one puts the traffic back")

    def _is_open(self, failed: SlipwayError) -> bool:
        """Whether another process has to go on: an attempt of this order has no end, or one of its processes lives."""
        try:
            if isinstance(failed, LeaseHeld):
                state = retry_until(self._adapters, self._adapters.lease.read, SEEN_WITHIN)
                return state is not None and is_attempt_of(self._order.id, state.holder)
            stored = retry_until(self._adapters, lambda: load(self._adapters), SEEN_WITHIN)
        except ClusterError:
            return True
        attempt = stored.head.attempt if stored is not None and stored.head.unfinished else None
        return attempt is not None and is_attempt_of(self._order.id, attempt.id)
