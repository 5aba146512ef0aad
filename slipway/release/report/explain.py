"""What happened, told to a reader who was not there. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import compress

from slipway.release.records.journal import StepRecord
from slipway.release.records.release_record import GuardrailSeries, Recorded, RolloutEvent
from slipway.release.report.afterwards import Afterwards
from slipway.release.report.words import counted, lasting, total_of
from slipway.release.units import show_moment, show_share

ENDINGS = {
    "committed": "completed",
    "rolled-back": "was returned to",
    "aborted": "was aborted",
    "interrupted": "was interrupted",
    "refused": "was refused",
}


def headline(one: Recorded, later: Afterwards | None = None) -> str:
    """One sentence; `later` is what undid the release."""
    said = _headline(one, later)
    return said if one.event.drill is None else f"Drill: {said}"


def _headline(one: Recorded, later: Afterwards | None) -> str:
    record, event = one.record, one.event
    name = f"{record.service} {record.subject.version}"
    left = f" (before: {event.leaves.version})" if event.leaves is not None else ""
    if event.ending == "committed":
        now = f"; {later.said}" if later is not None else f" and serves all the traffic{left}"
        return f"{name} completed in {lasting(event.seconds)}{now}"
    if event.ending == "rolled-back":
        return f"{record.service} was rolled back to {record.subject.version} in {lasting(event.seconds)}{left}"
    if event.ending == "refused":
        return f"{name} was refused before anything moved"
    where = f" at {_last_weight(event):.4g}% of the traffic" if event.had_traffic else " before it had any traffic"
    return f"{name} {ENDINGS[event.ending]}{where}, {lasting(event.seconds)} after it began"


def explanation(one: Recorded) -> tuple[str, ...]:
    """Paragraphs."""
    event = one.event
    drilled = (f"This was a drill of a {event.drill}, which DORA's measures leave out.",) if event.drill else ()
    tell = {
        "committed": _completed,
        "rolled-back": _returned,
        "aborted": _aborted,
        "interrupted": _interrupted,
        "refused": _refused,
    }[event.ending]
    return (*drilled, *tell(one))


def _completed(one: Recorded) -> Iterator[str]:
    event = one.event
    steps = sum(step.mirror is None for step in event.steps)
    yield (
        f"{_who(one)} began the release at {show_moment(event.began)}. It took over the traffic in {steps} "
        f"step{'s' if steps != 1 else ''} and got all of it at {show_moment(event.ended)}."
    )
    yield from _measured(event)
    if event.course == "first":
        yield "It is the first release of the service here: there was no earlier version to compare it with."


def _returned(one: Recorded) -> Iterator[str]:
    event = one.event
    left = f"{event.leaves.version} ({event.leaves.revision})" if event.leaves is not None else "an unknown version"
    yield (
        f"{_who(one)} took {one.record.service} back from {left} to {one.record.subject.version}, which had completed "
        f"here before, from {show_moment(event.began)} to {show_moment(event.ended)}. The traffic was switched at "
        "once: what had completed before is not measured again."
    )
    if event.reason:
        yield f"The reason on record: {event.reason}."


def _aborted(one: Recorded) -> Iterator[str]:
    event, subject = one.event, one.record.subject
    began = f"{_who(one)} began to release {subject.version} at {show_moment(event.began)}"
    step = event.steps[-1] if event.steps else None
    if step is None or not event.had_traffic:
        yield f"{began}. It never had any traffic of users: {_sentence(event.reason)}"
    else:
        weight = f"{step.weight:.4g}%"
        into = lasting(max(0.0, event.ended - step.began))
        yield (
            f"{began}, step by step beside the version that served. {into} after it got {weight} of the traffic "
            "the rollout stopped itself."
        )
        yield f"Why: {_sentence(event.reason)}"
    yield from _measured(event)
    yield from _evidence(event)
    yield from _exposed(event)
    yield _afterwards(one)


def _interrupted(one: Recorded) -> Iterator[str]:
    event = one.event
    by = {
        "watchdog": "its watchdog, after the process that carried it out had died or stopped",
        "repair": "the next update, which found it unfinished",
        "abort": "an operator, by `slipway abort`",
    }.get(event.ended_by, "the rollout itself, when it was told to stop")
    yield (
        f"{_who(one)} began the release at {show_moment(event.began)}; it ended without a verdict at "
        f"{show_moment(event.ended)}. The traffic was put back by {by}. Nothing is held against the version."
    )
    if event.reason:
        yield f"On record: {_sentence(event.reason)}"
    yield from _measured(event)
    yield _afterwards(one)


def _refused(one: Recorded) -> Iterator[str]:
    yield (
        f"{_who(one)} asked for {one.record.subject.version} at {show_moment(one.event.began)}. Nothing was begun and "
        f"no traffic moved: {_sentence(one.event.reason)}"
    )


def _measured(event: RolloutEvent) -> Iterator[str]:
    yield from _copied(event)
    steps = [step for step in event.steps if step.requests and step.mirror is None]
    if not steps:
        return
    what = steps[-1].counted or "requests"
    bad, total = sum(step.errors for step in steps), sum(step.requests for step in steps)
    baseline_bad, baseline = (
        sum(step.baseline_errors for step in steps),
        sum(step.baseline_requests for step in steps),
    )
    if steps[-1].counted:
        yield f"The new version answered {total:,} requests; {bad:,} {what} failed."
        return
    other = f", the version beside it {counted(baseline_bad, baseline)}" if baseline else ""
    yield f"The new version failed {counted(bad, total)}{other}."


def _copied(event: RolloutEvent) -> Iterator[str]:
    for step in event.steps:
        if step.mirror is not None:
            yield (
                f"Before any user reached it, it got {step.mirror}: {counted(step.errors, step.requests, 'copies')} "
                "failed, and no user saw their answers."
            )


def _evidence(event: RolloutEvent) -> Iterator[str]:
    """What the number is that stopped it, and how often a good release would be stopped by it."""
    worst = worst_guardrail(event)
    if worst is None:
        return
    guardrail, evidence, threshold = worst
    release = event.release
    promise = (
        f" A release that is no worse than declared is ever stopped with a chance of at most "
        f"{show_share(release.analysis.false_abort)}."
        if release is not None
        else ""
    )
    if evidence >= threshold:
        yield (
            f"The decision: the evidence of guardrail {guardrail.name} against the release reached {evidence:.4g}, and "
            f"{threshold:.4g} stops a rollout.{promise}"
        )
    else:
        yield (
            f"No guardrail's evidence had reached its threshold: the nearest was {guardrail.name} with {evidence:.4g} "
            f"of {threshold:.4g}. The stop has the other cause that is named above."
        )


def worst_guardrail(event: RolloutEvent) -> tuple[GuardrailSeries, float, float] | None:
    """The guardrail whose evidence came nearest to its threshold, with both; None when none has any."""
    found: list[tuple[float, GuardrailSeries, float, float]] = []
    for guardrail in event.series.guardrails:
        for evidence, threshold in zip(guardrail.evidence, guardrail.threshold, strict=True):
            if evidence is not None and threshold:
                found.append((evidence / threshold, guardrail, evidence, threshold))
    if not found:
        return None
    _, guardrail, evidence, threshold = max(found, key=lambda one: one[0])
    return guardrail, evidence, threshold


def _exposed(event: RolloutEvent) -> Iterator[str]:
    leading = event.series.guardrails[0] if event.series.guardrails else None
    if not event.had_traffic:
        return
    users = tuple(weight > 0 for weight in event.series.weight)  # before that there were copies at most
    mine = total_of(tuple(compress(leading.total, users))) if leading is not None else None
    other = total_of(tuple(compress(leading.baseline_total, users))) if leading is not None else None
    if mine and other is not None and leading is not None and leading.kind == "error-ratio":
        bad = total_of(tuple(compress(leading.bad, users))) or 0
        everything = mine + other
        yield (
            f"Who was hit: {bad:,} requests failed at the new version, {show_share(bad / everything)} of the "
            f"{everything:,} requests of the service in that time."
        )


def _afterwards(one: Recorded) -> str:
    event = one.event
    if event.leaves is not None:
        serves = f"{event.leaves.version} ({event.leaves.revision}) serves all the traffic"
    elif event.had_traffic and event.ending == "interrupted":
        serves = "there was no earlier version, its users stay on it"
    else:
        serves = "nothing serves, there was no earlier version"
    held = (
        f" Revision {one.record.subject.revision} is quarantined: it is refused until its manifest says, under "
        "retry.reason, why it may be tried again."
        if event.quarantined
        else ""
    )
    return f"Since {show_moment(event.ended)}: {serves}.{held}"


def _who(one: Recorded) -> str:
    return one.record.by or "An operator"


def _last_weight(event: RolloutEvent) -> float:
    with_traffic: list[StepRecord] = [step for step in event.steps if step.weight > 0]
    return with_traffic[-1].weight if with_traffic else 0.0


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."
