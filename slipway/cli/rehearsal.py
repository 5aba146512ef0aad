"""Rehearsals with the engine: a rollback and the way forth again, or a deploy, timed and watched by a probe.

What is rehearsed is what the commands `slipway rollback` and `slipway release` do, by the same code.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from slipway.cli.engine import Engine
from slipway.cli.entry_plan import Plan
from slipway.cli.entry_run import EntryRun
from slipway.cli.process import OnLine
from slipway.release.errors import ReleaseRefused, SlipwayError
from slipway.rollout.traffic.probe import Probe

REASON = "a drill"


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """How it went: `seconds` of the procedure itself, why it failed, and what the probe saw, None where there was
    none."""

    seconds: float
    problem: str | None = None
    requests: int | None = None
    failed_requests: int | None = None

    @property
    def outcome(self) -> str:
        """As the receipt has it."""
        return "completed" if self.problem is None else "failed"

    def watched_by(self, probe: Probe | None) -> Rehearsed:
        """With what the probe saw: a procedure that loses requests has failed, and so has one that was not seen."""
        if probe is None:
            return self
        seen = replace(self, requests=probe.sent, failed_requests=probe.failed)
        if self.problem is None and probe.failed:
            return replace(seen, problem=f"{probe.failed} of {probe.sent} requests failed meanwhile")
        return replace(seen, problem=self.problem or (None if probe.sent else "the probe sent no request"))


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """The engine that carries it out, the probe that watches it, and who is told of its lines."""

    engine: Engine
    probe: Probe | None
    on_line: OnLine
    clock: Callable[[], float] = time.monotonic

    def deploy(self, planned: Plan) -> Rehearsed:
        """Release what is planned; it stays where it succeeds."""
        with self._probing():
            done = self._carry_out(planned)
        return done.watched_by(self.probe)

    def rollback(self, back: Plan, plan_forth: Callable[[str], Plan]) -> Rehearsed:
        """Go back, then forth again to what served; `plan_forth` plans the way to that revision. The stack's file is
        left as it was where both ways succeeded."""
        leaves = back.destination.leaves
        if leaves is None or not back.destination.moves_traffic:
            raise ReleaseRefused(
                f"{back.service}: what is declared does not serve, or is not known; release it first, then drill its "
                "rollback"
            )
        with self._probing():
            done = self._carry_out(back)
            if done.problem is None:
                done = replace(done, problem=self._forth(back, leaves.revision, plan_forth))
        return done.watched_by(self.probe)

    def _forth(self, back: Plan, revision: str, plan_forth: Callable[[str], Plan]) -> str | None:
        try:
            forth = plan_forth(revision)
            problem = self._carry_out(forth).problem
        except SlipwayError as error:
            problem = str(error)
        if problem is not None:
            serves = back.destination.release.version
            return f"the way back worked, the way forth did not, and {serves} serves: {problem}"
        forth.file.before = back.file.before
        forth.file.put_back()
        return None

    def _carry_out(self, planned: Plan) -> Rehearsed:
        """One update. Raises SlipwayError where nothing was begun."""
        began = self.clock()
        with planned.file.draft() as draft, planned.file.draft("alone") as alone:
            run = EntryRun(self.engine, planned, False)
            run.write(draft, alone)
            done = run.carry_out(draft, REASON, self.on_line)
        return Rehearsed(round(self.clock() - began, 3), done.error)

    @contextmanager
    def _probing(self) -> Iterator[None]:
        if self.probe is None:
            yield
            return
        self.probe.start()
        try:
            yield
        finally:
            self.probe.stop()
