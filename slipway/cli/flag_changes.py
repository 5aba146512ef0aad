"""Killing and resuming one flag. Needs neither Pulumi nor a checkout."""

from __future__ import annotations

import time
import uuid

import click

from slipway.cli.flag_sets import Found, as_data, find_flag, sets_in
from slipway.cli.options import show
from slipway.release.flags.effective import effective
from slipway.release.flags.journal import Action, Change, Head, after_change
from slipway.release.flags.words import killed_line, reach_of
from slipway.release.target import Target
from slipway.rollout.process.operator import operator


def is_killed(where: Target, flag: str) -> bool:
    """Whether some set in this target has a flag of this key that is killed."""
    return any(found.head.killed(flag) is not None for found in sets_in(where))


def carry_out(where: Target, flag: str, flag_set: str | None, action: Action, reason: str, *, as_json: bool) -> None:
    """Change one flag and say what became of it. Raises ReleaseRefused, and ClusterError when the change is not known
    to stand: the command may be run again."""
    began = time.monotonic()
    found = find_flag(where, flag, flag_set)
    change, head = change_flag(found, flag, action, reason)
    before, after = effective(found.head).flags[flag], effective(head).flags[flag]
    if as_json:
        place = {"flag": flag, "set": found.name, "namespace": where.scope, "action": action}
        said = {"id": change.id, "by": change.by, "at": change.at, "reason": change.reason}
        states = {"before": as_data(before), "after": as_data(after)}
        show({"ok": True, **place, **said, **states, "seconds": round(time.monotonic() - began, 3)})
    elif action == "kill":
        was = f" (was: {reach_of(before)})" if before.killed is None else ", as it was before"
        click.echo(f"{killed_line(change, found.writer.now())}{was}")
    else:
        again = "; its exposure begins again with the next `pulumi up`" if after.flag.exposure is not None else ""
        click.echo(f"{flag} is resumed: {reach_of(after)}{again}")


def change_flag(found: Found, flag: str, action: Action, reason: str) -> tuple[Change, Head]:
    """Write it. Returns the change that stands now, which after a second kill is the first, and the head. A resume is
    for the kill that stood when the command began: one that came since stays. Raises ReleaseRefused and
    ClusterError."""
    at, killed = found.writer.now(), found.head.killed(flag)
    ends = killed.id if action == "resume" and killed is not None else None
    wanted = Change(id=uuid.uuid4().hex[:12], flag=flag, action=action, by=operator(), at=at, reason=reason, ends=ends)
    head = found.writer.change(lambda head: after_change(head, wanted))
    return head.killed(flag) or wanted, head
