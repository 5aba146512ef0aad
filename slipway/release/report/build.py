"""Record -> report. Pure: the chain of the service's records in, values out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from slipway.release.manifest.guardrails import Guardrail
from slipway.release.manifest.plan import Kind, describe
from slipway.release.manifest.release import Release
from slipway.release.records.chain import Line
from slipway.release.records.dora import DAY, dora
from slipway.release.records.journal import StepRecord
from slipway.release.records.release_record import GuardrailSeries, Recorded, RolloutEvent
from slipway.release.report.actions import action_items
from slipway.release.report.afterwards import Afterwards, afterwards
from slipway.release.report.explain import explanation, headline
from slipway.release.report.model import (
    ChangeLine,
    GatesPart,
    GuardrailLine,
    HealthPart,
    MigrationLine,
    Report,
    RollbackPart,
    ScopePart,
    StepLine,
    StrategyPart,
    WatchPart,
    Word,
)
from slipway.release.report.watched import watched
from slipway.release.report.words import lasting, minutes, share_of, total_of
from slipway.release.risk import recommend
from slipway.release.strategy import chosen
from slipway.release.units import show_share

UNKNOWN = "unknown: the record has no manifest"
NOT_NEEDED = "not needed: it does not serve"
DORA_DAYS = 90


def report_of(one: Recorded, records: Sequence[Recorded], lines: Sequence[Line] = ()) -> Report:
    """The report of one record; `records` are all of the service, the oldest first, `lines` those of its chain, for its
    watch. What came after it counts too: a release that was rolled back later says so."""
    record, release = one.record, one.event.release
    watch = watched(lines, one.event.rollout)
    later = afterwards(one, records, watch)
    return Report(
        service=record.service,
        version=record.subject.version,
        revision=record.subject.revision,
        digest=record.digest,
        stack=record.stack,
        target=record.target,
        manifest=record.subject.manifest,
        by=record.by,
        owner=f"{release.owner.team}, {release.owner.oncall}" if release is not None else UNKNOWN,
        runbook=release.owner.runbook if release is not None else UNKNOWN,
        ending=one.event.ending,
        headline=headline(one, later),
        explanation=(*explanation(one), *_of_watch(watch)),
        seq=one.anchor.seq,
        hash=one.anchor.hash,
        scope=_scope(release),
        gates=_gates(one.event, release),
        strategy=_strategy(one.event, release).model_copy(update={"watch": watch}),
        health=_health(one.event, release),
        rollback=_rollback(one, release, watch, later),
        actions=action_items(one, records, watch),
        dora=dora(records, one.event.ended - DORA_DAYS * DAY, one.event.ended, lines),
    )


def _of_watch(watch: WatchPart | None) -> Iterator[str]:
    """A paragraph about a watch that has ended."""
    if watch is not None and watch.ended is not None:
        yield f"After the commit it was watched: {watch.status}. {watch.moments[-1].what}."


def _scope(release: Release | None) -> ScopePart:
    if release is None:
        return ScopePart(summary=UNKNOWN, size=UNKNOWN, author=UNKNOWN, reach=UNKNOWN, risk=UNKNOWN)
    scope, found = release.scope, recommend(release)
    size = f"{scope.size.lines} lines in {scope.size.commits} commits" if scope.size is not None else "not stated"
    return ScopePart(
        summary=scope.summary,
        changes=tuple(
            ChangeLine(
                id=change.id,
                kind=change.kind,
                risk=change.risk,
                flag=change.flag,
                committed_at=change.committed_at.isoformat() if change.committed_at is not None else None,
            )
            for change in scope.changes
        ),
        size=size,
        author=scope.author or "not stated",
        reach=scope.reach,
        risk=f"{found.level} ({found.score:g} points)",
        factors=found.factors,
    )


def _gates(event: RolloutEvent, release: Release | None) -> GatesPart:
    words = []
    if release is not None:
        if release.qa is not None:
            at = release.qa.at.isoformat()
            words.append(Word(role="QA", by=release.qa.by, at=at, said=release.qa.recommendation))
        words += [Word(role=a.role, by=a.by, at=a.at.isoformat(), said="approved") for a in release.approvals]
    verdict = event.gates
    outcome = verdict.outcome if verdict is not None else "unknown: no gates were asked in the update that recorded it"
    return GatesPart(outcome=outcome, verdict=verdict, words=tuple(words), evidence=event.evidence)


def _strategy(event: RolloutEvent, release: Release | None) -> StrategyPart:
    planned, recommended = UNKNOWN, ""
    if release is not None:
        course: Kind = event.course or "forward"
        planned = describe(chosen(release), release.workload.least_replicas, course)
        recommended = recommend(release).describe()
    return StrategyPart(
        kind=event.strategy,
        course=event.course or "none",
        planned=planned,
        recommended=recommended,
        began=event.began,
        ended=event.ended,
        steps=tuple(_step(number, step) for number, step in enumerate(event.steps, 1)),
    )


def _step(number: int, step: StepRecord) -> StepLine:
    return StepLine(
        number=number,
        weight=step.weight,
        at=step.began,
        seconds=step.ended - step.began if step.ended is not None else None,
        requests=step.requests,
        bad=step.errors,
        share=share_of(step.errors, step.requests) if step.counted is None else None,
        baseline_requests=step.baseline_requests,
        baseline_bad=step.baseline_errors,
        baseline_share=share_of(step.baseline_errors, step.baseline_requests) if step.counted is None else None,
        verdict=step.verdict,
        reason=step.reason,
        counted=step.counted or "requests",
        mirror=step.mirror,
    )


def _health(event: RolloutEvent, release: Release | None) -> HealthPart:
    declared = {guardrail.name: guardrail for guardrail in release.guardrails} if release is not None else {}
    measured = {guardrail.name: guardrail for guardrail in event.series.guardrails}
    names = dict.fromkeys([*declared, *measured])
    return HealthPart(
        guardrails=tuple(_guardrail(name, declared.get(name), measured.get(name)) for name in names),
        series=event.series,
        notes=event.notes,
        caveat=event.caveat,
    )


def _guardrail(name: str, declared: Guardrail | None, measured: GuardrailSeries | None) -> GuardrailLine:
    kind = declared.kind if declared is not None else measured.kind if measured is not None else ""
    limit = _limit(declared) if declared is not None else "unknown"
    if measured is None:
        return GuardrailLine(
            name=name, kind=kind, limit=limit, bad=None, total=None, baseline_bad=None, baseline_total=None,
            evidence=None, threshold=None, crossed=False,
        )  # fmt: skip
    pairs = [
        (evidence, threshold)
        for evidence, threshold in zip(measured.evidence, measured.threshold, strict=True)
        if evidence is not None and threshold
    ]
    evidence, threshold = max(pairs, key=lambda pair: pair[0] / pair[1], default=(None, None))
    return GuardrailLine(
        name=name,
        kind=kind,
        limit=limit,
        bad=total_of(measured.bad),
        total=total_of(measured.total),
        baseline_bad=total_of(measured.baseline_bad),
        baseline_total=total_of(measured.baseline_total),
        evidence=evidence,
        threshold=threshold,
        crossed=evidence is not None and threshold is not None and evidence >= threshold,
    )


def _limit(guardrail: Guardrail) -> str:
    """What it declares, in words."""
    limits, found = guardrail.limits, []
    if limits.threshold is not None:
        found.append(f"slower than {lasting(limits.threshold)} is bad")
    if limits.objective is not None:
        found.append(f"at most {show_share(limits.objective)} bad")
    if limits.tolerate > 1.0:
        found.append(f"at most {limits.tolerate:g} times the share beside it")
    if limits.negligible:
        found.append(f"below {show_share(limits.negligible)} is negligible")
    return "; ".join(found) or ("must not fire" if guardrail.kind == "alert" else "as declared")


def _rollback(
    one: Recorded, release: Release | None, watch: WatchPart | None, later: Afterwards | None
) -> RollbackPart:
    breached = watch is not None and watch.phase == "breach"
    return RollbackPart(
        status=f"{watch.status} (by its watch)" if watch and breached else _status(one, release, later),
        is_undone=later is not None,
        serves=_serves(one) if later is None else later.serves,
        way_back=_way_back(one) if later is None else NOT_NEEDED,
        limit=minutes(release.rollback.max_minutes) if release is not None else UNKNOWN,
        constraints=release.rollback.constraints if release is not None else (),
        compensations=release.rollback.compensations if release is not None else (),
        migrations=tuple(
            MigrationLine(
                id=migration.id,
                phase=migration.phase,
                back=migration.down or migration.compensation or "none: it cannot be undone",
            )
            for migration in (release.migrations if release is not None else ())
        ),
    )


def _status(one: Recorded, release: Release | None, later: Afterwards | None) -> str:
    event = one.event
    if event.ending in ("committed", "rolled-back"):
        if later is not None:
            return f"rolled back to {later.version} {lasting(later.after)} after it had completed"
        was = "a drill" if event.drill is not None else "the rollback"
        return "not rolled back" if event.ending == "committed" else f"this was {was}, {_within(event, release)}"
    if event.ending == "refused":
        return "nothing to undo: nothing was begun"
    if not event.had_traffic:
        return "nothing to undo: it had no traffic"
    return f"all traffic was put back, {_within(event, release)}"


def _within(event: RolloutEvent, release: Release | None) -> str:
    """How long the way back took, as far as the record says, against what the manifest allows."""
    began = event.began
    if event.ending != "rolled-back" and event.series.at:
        began = event.began + event.series.at[-1]  # the last look decided
    took = max(1.0, event.ended - began)  # no clock here is finer
    if release is None:
        return f"about {lasting(took)} after the decision"
    verdict = "within" if took <= release.rollback.max_minutes * 60 else "LONGER THAN"
    since = "in" if event.ending == "rolled-back" else "about"
    return f"{since} {lasting(took)}, {verdict} the declared {minutes(release.rollback.max_minutes)}"


def _serves(one: Recorded) -> str:
    event, subject = one.event, one.record.subject
    if event.ending in ("committed", "rolled-back"):
        return f"{subject.version} ({subject.revision})"
    return f"{event.leaves.version} ({event.leaves.revision})" if event.leaves is not None else "nothing"


def _way_back(one: Recorded) -> str:
    event = one.event
    if event.ending not in ("committed", "rolled-back"):
        return NOT_NEEDED
    if event.leaves is None:
        return "none: there was no release before it"
    warm = event.standby == event.leaves.version
    kept = "kept warm, one switch of the traffic" if warm else "not kept warm, it starts first"
    return f"`slipway rollback {one.record.service}` returns to {event.leaves.version}: {kept}"
