"""What follows the traffic after a breach: the flags of the release are killed, and its owner is told. Each may be done
again: a second kill is none, and the escalation has one id."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from slipway.release.errors import SlipwayError
from slipway.release.escalation.model import Escalation, id_of
from slipway.release.flags.journal import Change, after_change
from slipway.release.records.journal import WATCH
from slipway.release.records.kinds import WatchCount
from slipway.release.records.watch import WatchEntry, WatchPhase
from slipway.release.rollout_inputs import RolloutInputs
from slipway.rollout.adapters import Adapters
from slipway.rollout.flags.writer import FlagWriter
from slipway.rollout.watching.back import describe_end
from slipway.rollout.watching.recording import record_moment

FlagsOf = Callable[[], Iterable[FlagWriter]]
"""The sets of flags in the target of the service."""


@dataclass(frozen=True, slots=True)
class Breach:
    """The breach of one watch, and where the traffic is then, in words."""

    wanted: RolloutInputs
    watch: WatchEntry
    where: str

    def escalation(self, stack: str, now: float, killed: tuple[str, ...] = ()) -> Escalation:
        """One breach is one escalation, however often it is raised."""
        watch, wanted = self.watch, self.wanted
        settle = f"slipway rollback {wanted.service}"
        back = watch.phase is WatchPhase.ROLLED_BACK
        done = self.where + (f"; killed: {', '.join(killed)}" if killed else "")
        return Escalation(
            id=escalation_id(watch, wanted.service),
            kind="watch",
            severity="page",
            service=wanted.service,
            place=f"{wanted.where}{f', stack {stack}' if stack else ''}",
            owner=wanted.owner.team,
            what=f"{watch.backend.label} was breached after 100%: {watch.reason}",
            statistic=watch.statistic,
            since=watch.opened,
            at=watch.breached or now,
            done=done,
            runbook=wanted.owner.runbook,
            next=f"{settle}   (the configuration returns, no traffic moves)" if back else settle,
        )


def escalation_id(watch: WatchEntry, service: str) -> str:
    """Of the breach of a watch."""
    return id_of("watch", service, watch.id)


def tell_breach(
    adapters: Adapters,
    wanted: RolloutInputs,
    watch: WatchEntry,
    by: str,
    flags: FlagsOf,
    counts: tuple[WatchCount, ...] = (),
) -> Iterator[str]:
    """Kill the flags, raise the escalation, write the record: a line for each thing that was done, or why it was
    not. `counts` is what the watch had counted, where that is known."""
    killed = []
    for key in watch.kill:
        problem = _kill(key, wanted, watch, flags, adapters.now())
        killed += [key] if problem is None else []
        yield f"{key} is killed" if problem is None else f"{key} could not be killed: {problem}"
    yield escalate(adapters, Breach(wanted, watch, describe_end(watch)), tuple(killed))
    moved = watch.phase is WatchPhase.ROLLED_BACK
    safe_after = watch.ended - watch.breached if moved and watch.ended and watch.breached else None
    told = escalation_id(watch, wanted.service) if adapters.escalations is not None else None
    trouble = record_moment(
        adapters, wanted, watch, "breach", by,
        reason=watch.reason, moved=moved, safeAfter=safe_after, killed=tuple(killed), escalation=told,
        counts=counts,
    )  # fmt: skip
    if trouble is not None:
        yield f"the breach is not on record: {trouble}"


def tell_silence(adapters: Adapters, wanted: RolloutInputs, watch: WatchEntry, names: tuple[str, ...], why: str) -> str:
    """A ticket for the owner, once for each time that guardrails have been without data for longer than the grace.
    What became of it, in one line."""
    if adapters.escalations is None:
        return "no receiver is declared, so the owner is not told"
    now = adapters.now()
    made = Escalation(
        id=id_of("watch", wanted.service, f"{watch.id} silent {' '.join(names)} {round(now)}"),
        kind="watch",
        severity="ticket",
        service=wanted.service,
        place=f"{wanted.where}{f', stack {adapters.stack}' if adapters.stack else ''}",
        owner=wanted.owner.team,
        what=f"the watch of {watch.backend.label} sees nothing: {why}",
        since=watch.opened,
        at=now,
        done="nothing was moved; the watch goes on",
        runbook=wanted.owner.runbook,
        next=f"slipway status {wanted.service}",
    )
    return adapters.escalations.escalate(made) or f"escalated to {made.owner}, {made.id}"


def escalate(adapters: Adapters, breach: Breach, killed: tuple[str, ...] = ()) -> str:
    """What became of the escalation, in one line."""
    if adapters.escalations is None:
        return "no receiver is declared, so the owner is not told"
    made = breach.escalation(adapters.stack, adapters.now(), killed)
    try:
        trouble = adapters.escalations.escalate(made)
    except Exception as error:
        return f"it could not be escalated: {type(error).__name__}: {error}"
    return trouble or f"escalated to {made.owner}, {made.id}"


def _kill(key: str, wanted: RolloutInputs, watch: WatchEntry, flags: FlagsOf, now: float) -> str | None:
    reason = f"the watch of {wanted.service} {watch.backend.label} saw a breach: {watch.reason}"[:1000]
    change = Change(id=f"{watch.id}-{key}"[:100], flag=key, action="kill", by=WATCH, at=now, reason=reason)
    try:
        for writer in flags():
            if key in writer.load().declared.flags:
                writer.change(lambda head: after_change(head, change))
                return None
    except (SlipwayError, ValueError) as error:
        return str(error)
    return "no set of flags in this namespace has it"
