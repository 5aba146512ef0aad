"""An aborted rollout, and a flag that was killed, as the escalation of it: what its owner has to know. Pure."""

from __future__ import annotations

from slipway.release.escalation.model import Escalation, id_of
from slipway.release.flags.journal import Change
from slipway.release.records.journal import Attempt
from slipway.release.rollout_inputs import RolloutInputs
from slipway.release.slo.model import Severity
from slipway.release.units import Percent
from slipway.rollout.analysis.types import Decision
from slipway.rollout.measurement.totals import Totals


def of_abort(
    wanted: RolloutInputs,
    attempt: Attempt,
    what: str,
    where: str,
    *,
    severity: Severity,
    weight: Percent,
    stack: str,
    now: float,
) -> Escalation:
    """`what` is why it was aborted, `where` what is true of the traffic now. One rollout that is aborted is one
    escalation, however often it is raised."""
    candidate = wanted.candidate
    at = f"at {weight:.4g}%" if weight else "before any traffic"
    return Escalation(
        id=id_of("abort", wanted.service, attempt.id),
        kind="abort",
        severity=severity,
        service=wanted.service,
        place=f"{wanted.where}{f', stack {stack}' if stack else ''}",
        owner=wanted.owner.team,
        what=f"{candidate.version} ({candidate.revision}) was aborted {at}: {what}",
        since=attempt.began,
        at=now,
        done=where,
        runbook=wanted.owner.runbook,
        next=f"slipway status {wanted.service}",
    )


def of_kill(change: Change, owner: str, where: str, *, severity: Severity, since: float, stack: str) -> Escalation:
    """A kill by the guard; `where` is what the flag is now. The change's id is the event."""
    return Escalation(
        id=id_of("kill", change.flag, change.id),
        kind="kill",
        severity=severity,
        service=change.flag,
        place=f"stack {stack}" if stack else "",
        owner=owner,
        what=f"{change.flag} was killed by its {change.by}: {change.reason}",
        since=since,
        at=change.at,
        done=where,
        next="slipway flags",
    )


def with_counts(escalation: Escalation, decision: Decision | None, totals: Totals) -> Escalation:
    """With the evidence of the last look, and who was hit in the last step."""
    counted = totals.counted or "requests"
    hit = ""
    if totals.candidate:
        hit = f"{totals.candidate_bad} bad of {totals.candidate} {counted} of the candidate in the last step"
        hit += f", {totals.baseline_bad} of {totals.baseline} of what served" if totals.baseline else ""
    shown = f"{decision.statistic:.4g} against a threshold of {decision.threshold:.4g}" if decision is not None else ""
    return escalation.model_copy(update={"hit": hit, "statistic": shown})
