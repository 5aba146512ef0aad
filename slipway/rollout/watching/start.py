"""Begins to watch: in a pod of the cluster, or on a host."""

from __future__ import annotations

import os
import socket
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from slipway.release.errors import ReleaseRefused
from slipway.release.records.store import RecordsSetting
from slipway.release.records.watch import WatchEntry
from slipway.release.target import KubernetesTarget, Target
from slipway.rollout.adapters import Adapters
from slipway.rollout.assemble import connect_adapters, connect_escalations, connect_flags, connect_outbox, flag_sets_in
from slipway.rollout.escalation.desk import Desk
from slipway.rollout.escalation.inside import SendingThreads
from slipway.rollout.flags.writer import FlagWriter
from slipway.rollout.process.vitals import Vitals
from slipway.rollout.record import load
from slipway.rollout.watching.beats import HostBeats, export_beat
from slipway.rollout.watching.document import WatchDocument, read_document
from slipway.rollout.watching.process import Reporter, Watcher

ENDED, AGAIN, WRONG = 0, 1, 2
"""Exit codes of the process in a pod: there is nothing to watch any more; another process has to go on; it was called
wrongly."""
READ_WITHIN = 120.0
"""Seconds for which a process stays after a watch that ended before its time, so that Prometheus reads its end."""


class _PlainReporter:
    """Lines that stay go into the log of the pod."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say

    def status(self, line: str) -> None:
        """Nothing: a log would be full of it."""

    def event(self, line: str) -> None:
        """One line."""
        self._say(line)


def watch_in_pod(
    service: str, namespace: str, told_to_go: threading.Event, say: Callable[[str], None], vitals: Vitals
) -> int:
    """Watch, and send what there is to send from this process. Raises SlipwayError."""
    target = KubernetesTarget(namespace=namespace)
    try:
        document = document_of(service, target)
    except ReleaseRefused as error:
        say(str(error))
        return AGAIN if _is_open(service, target) else ENDED
    adapters = adapters_of(document, target, records=None)  # others are not the pod's to reach: see recording.collect
    route = document.wanted.escalation
    senders = None
    if route is not None:
        outbox = connect_outbox(target, route.outbox)
        senders = SendingThreads(outbox, say)
        adapters = replace(adapters, escalations=Desk(route, outbox, senders.start))
    beat = partial(export_beat, vitals, document.wanted.where, service)
    ended = watcher_of(adapters, document, target, _PlainReporter(say), told_to_go, beat).run()
    if ended is not None and ended.ended is not None and ended.ended < ended.until:
        told_to_go.wait(READ_WITHIN)
    if ended is None or (senders is not None and not senders.wait(told_to_go)):
        return AGAIN
    return ENDED


def _is_open(service: str, target: Target) -> bool:
    """Whether a watch is unfinished whose document is missing: the next update writes it."""
    stored = load(connect_adapters(service, target), service)
    return stored is not None and stored.head.watching is not None


def watch_on_host(
    service: str, target: Target, reporter: Reporter, cancelled: threading.Event, metrics: Path | None = None
) -> WatchEntry | None:
    """Watch, and return the watch as it ended, None when `cancelled` was set before. What it escalates is sent by
    processes that outlive this one; its signs of life are in the folder `metrics`. Raises SlipwayError."""
    document = document_of(service, target)
    adapters = adapters_of(document, target, document.wanted.records)
    if document.wanted.escalation is not None:
        adapters = replace(adapters, escalations=connect_escalations(document.wanted.escalation, target))
    if metrics is None:
        return watcher_of(adapters, document, target, reporter, cancelled).run()
    beats = HostBeats(metrics, target, service, reporter.event)
    ended = watcher_of(adapters, document, target, reporter, cancelled, beats).run()
    if ended is None:
        beats.withdraw()
    return ended


def document_of(service: str, target: Target) -> WatchDocument:
    """What is watched there. Raises ReleaseRefused when nothing is, and ClusterError."""
    place = connect_adapters(service, target).watch
    document = read_document(place.document.read()) if place is not None else None
    if document is None:
        raise ReleaseRefused(f"{service}: no release of it is watched in {target}")
    return document


def adapters_of(document: WatchDocument, target: Target, records: RecordsSetting | None) -> Adapters:
    """Everything that the release which is watched reaches the outside by, but for its escalations."""
    wanted = document.wanted
    return connect_adapters(wanted.service, target, wanted.metrics, document.stack, records)


def watcher_of(
    adapters: Adapters,
    document: WatchDocument,
    target: Target,
    reporter: Reporter,
    cancelled: threading.Event,
    beat: Callable[[WatchEntry, float], None] = lambda *_: None,
) -> Watcher:
    """A process that has a name of its own; what an earlier one could not send is sent from now on."""
    service = document.wanted.service

    if adapters.escalations is not None and (trouble := adapters.escalations.go_on(service)) is not None:
        reporter.event(f"{service}: {trouble}")
    by = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:6]}"
    return Watcher(adapters, service, by, reporter, cancelled, partial(flags_in, target), beat)


def flags_in(target: Target) -> Iterator[FlagWriter]:
    """The sets of flags in a target. Raises ClusterError."""
    return (connect_flags(target, name) for name in flag_sets_in(target))
