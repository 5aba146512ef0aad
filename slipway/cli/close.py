"""`slipway close RELEASE`: what has to hold before a release is closed, and the record that it was."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slipway.cli.options import show, with_json, with_service, with_stack

if TYPE_CHECKING:
    from slipway.cli.chains import Chain, Place
    from slipway.release.records.chain import Line
    from slipway.release.records.release_record import Recorded
    from slipway.release.review.closing import CheckLine, Owned
    from slipway.release.review.model import Review


@click.command()
@click.argument("release")
@click.option("--note", default="", help="For the record.")
@click.option("--check", is_flag=True, help="Say what holds, and record nothing.")
@with_service
@with_stack
@with_json
def close(
    *, release: str, note: str, check: bool, service: str | None, stack: str | None, folder: Path, as_json: bool
) -> None:
    """Close RELEASE: procedures tested recently, alarms owned and routed, SLO impact acceptable, migrations reversible
    or compensated, review done. Exit code 1 and nothing recorded while a point does not hold.
    """
    from slipway.cli.chains import find_place, find_release
    from slipway.release.review.closing import checklist

    place = find_place(folder, stack, None)
    chain, found = find_release(place, service, release)
    points = (
        *checklist(found, chain.records, _review_of(place, found), _alarms_of(place)),
        *_watch_of(place, found),
        _records_of(place, chain, folder),
    )
    open_ = [point for point in points if not point.holds]
    if not open_ and not check:
        _archive(place, found, points, note)
    if as_json:
        show(
            {
                "ok": not open_,
                "recorded": not open_ and not check,
                "points": [p.model_dump(mode="json") for p in points],
            }
        )
    else:
        name = f"{chain.service} {found.record.subject.version}"
        click.echo(f"{name}: {'closed' if not open_ and not check else f'{len(open_)} point(s) open'}")
        for point in points:
            click.echo(f"  {'holds' if point.holds else 'OPEN ':7}{point.name}: {point.found}")
    sys.exit(1 if open_ else 0)


def _watch_of(place: Place, found: Recorded) -> tuple[CheckLine, ...]:
    """The watch of this release after 100%: it must have ended. Nothing where it was not watched."""
    from slipway.release.errors import ClusterError
    from slipway.release.review.closing import CheckLine
    from slipway.rollout.assemble import connect_adapters
    from slipway.rollout.inspection import evidence_of, head_of
    from slipway.rollout.watching.words import closing_line

    service, revision = found.record.service, found.record.subject.revision
    if found.event.release is None or found.event.release.watch is None:
        return ()
    try:
        adapters = connect_adapters(service, place.target_of(service))
        head = head_of(adapters, service)
        said = closing_line(head, evidence_of(adapters, head), revision, time.time())
    except ClusterError as error:
        return (CheckLine(name="watch", holds=False, found=f"it cannot be asked: {error}"),)
    return () if said is None else (CheckLine(name="watch", holds=said.holds, found=said.found),)


def _records_of(place: Place, chain: Chain, folder: Path) -> CheckLine:
    """Whether the service's records are whole by what the stack's state keeps of them."""
    from slipway.cli.anchored import damages
    from slipway.cli.past import read_past
    from slipway.release.review.closing import CheckLine

    past = read_past(folder, place.stack)
    altered = damages(place, past, [(chain.service, chain.texts)]).get(chain.service, [])
    kept = past.anchors.get(chain.service, ())
    unknown = past.why or "the stack's state knows no record of it"
    said = "; ".join(altered) or (f"{len(chain.texts)} record(s), as the stack's state knows them" if kept else unknown)
    return CheckLine(name="records whole", holds=bool(kept) and not altered, found=said)


def _review_of(place: Place, found: Recorded) -> Review | None:
    from slipway.release.review.files import read_review, review_path

    subject = found.record.subject
    path = review_path(subject.manifest, subject.version)
    if place.project is None or not (place.project / path).exists():
        return None
    return read_review(place.project, path)


def _alarms_of(place: Place) -> Owned:
    """The alarms that the stack declares, and those whose owner has no route."""
    from slipway.release.errors import InputError
    from slipway.release.project_files import slo_files_declared
    from slipway.release.review.closing import Owned
    from slipway.release.slo.reading import owned_of, read_alerting, read_routing
    from slipway.release.slo.routing import unrouted

    files = slo_files_declared(place.project, place.stack) if place.project is not None and place.stack else ()
    if place.project is None or not files:
        return Owned(None)
    try:
        owned = list(owned_of(read_alerting(place.project, files)))
        lost = unrouted(owned, read_routing(place.project, files))
    except InputError as error:
        return Owned(0, tuple(str(problem) for problem in error.problems[:5]))
    return Owned(len(owned), tuple(f"{one.owned.alarm}: {one.problem}" for one in lost))


def _archive(place: Place, found: Recorded, points: tuple[CheckLine, ...], note: str) -> None:
    """Once: a release that is closed already stays as it was."""
    from slipway.release.records.kinds import ClosedPoint, ClosureEvent, ClosureRecord
    from slipway.release.records.release_record import read_kind
    from slipway.release.records.store import RecordsSetting, append
    from slipway.rollout.process.operator import operator
    from slipway.rollout.watching.recording import collect

    record, rollout = found.record, found.event.rollout
    closed = tuple(ClosedPoint(name=point.name, found=point.found) for point in points)
    written = ClosureRecord(
        at=time.time(),
        by=operator(),
        stack=record.stack,
        target=record.target,
        service=record.service,
        subject=record.subject,
        digest=record.digest,
        event=ClosureEvent(rollout=rollout, checklist=closed, note=note),
    )

    def make(lines: list[Line]) -> Mapping[str, Any] | None:
        known = any(one.event.rollout == rollout for _, one in read_kind(lines, ClosureRecord))
        return None if known else written.to_content()

    chain = place.open(record.service)
    if place.setting.kind != "cluster" and found.event.release is not None and found.event.release.watch is not None:
        collect(place.open(record.service, RecordsSetting()), chain)
    append(chain, make)
