"""What `slipway status` says of one service, for people and for machines. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from slipway.release.records.journal import Attempt, Head, Outcome, StepRecord
from slipway.release.records.watch import WatchEntry, describe_entry
from slipway.release.units import show_moment, show_seconds
from slipway.rollout.inspection import Inspection
from slipway.rollout.platforms.base import Readiness

WIDTH = 13


def as_json(seen: Inspection) -> dict[str, Any]:
    """Plain JSON values; `attempt` is the journal's record of the last rollout, in flight while `running`."""
    head: dict[str, Any] = seen.head.to_json() if seen.head is not None else {}
    live = seen.live
    route = None
    if live is not None:
        route = {
            "weights": dict(live.shares),
            "accepted": live.accepted,
            "problem": live.problem or None,
            "changedBy": live.changed_by or None,
            "changes": seen.route_changes or None,
        }
    return {
        "service": seen.service,
        "namespace": seen.namespace,
        "stack": head.get("stack"),
        "handedTo": head.get("handed_to") or head.get("handedTo"),
        "serving": head.get("serving", {}).get("backend"),
        "replicas": _replicas(seen.readiness),
        "drift": seen.drift,
        "lacking": seen.lacking,
        "leaving": [backend["service"] for backend in head.get("leaving", [])],
        "route": route,
        "attempt": head.get("attempt"),
        "inFlight": seen.head is not None and seen.head.unfinished,
        "paused": seen.paused,
        "latest": seen.latest,
        "lease": asdict(seen.lease),
        "quarantined": head.get("quarantined", {}),
        "watch": _watch_json(seen),
        "completed": head.get("completed", []),
        "problem": seen.problem,
    }


def _watch_json(seen: Inspection) -> dict[str, Any] | None:
    watch = seen.head.watch if seen.head is not None else None
    if watch is None:
        return None
    said = seen.evidence if seen.evidence is not None and seen.evidence.watch == watch.id else None
    last = said.last.model_dump(mode="json", exclude_none=True) if said is not None and said.last is not None else None
    return {
        **watch.model_dump(mode="json", by_alias=True, exclude_none=True),
        "left": max(0.0, watch.until - seen.now) if watch.unfinished else 0.0,
        "beat": said.beat if said is not None else None,
        "by": said.by if said is not None else None,
        "last": last,
        "problem": seen.watch_problem,
    }


def _replicas(readiness: Readiness | None) -> dict[str, int] | None:
    if readiness is None:
        return None
    return {"desired": readiness.desired, "ready": readiness.ready, "endpoints": readiness.endpoints_ready}


def as_text(seen: Inspection) -> str:
    """A few aligned lines."""
    return "\n".join([f"{seen.service} in {seen.namespace}", *(_row(name, text) for name, text in _rows(seen))])


def _row(name: str, text: str) -> str:
    return f"  {name:{WIDTH}}{text}"


def _rows(seen: Inspection) -> Iterator[tuple[str, str]]:
    head = seen.head
    if head is not None and head.serving is not None:
        yield "serves", f"{head.serving.backend.label}  {head.serving.backend.image}"
        yield from (("", text) for text in (seen.drift, seen.lacking) if text is not None)
    if seen.live is not None:
        yield "traffic", ", ".join(f"{share:.4g}% {name}" for name, share in sorted(seen.live.shares.items()))
    if head is not None:
        yield from _ownership(head)
        yield from (("leaving", f"{one.label}  not seen without requests yet") for one in head.leaving)
    if head is not None and head.attempt is not None:
        yield from _attempt(seen, head.attempt)
    if head is not None and head.watch is not None:
        yield from _watch(seen, head.watch)
    if head is not None:
        for revision, entry in sorted(head.quarantined.items(), key=lambda item: -item[1].at):
            yield "quarantined", f"{entry.version} ({revision})  {show_moment(entry.at)}  {entry.reason}"
        for number, done in enumerate(head.completed):
            label = "completed" if number == 0 else ""
            yield label, f"{done.version} ({done.revision})  {show_moment(done.at)}  {done.manifest}"
    if seen.problem is not None:
        yield "problem", seen.problem


def _watch(seen: Inspection, watch: WatchEntry) -> Iterator[tuple[str, str]]:
    if not watch.unfinished:
        ended = f" {show_moment(watch.ended)}" if watch.ended is not None else ""
        yield "watch", f"{watch.phase.value}{ended}{f': {watch.reason}' if watch.reason else ''}"
        return
    left = show_seconds(float(round(max(0.0, watch.until - seen.now))))
    yield "watch", f"{watch.phase.value} since {show_moment(watch.opened)}, {left} left; {describe_entry(watch)}"
    said = seen.evidence
    if said is not None and said.watch == watch.id and said.last is not None:
        yield "", said.last.reason
    if seen.watch_problem is not None:
        yield "", seen.watch_problem


def _ownership(head: Head) -> Iterator[tuple[str, str]]:
    if head.stack is not None:
        yield "released by", head.stack
    if head.handed_to is not None:
        yield "handed to", f"{head.handed_to}  {head.handed_by or ''}".rstrip()


def _attempt(seen: Inspection, attempt: Attempt) -> Iterator[tuple[str, str]]:
    running = attempt.outcome is Outcome.RUNNING
    length = show_seconds(float(round((seen.now if running else attempt.ended or attempt.began) - attempt.began)))
    state = f"in flight for {length}" if running else f"{attempt.outcome.value} after {length}"
    reason = f": {attempt.reason}" if attempt.reason else ""
    name = "rollout" if running else "last rollout"
    yield name, f"{attempt.kind} to {attempt.candidate.label}, {state}{', paused' if seen.paused else ''}{reason}"
    if attempt.caveat:
        yield "", attempt.caveat
    yield from (("", note) for note in attempt.notes)
    for number, step in enumerate(attempt.steps, 1):
        yield "", f"step {number}: {_step(step)}"
    if running and seen.latest is not None:
        yield "", f"now: {seen.latest.get('verdict', '')} {_why(seen.latest)}".rstrip()
    if running:
        yield "lease", str(seen.lease)


def _step(step: StepRecord) -> str:
    at = f"{step.weight:.4g}%" if step.mirror is None else str(step.mirror)
    if step.ended is None:
        return f"{at} since {show_moment(step.began)}"
    seconds = show_seconds(float(round(step.ended - step.began)))
    failed = f"{step.errors} {step.counted} failed" if step.counted and step.mirror is None else f"{step.errors} errors"
    serving = f" (serving: {step.baseline_errors} of {step.baseline_requests})" if step.baseline_errors else ""
    what = "requests" if step.mirror is None else "copies"
    return f"{at} for {seconds}, {step.requests} {what}, {failed}{serving}, {step.verdict}"


def _why(latest: Mapping[str, Any]) -> str:
    """Why the last look judged so, and what of its data could not be used."""
    reasons = latest.get("reason") or "; ".join(finding["reason"] for finding in latest.get("findings", ()))
    notes = "; ".join(f"{name}: {note}" for name, note in sorted(latest.get("notes", {}).items()))
    return f"{reasons} ({notes})" if notes else str(reasons)
