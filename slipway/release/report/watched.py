"""The watch of a release in its report: from the records of the watch. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from slipway.release.records.chain import Line
from slipway.release.records.kinds import WatchEvent, WatchRecord
from slipway.release.records.release_record import read_kind
from slipway.release.report.model import WatchLine, WatchPart
from slipway.release.report.words import lasting
from slipway.release.units import show_seconds, show_share

ENDS = {
    "held": "held to its end, without a breach",
    "unseen": "ended without a breach, but was without data at times: nothing is claimed",
    "breach": "breached",
    "superseded": "ended early, as another release took the traffic",
}


def watched(lines: Sequence[Line], rollout: str) -> WatchPart | None:
    """The watch that the commit of this rollout opened; None where none is on record."""
    found = [record for _, record in read_kind(lines, WatchRecord) if record.event.rollout == rollout]
    if not found:
        return None
    last = found[-1].event
    return WatchPart(
        planned=planned_of(last),
        opened=last.opened,
        ended=found[-1].at if last.phase in ENDS else None,
        status=status_of(last, found[-1].at),
        phase=last.phase,
        moved_to=last.standby if last.moved else None,
        moments=tuple(WatchLine(at=one.at, what=said_of(one.event), by=one.by) for one in found),
        counts=last.counts,
    )


def status_of(event: WatchEvent, at: float) -> str:
    """How it stands, in one sentence."""
    after = lasting(max(0.0, at - event.opened))
    if event.phase == "breach":
        back = f"all traffic went to {event.standby}" if event.moved else f"no traffic moved: {event.only_escalates}"
        return f"breached {after} after the commit; {back}"
    return f"{ENDS[event.phase]} ({after})" if event.phase in ENDS else "open"


def planned_of(event: WatchEvent) -> str:
    """What was declared."""
    held = ""
    if event.holdback is not None:
        held = f", {show_share(event.holdback)} of the traffic stays on {event.standby}"
    back = f"a breach only escalates ({event.only_escalates})" if event.only_escalates else "a breach moves the traffic"
    return f"for {show_seconds(event.lasts)} after the commit{held}; {back}"


def said_of(event: WatchEvent) -> str:
    """What happened at this moment."""
    match event.phase:
        case "opened":
            return "opened by the commit"
        case "silent":
            return f"no data: {event.reason}"
        case "breach":
            return "; ".join(_breach(event))
    return f"{ENDS[event.phase]}{f': {event.reason}' if event.reason else ''}"


def _breach(event: WatchEvent) -> Iterator[str]:
    yield f"breach: {event.reason}"
    if event.moved:
        took = f" within {lasting(event.safe_after)}" if event.safe_after is not None else ""
        yield f"all traffic to {event.standby}{took}"
    else:
        yield f"no traffic moved ({event.only_escalates or 'it could not be moved'})"
    if event.killed:
        yield f"killed {', '.join(event.killed)}"
    yield f"told as {event.escalation}" if event.escalation else "no escalation was sent"
