"""How each kind of trial strikes a running `pulumi up`."""

from __future__ import annotations

import random
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

from sandbox.chaos import outages, processes
from sandbox.chaos.faults import READS, WRITES, Fault
from sandbox.chaos.faults import Kind as FaultKind
from sandbox.chaos.plan import KILLS, RESTARTS, SLEEPS, Kind, Moment, Trial
from sandbox.chaos.proxy import ApiProxy
from sandbox.chaos.report import Row
from sandbox.chaos.subject import Subject, Up, await_true
from sandbox.context import Context

MOMENT_WITHIN = 60.0
WHOLE_WITHIN = 45.0
"""Seconds within which the watchdog makes the traffic whole after its provider's death: its Lease, and a way back."""
AFTER_RESTART = 2.0
"""Seconds after the data plane answers again in which a client may still meet its restart: a connection that was
opened before, a listener that it does not have yet."""

PARTS = {
    Kind.RESTART_GATEWAY: outages.CONTOUR,
    Kind.RESTART_DATA_PLANE: outages.ENVOY,
    Kind.RESTART_METRICS: outages.PROMETHEUS,
    Kind.RESTART_API: outages.API_SERVER,
}
ROLLOUT_PATHS = ("/configmaps", "/leases", "/httproutes", "/deployments", "/endpointslices", "")
"""What the faults of the API hit: journal and intents, Lease, route, workloads, endpoints, anything."""


class Strike:
    """One trial's blow. `away` is the time in which the data plane was away, in seconds of the monotonic clock."""

    def __init__(self, subject: Subject, context: Context, trial: Trial, row: Row) -> None:
        self._subject, self._context, self._trial, self._row = subject, context, trial, row
        self.away: tuple[float, float] | None = None
        self._before = subject.serving()

    def run(self) -> None:
        """Start `pulumi up`, strike, and return when it and everything that the strike started has ended."""
        kind = self._trial.kind
        if kind is Kind.API_FAULTS:
            self._with_faults()
            return
        up = self._subject.up(f"{self._trial.number}-first")
        self._await_moment(up)
        if kind in KILLS:
            self._kill(up)
        elif kind in SLEEPS:
            self._sleep(up)
        elif kind in RESTARTS:
            self._restart(PARTS[kind])
        if kind not in SLEEPS:
            self._row.first_up = up.await_end()
        self._check_ended(up)

    def _await_moment(self, up: Up) -> None:
        trial = self._trial
        seen: dict[Moment, Callable[[], bool]] = {
            Moment.START: lambda: True,
            Moment.LEASE: self._subject.leased,
            Moment.JOIN: lambda: len(self._subject.shares()) > 1,
            Moment.SPLIT: lambda: sum(share > 0 for share in self._subject.shares().values()) > 1,
            Moment.COMMIT: lambda: self._subject.serving() != self._before,
        }
        await_true(lambda: up.process.poll() is not None or seen[trial.moment](), MOMENT_WITHIN)
        up.await_end(trial.delay)
        ended = up.process.poll() is not None
        shares = sorted(self._subject.shares().values(), reverse=True)
        told = "/".join(f"{share:g}" for share in shares)
        self._row.struck = f"{'ended already' if ended else 'running'}, route {told}"

    def _check_ended(self, up: Up) -> None:
        if up.process.poll() is None:
            self._row.stuck = "the first up did not end"
            processes.kill([up.process.pid])

    # -- kills ---------------------------------------------------------------------------------------------

    def _kill(self, up: Up) -> None:
        kind, checkout = self._trial.kind, self._subject.first
        if kind is Kind.KILL_ALL:
            checkout.signal(signal.SIGKILL)
            up.process.wait(30)
            return
        if kind is Kind.KILL_WATCHDOG:
            processes.kill(checkout.watchdogs())
            return
        if kind is Kind.KILL_PROVIDER:
            processes.kill(checkout.providers())
        else:
            processes.kill([up.process.pid])
        up.await_end(60)
        if not await_true(self._subject.settled, WHOLE_WITHIN):
            self._row.stuck = f"the watchdog did not make the traffic whole within {WHOLE_WITHIN:g} s"

    # -- sleeps --------------------------------------------------------------------------------------------

    def _sleep(self, up: Up) -> None:
        """The whole tree sleeps; with a second `up` beside it, what that one does is never undone."""
        asleep = self._subject.first.signal(signal.SIGSTOP)
        began = time.monotonic()
        second: Up | None = None
        try:
            if self._trial.kind is Kind.SLEEP_BESIDE_UP:
                other = self._subject.other
                other.run("cancel", "--yes")
                second = self._subject.up(f"{self._trial.number}-second", other)
            threading.Event().wait(max(0.0, self._trial.seconds - (time.monotonic() - began)))
        finally:
            processes.wake(asleep)
        self._row.first_up = up.await_end()
        if second is not None:
            code = second.await_end()
            self._row.notes.append(f"second up: {code} {second.last_words() if code else ''}".strip())
            self._check_ended(second)

    # -- restarts ------------------------------------------------------------------------------------------

    def _restart(self, part: str) -> None:
        began = time.monotonic()
        with outages.killed(part):
            threading.Event().wait(self._trial.seconds)
        if part == outages.ENVOY:
            self.away = (began, time.monotonic() + AFTER_RESTART)

    # -- the API -------------------------------------------------------------------------------------------

    def _with_faults(self) -> None:
        context, trial = self._context, self._trial
        with ApiProxy.before(context.paths.kubeconfig, context.pki, self._subject.folder, trial.seed) as proxy:
            up = self._subject.up(f"{trial.number}-first", kubeconfig=proxy.kubeconfig)
            self._await_moment(up)
            hits = [proxy.faults.inject(fault) for fault in faults_of(trial.seed)]
            self._row.first_up = up.await_end()
            self._check_ended(up)
            met = [f"{len(one.hits)} {one.fault.kind} {one.fault.path}".strip() for one in hits if one.hits]
            self._row.struck += ", met " + (", ".join(met) or "none")
            leave(proxy.kubeconfig)


def leave(kubeconfig: Path) -> None:
    """What guards a rollout behind a proxy may need it for a while after the `up` has ended."""
    checkout = processes.Checkout(kubeconfig)
    await_true(lambda: not checkout.pids(), WHOLE_WITHIN)
    checkout.end()


def faults_of(seed: int) -> list[Fault]:
    """Two to five faults, each once, three times in a row, or by chance all along."""
    dice = random.Random(seed)  # noqa: S311 - reproducible chaos
    found = []
    for _ in range(dice.randint(2, 5)):
        kind, path = dice.choice(list(FaultKind)), dice.choice(ROLLOUT_PATHS)
        methods = dice.choice([WRITES, WRITES, (*READS, *WRITES)])
        seconds = 8.0 if kind is FaultKind.NO_ANSWER else dice.choice([1.0, 2.0])
        times, share = dice.choice([(1, 1.0), (3, 1.0), (8, 0.1)])
        found.append(Fault(kind, methods, path, times, share, seconds))
    return found
