"""What `pulumi up` does with a Rollout that runs in the cluster: order it, follow it, and give its outputs."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from slipway.release.errors import ClusterError, InputError, LeaseHeld, ReleaseRefused, RolloutAborted, SlipwayError
from slipway.release.reachability import out_of_a_pods_reach
from slipway.release.records import journal
from slipway.release.records.journal import Serving
from slipway.release.rollout_inputs import RolloutInputs
from slipway.release.run_order import RunOrder
from slipway.release.run_setting import RunSetting
from slipway.rollout.adapters import Adapters
from slipway.rollout.in_cluster.following import Followed, Following, NotPutBack
from slipway.rollout.outputs import outputs_of, recorded_serving
from slipway.rollout.platforms.runs import ActiveRun, Runs
from slipway.rollout.process.drilling import drilled
from slipway.rollout.process.operator import operator
from slipway.rollout.record import load
from slipway.rollout.resting import resting_sticky
from slipway.rollout.status import Reporter
from slipway.rollout.update_plan import pending_reason

NO_JOBS = "this platform runs no rollouts in Jobs"


class OrderedUpdate:
    """Create or update of one Rollout by a Job: follow the one that is there, or order one, or neither when everything
    is as declared already."""

    def __init__(
        self,
        wanted: RolloutInputs,
        adapters: Adapters,
        olds: Mapping[str, Any],
        reporter: Reporter,
        cancelled: threading.Event,
        abandoned: Callable[[], bool] = lambda: False,
    ) -> None:
        """`abandoned` says of a cancellation that the engine is gone and did not ask for it: the Job goes on.

        Raises ClusterError where there are no Jobs, InputError for what a pod could not use."""
        outbox = wanted.escalation.outbox if wanted.escalation is not None else None
        problems = list(out_of_a_pods_reach(wanted.run, wanted.metrics, wanted.gateway_url, outbox))
        if problems:
            raise InputError("Rollout", problems)
        self._wanted = wanted
        self._adapters = adapters
        self._runs = runs_of(adapters)
        self._serving = recorded_serving(olds)
        self._reporter = reporter
        self._cancelled = cancelled
        self._abandoned = abandoned

    def run(self) -> dict[str, Any]:
        """Returns the outputs. Raises SlipwayError with one clear line."""
        try:
            return self._run()
        finally:
            self._send_escalations()

    def _send_escalations(self) -> None:
        """Those that the Job has raised or ended."""
        escalations = self._adapters.escalations
        trouble = escalations.go_on(self._wanted.service) if escalations is not None else None
        if trouble is not None:
            self._reporter.event(f"{self._wanted.service}: {trouble}")

    def _run(self) -> dict[str, Any]:
        active = active_run(self._runs)
        if active is not None:
            self._refuse_another(active)
            line = f"{active.name} rolls {active.version} out in the cluster already: it is followed"
            self._reporter.event(f"{self._wanted.service}: {line}")
            self._follow(active.id)
        outputs = self._settled()
        if outputs is not None:
            return outputs
        order = RunOrder(
            id=new_order_id(),
            stack=self._adapters.stack,
            by=operator(),
            drill=drilled(),
            wanted=self._wanted,
            serving=self._serving,
        )
        self._start(order)
        self._follow(order.id)
        return self._outputs()

    def _start(self, order: RunOrder) -> None:
        if self._cancelled.is_set():
            raise ReleaseRefused(f"{self._wanted.service}: cancelled before anything moved")
        self._runs.start(order)
        line = f"Job {self._runs.name_of(order.id)} carries it out in the cluster"
        self._reporter.event(f"{self._wanted.service}: {line}")

    def _refuse_another(self, active: ActiveRun) -> None:
        service = self._wanted.service
        if active.revision != self._wanted.candidate.revision:
            raise ReleaseRefused(
                f"{service}: {active.name} rolls {active.version} ({active.revision}) out in the cluster; wait for it, "
                f"or stop it with `slipway abort {service}`"
            )

    def _follow(self, run_id: str) -> None:
        followed = Followed(run_id, self._wanted.run or RunSetting(), self._abandoned)
        try:
            Following(self._wanted, self._adapters, self._runs, followed, self._reporter, self._cancelled).to_end()
        except NotPutBack as error:
            self._have_it_put_back(error)

    def _have_it_put_back(self, failed: NotPutBack) -> None:
        """By a Job: the account of `pulumi up` may make Jobs, and may not move traffic. Not to be cancelled."""
        service, reason = self._wanted.service, failed.reason
        order = RunOrder(
            id=new_order_id(),
            task="put-back",
            attempt=failed.attempt,
            reason=reason,
            stack=self._adapters.stack,
            by=operator(),
            wanted=self._wanted,
        )
        name = f"Job {self._runs.name_of(order.id)}"
        followed = Followed(order.id, self._wanted.run or RunSetting(), self._abandoned)
        try:
            self._runs.start(order)
            self._reporter.event(f"{service}: {reason}; {name} puts the traffic back")
            Following(self._wanted, self._adapters, self._runs, followed, self._reporter, threading.Event()).to_end()
        except SlipwayError as error:
            text = f"{failed}; {name} could not do it: {error}"
            raise ClusterError(f"{text}; the next pulumi up makes a Job that does it first") from None
        raise RolloutAborted(f"{service} interrupted: {reason}; {name} put the traffic back")

    def _settled(self) -> dict[str, Any] | None:
        """The outputs when there is nothing to do: the next `up` after one that was lost finds it so."""
        wanted, adapters = self._wanted, self._adapters
        stored = load(adapters)
        head = stored.head if stored is not None else None
        if head is None or head.serving != Serving(backend=wanted.candidate, route=wanted.route):
            return None
        live = adapters.router.read()
        if (
            pending_reason(
                wanted, head, live, adapters.router.settings_hash(wanted.route, sticky=resting_sticky(head, wanted))
            )
            is not None
        ):
            return None
        if journal.taken_over(head, adapters.stack) != head:
            return None
        standby = wanted.standby
        if standby is not None and adapters.workloads.replicas(standby) < standby.replicas:
            return None
        return outputs_of(wanted, head, live)

    def _outputs(self) -> dict[str, Any]:
        """What the Job left. Raises ClusterError where it has not done all of it."""
        stored = load(self._adapters)
        if stored is None or stored.head.serving is None:
            raise ClusterError(f"{self._wanted.service}: the Job has ended, and the journal holds no completed release")
        reason = (
            None if stored.head.serving.backend == self._wanted.candidate else "the journal says that another serves"
        )
        if stored.head.leaving:
            names = ", ".join(one.entry for one in stored.head.leaving)
            reason = f"{names} was not seen without requests yet; its workload stays, the next up waits again"
        if reason is not None:
            raise ClusterError(f"{self._wanted.service}: the Job has ended, but {reason}")
        return outputs_of(self._wanted, stored.head, self._adapters.router.read())


def order_removal(
    wanted: RolloutInputs, adapters: Adapters, reporter: Reporter, cancelled: threading.Event, forget: str
) -> None:
    """The end of a service whose rollouts run in the cluster: a Job deletes its route, journal, intents and Lease, and
    goes too. `forget` is as for `remove`. Raises SlipwayError with one clear line."""
    runs, setting = runs_of(adapters), wanted.run or RunSetting()
    active = active_run(runs)
    if active is not None:
        raise LeaseHeld(f"{wanted.service}: {active.name} rolls {active.version} out; wait for it, then try again")
    order = RunOrder(
        id=new_order_id(), task="remove", stack=adapters.stack, by=operator(), wanted=wanted, forget=forget
    )
    runs.start(order)
    Following(wanted, adapters, runs, Followed(order.id, setting), reporter, cancelled).to_end()
    runs.delete(order.id)
    runs.delete_all()


def where_it_runs(wanted: RolloutInputs, adapters: Adapters) -> tuple[str, ...]:
    """What a preview says of a rollout in the cluster; nothing for one on the host."""
    run = wanted.run
    if run is None or not run.in_cluster or run.image is None:
        return ()
    lost = "is aborted" if run.on_lost_follower == "abort" else "goes on"
    image = f"{run.image.partition('@')[0]}@{run.image.partition('@')[2][:19]}"
    lines = [f"the rollout runs in a Job of the cluster ({image}) and {lost} when this process is lost"]
    active = active_run(runs_of(adapters))
    if active is not None and active.revision == wanted.candidate.revision:
        lines.append(f"{active.name} rolls {active.version} out already: pulumi up follows it")
    elif active is not None:
        lines.append(f"{active.name} rolls {active.version} out: pulumi up is refused until it has ended")
    return tuple(lines)


def runs_of(adapters: Adapters) -> Runs:
    """The Jobs of a world. Raises ClusterError where there are none."""
    if adapters.runs is None:
        raise ClusterError(NO_JOBS)
    return adapters.runs


def active_run(runs: Runs) -> ActiveRun | None:
    """The Job of the service that has not ended; the oldest, which has the Lease, when there are two."""
    return next(iter(runs.active()), None)


def new_order_id() -> str:
    """Short and unique."""
    return uuid.uuid4().hex[:8]
