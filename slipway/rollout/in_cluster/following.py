"""Follows the Job of one order from its start to its end, and shows what it reports."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from slipway.release.errors import (
    ClusterAway,
    ClusterError,
    LeaseHeld,
    LeaseLost,
    ReleaseRefused,
    RolloutAborted,
    SlipwayError,
)
from slipway.release.records.journal import Attempt, Outcome
from slipway.release.rollout_inputs import RolloutInputs
from slipway.release.run_order import is_attempt_of
from slipway.release.run_setting import RunSetting
from slipway.release.units import show_seconds
from slipway.rollout.adapters import Adapters
from slipway.rollout.in_cluster.report import DONE, RunEnd, RunReport, read_report
from slipway.rollout.platforms.base import Intent
from slipway.rollout.platforms.runs import Runs, RunState
from slipway.rollout.record import load
from slipway.rollout.safety.rescue import rescue_once
from slipway.rollout.status import Reporter

POLL = 0.5
"""Seconds between two looks."""
BEAT_EVERY = 10.0
PYTHON_STARTS = 45.0
"""Seconds from a pod that runs to its first word."""
BLIND_FOR, REFUSED_FOR = 300.0, 20.0
"""Seconds for which an API server may be away, or refuse requests, before following ends."""
QUIET_FOR = 5.0
"""Seconds without a word after which the pods are looked at."""
GONE_WITHIN = 170.0
"""Seconds in which the pods of a deleted Job end: more than their grace."""


class NotPutBack(SlipwayError):
    """No process ends this attempt any more, and its traffic could not be put back from here."""

    def __init__(self, why: str, attempt: str, reason: str) -> None:
        super().__init__(why)
        self.attempt, self.reason = attempt, reason


@dataclass(frozen=True, slots=True)
class Followed:
    """The Job that is followed: its id, and the setting that it was made by. `abandoned` says of a cancellation that
    the engine is gone."""

    run_id: str
    setting: RunSetting
    abandoned: Callable[[], bool] = lambda: False


class Following:
    """Returns when the Job has done what it was told, and raises what its process raised otherwise."""

    def __init__(
        self,
        wanted: RolloutInputs,
        adapters: Adapters,
        runs: Runs,
        followed: Followed,
        reporter: Reporter,
        cancelled: threading.Event,
    ) -> None:
        self._service = wanted.service
        self._adapters = adapters
        self._runs = runs
        self._id, self._setting, self._abandoned = followed.run_id, followed.setting, followed.abandoned
        self._name = f"Job {runs.name_of(followed.run_id)}"
        self._reporter = reporter
        self._cancelled = cancelled
        self._began = self._heard = adapters.now()
        self._beaten = 0.0
        self._report: RunReport | None = None
        self._shown = 0
        self._blind: float | None = None
        self._rescuing: float | None = None

    def to_end(self) -> None:
        """Follow it. Raises SlipwayError with one clear line."""
        while (end := self._seen()) is None:
            if self._cancelled.is_set():
                self._adapters.pause(POLL)
            else:
                self._cancelled.wait(POLL)
        end.raise_if_failed()

    def _seen(self) -> RunEnd | None:
        """One look; a cluster that does not answer for a while ends nothing, as the Job goes on."""
        try:
            end = self._look()
        except ClusterError as error:
            return self._tolerate(error)
        self._blind = None
        return end

    def _tolerate(self, error: ClusterError) -> RunEnd | None:
        now = self._adapters.now()
        since = self._blind = self._blind if self._blind is not None else now
        if now - since <= (BLIND_FOR if isinstance(error, ClusterAway) else REFUSED_FOR):
            self._reporter.status(f"{self._service}: {self._name} goes on unseen: {error}")
            return None
        text = f"{self._service}: {self._name} could not be followed for {show_seconds(float(round(now - since)))}"
        return RunEnd.of(ClusterError(f"{text}: {error}; it goes on in the cluster, and the next pulumi up follows it"))

    def _look(self) -> RunEnd | None:
        self._give_a_sign()
        if (end := self._read()) is not None:
            return end
        if self._cancelled.is_set():
            return self._let_go() if self._abandoned() else self._end_it()
        if self._report is not None and self._adapters.now() - self._heard < QUIET_FOR:
            return None
        state = self._runs.state(self._id)
        if state.over:
            return self._read() or self._after(state)
        if self._report is None:
            return self._starting(state)
        if state.phase == "waiting":
            self._reporter.status(f"{self._service}: {self._name} waits for a pod: {state.trouble or 'none runs'}")
        return None

    # -- what it says ----------------------------------------------------------------------------------------

    def _give_a_sign(self) -> None:
        now = self._adapters.now()
        if self._setting.on_lost_follower == "abort" and now - self._beaten >= BEAT_EVERY:
            self._runs.write_beat(self._id, f"{now:.0f}")
            self._beaten = now

    def _read(self) -> RunEnd | None:
        """Show what is new. The end, when the report has one."""
        found = read_report(self._runs.read_report(self._id))
        if found is None:
            return None
        if self._report is None or found.changes != self._report.changes or found.by != self._report.by:
            self._heard = self._adapters.now()
        self._report = found
        for line in found.after(self._shown):
            self._reporter.event(line.text)
            self._shown = line.number
        if found.stands is not None:
            self._reporter.progress(found.stands)
        elif found.status:
            self._reporter.status(found.status)
        return found.end

    # -- before it begins ------------------------------------------------------------------------------------

    def _starting(self, state: RunState) -> RunEnd | None:
        waited = self._adapters.now() - self._began
        limit = self._setting.start_within + (PYTHON_STARTS if state.phase == "running" else 0.0)
        if state.fatal or waited > limit:
            within = "" if state.fatal else f" within {show_seconds(limit)}"
            return self._give_up(f"did not start{within}: {state.trouble or 'its pod said nothing'}")
        self._reporter.status(
            f"{self._service}: waiting for the pod of {self._name}{state.trouble and f': {state.trouble}'}"
        )
        return None

    def _give_up(self, why: str) -> RunEnd | None:
        """Delete a Job whose process has said nothing; should it have begun all the same, its end is awaited."""
        self._runs.delete(self._id)
        deadline = self._adapters.now() + GONE_WITHIN
        while self._runs.state(self._id).pods and self._adapters.now() < deadline:
            self._adapters.pause(POLL)
        if (end := self._read()) is not None or self._report is not None or self._attempt() is not None:
            return end
        if self._cancelled.is_set():
            return RunEnd.of(ReleaseRefused(f"{self._service}: cancelled before anything moved"))
        return RunEnd.of(ClusterError(f"{self._service}: {self._name} {why}; it was deleted, nothing was moved"))

    # -- ending it -------------------------------------------------------------------------------------------

    def _end_it(self) -> RunEnd | None:
        """The word to end goes to its process, again where an operator's word came in between."""
        if self._report is None:
            return self._give_up("was cancelled")
        found = self._adapters.intents.read()
        if found is None or (found.action, found.rollout_id) != ("cancel", self._id):
            now, reason = self._adapters.now(), "pulumi up was interrupted"
            self._adapters.intents.write(Intent(f"{self._id}-cancel", "cancel", "pulumi up", now, reason, self._id))
        state = self._runs.state(self._id)
        return (self._read() or self._after(state)) if state.over else None

    def _let_go(self) -> RunEnd:
        """The engine that it is followed for is gone, and did not ask it to end."""
        goes_on = f"{self._name} goes on in the cluster, and the next pulumi up follows it"
        return RunEnd.of(ClusterError(f"{self._service}: the engine is gone; {goes_on}"))

    def _attempt(self) -> Attempt | None:
        """The journal's attempt, when it is of this order."""
        stored = load(self._adapters)
        attempt = stored.head.attempt if stored is not None else None
        return attempt if attempt is not None and is_attempt_of(self._id, attempt.id) else None

    def _after(self, state: RunState) -> RunEnd | None:
        """The Job is over and its process has not said how the order ended: the journal does. None to look again."""
        attempt, how = self._attempt(), _how(state)
        if attempt is None:
            if state.phase == "done":
                return RunEnd(kind=DONE)
            return RunEnd.of(ClusterError(f"{self._service}: {self._name} {how} before anything was moved"))
        if attempt.outcome is Outcome.RUNNING:
            return self._put_back(attempt, how)
        if attempt.outcome is Outcome.COMMITTED:
            return RunEnd(kind=DONE)
        version = f"{attempt.candidate.version} ({attempt.candidate.revision})"
        text = f"{self._service} {version} {attempt.outcome.value}: {attempt.reason}; {self._name} {how}"
        return RunEnd.of(RolloutAborted(text, quarantined=attempt.outcome is Outcome.ABORTED))

    def _put_back(self, attempt: Attempt, how: str) -> RunEnd | None:
        """No process will end this attempt any more, unless a pod that is told to go still does: it has the Lease."""
        self._rescuing = self._rescuing if self._rescuing is not None else self._adapters.now()
        self._reporter.status(f"{self._service}: {self._name} {how}; the traffic goes back")
        reason, holder = f"{self._name} {how}", f"{self._id}-follower"
        try:
            rescue_once(self._adapters, attempt.id, holder, reason, "follower", self._reporter.status)
        except (LeaseHeld, LeaseLost):
            return None
        except ClusterError as error:
            if isinstance(error, ClusterAway) and self._adapters.now() - self._rescuing < BLIND_FOR:
                return None
            text = f"{self._service}: {reason}, and the traffic could not be put back from here: {error}"
            raise NotPutBack(text, attempt.id, reason) from None
        return None


def _how(state: RunState) -> str:
    if state.phase == "gone":
        return "was deleted"
    return f"ended{state.trouble and f' ({state.trouble})'}"
