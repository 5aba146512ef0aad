"""The outbox that the commands of escalations are about, and what they do with it."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from slipway.cli.target import configuration, find_targets
from slipway.release.errors import InputError, Problem, SlipwayError
from slipway.release.escalation.model import Escalation, id_of
from slipway.release.escalation.outbox import Closed, Entry, closed, entry_of, next_due
from slipway.release.escalation.receivers import shown
from slipway.release.escalation.setting import KEY, REMEDY, EscalationSetting, setting_of
from slipway.release.slo.model import Severity
from slipway.rollout.assemble import connect_outbox
from slipway.rollout.escalation.outbox import MemoryOutbox, Outbox, change
from slipway.rollout.escalation.sender import LIFE, Sender

PROMPT = 20.0
"""Seconds for which a person waits for what is told at once."""


@dataclass(frozen=True, slots=True)
class Found:
    """The outboxes of all places of a stack; `name` says where they are. `setting` reads that of the stack, which may
    be left out."""

    connect: Callable[[], list[Outbox]]
    name: str
    place: str
    setting: Callable[[], EscalationSetting]

    @property
    def outboxes(self) -> list[Outbox]:
        """The outboxes themselves. Raises ClusterError when the cluster cannot be named."""
        return self.connect()

    def entries(self) -> list[Entry]:
        """Those of all outboxes, the oldest first. Raises ClusterError."""
        found = [entry for outbox in self.outboxes for entry in outbox.entries()]
        return sorted(found, key=lambda entry: entry.escalation.at)


def find_outbox(folder: Path, stack: str | None, namespace: str | None) -> Found:
    """The outboxes of a stack, or the one of a namespace. Raises SlipwayError."""

    def setting() -> EscalationSetting:
        return setting_of(*configuration(folder, stack))

    targets = find_targets(folder, stack, namespace)
    box = None
    if namespace is None and KEY in configuration(folder, stack)[0]:
        box = setting().outbox
    names = ", ".join(map(str, targets))
    named = f"the namespace {names}" if box is None else f"the folder {box}"
    each = targets if box is None else targets[:1]
    return Found(lambda: [connect_outbox(where, box) for where in each], named, names, setting)


def close_and_tell(found: Found, escalation: str, by: str, reason: str, now: float) -> str:
    """End one and tell those who know of it; who was not told yet, empty when all were. Raises SlipwayError."""
    end = Closed(by=by, at=now, reason=reason)
    for outbox in found.outboxes:
        entry = change(outbox, escalation, lambda one: closed(one, end))
        if entry is not None:
            sender = Sender(outbox, entry)
            sender.run(time.time, time.sleep, PROMPT)
            return _left(sender.entry)
    raise SlipwayError(f"{found.name} has no escalation {escalation}; `slipway escalations` lists them")


def send_all(found: Found, tell: Callable[[str], None], *, follow: bool) -> list[str]:
    """Try everything that is due once, or until nothing is left; what is left, a line each."""
    senders = [
        Sender(outbox, entry, tell)
        for outbox in found.outboxes
        for entry in outbox.entries()
        if next_due(entry) is not None
    ]
    if not follow:
        for sender in senders:
            sender.once(time.time())
    else:
        threads = [threading.Thread(target=one.run, args=(time.time, time.sleep), daemon=True) for one in senders]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(LIFE)
    return [f"{one.entry.id}: {left}" for one in senders if (left := _left(one.entry))]


def send_test(found: Found, owner: str, severity: str, by: str, now: float) -> tuple[list[str], bool]:
    """Tell the receivers of an owner that nothing is wrong, and of its end; a line a receiver, and whether all took
    it. Nothing of it stays in the outbox. Raises SlipwayError."""
    setting = found.setting()
    if owner not in setting.owners:
        known = ", ".join(sorted(setting.owners))
        problem = Problem("escalation.owners", f"has no {owner}", f"Name one of: {known}. {REMEDY}")
        raise InputError("the stack's setting", [problem])
    wanted = cast("Severity", severity)
    escalation = Escalation(
        id=id_of("test", owner, uuid.uuid4().hex),
        kind="test",
        severity=wanted,
        service=f"test of {owner}",
        place=found.place,
        owner=owner,
        what=f"{by} tests the receivers of {owner}; nothing is wrong",
        since=now,
        at=now,
        done="nothing, and nothing has to be done",
    )
    outbox = MemoryOutbox()
    sender = Sender(outbox, entry_of(escalation, setting.owners[owner].of(wanted)))
    sender.once(now)
    lines = [
        f"{shown(one.receiver)}: {'took it' if one.state == 'delivered' else one.why}"
        for one in sender.entry.deliveries
    ]
    passed = all(one.state == "delivered" for one in sender.entry.deliveries)
    ended = change(outbox, escalation.id, lambda one: closed(one, Closed(by=by, at=time.time(), reason="a test")))
    if ended is not None:
        Sender(outbox, ended).once(time.time())
    return lines, passed


def _left(entry: Entry) -> str:
    """To whom something is still to be told that they did not take yet."""
    waiting = [one for one in entry.deliveries if one.state == "open" and entry.closed is None]
    if entry.closed is not None and next_due(entry) is not None:
        waiting = [one for one in entry.deliveries if one.state == "delivered" and not one.told_closed]
    return ", ".join(f"{shown(one.receiver)} ({one.why or 'not tried yet'})" for one in waiting)
