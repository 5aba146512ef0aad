"""The alarm for a watch after 100% that has no process. Pure.

Its process exports until when it watches and when it last gave a sign of life (slipway.rollout.watching.beats). The
alarm fires while a watch is not over and there is no sign of life. Until when it lasts is what its process said last;
before the first sign of life it is what the commit says that opened it (the output `watched` of the Rollout). A release
that is declared with a watch need not have one, as after a rollback to it: then the commit says nothing, and there is
no alarm.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from slipway.release.manifest.release import Release
from slipway.release.revision import revision_of
from slipway.release.slo.model import Severity
from slipway.release.slo.routing import Owned
from slipway.release.slo.rules import RuleGroup
from slipway.release.target import Target
from slipway.release.units import Seconds, show_seconds

WATCH_GONE = "SlipwayWatchGone"
UNTIL = "slipway_watch_until_timestamp_seconds"
"""When the watch is over, Unix seconds: its declared end, or the time at which it ended before."""
BEAT = "slipway_watch_beat_timestamp_seconds"
"""When its process last wrote down that it lives, Unix seconds."""
LAST_UNTIL = "slipway:watch_until:last"
QUIET: Seconds = 60.0
"""Without a sign of life for this long no process counts as watching; one comes every five seconds."""
HOLD: Seconds = 300.0
"""A process that is replaced is back within this time."""
REMEMBERED = "1d"
"""How long a server of rules may be away without forgetting a watch."""
INTERVAL = 15
SEVERITY: Severity = "ticket"


def watch_owned(release: Release) -> Owned | None:
    """Who has to act on the alarm; None where the release is not watched."""
    if release.watch is None:
        return None
    return Owned(f"{release.service}: {WATCH_GONE}", release.owner.team, SEVERITY)


class Opened(NamedTuple):
    """The watch that a commit opened, in Unix seconds."""

    at: float
    until: float

    @classmethod
    def of(cls, watched: Mapping[str, float] | None) -> Opened | None:
        """From the output `watched` of a Rollout: NONE where the commit opened none, None where it does not say."""
        if watched is None:
            return None
        return cls(watched["opened"], watched["until"]) if watched else NONE


NONE = Opened(0.0, 0.0)
"""No watch."""


def watch_labels(service: str, revision: str, target: Target) -> Mapping[str, str]:
    """What tells one watch from the others of a Prometheus: the same revision may be watched in several places."""
    return {"service": service, "revision": revision, "target": target.place}


def selector(labels: Mapping[str, str]) -> str:
    """Series with these labels, as PromQL writes them."""
    return "{" + ",".join(f'{name}="{value}"' for name, value in labels.items()) + "}"


def watch_group(release: Release, target: Target, hold: Seconds = HOLD, opened: Opened | None = None) -> RuleGroup:
    """The rules of one watched release. A revision has rules of its own in each place where it is watched, so that
    those of an earlier watch go with it. Without `opened` only a watch that was seen can be missed, with NONE not even
    that."""
    about = watch_labels(release.service, revision_of(release), target)
    selected = selector(about)
    last = "vector(0)" if opened == NONE else _last(selected, opened)
    alive = f"{BEAT}{selected} > time() - {QUIET:g}"
    gone: dict[str, Any] = {
        "alert": WATCH_GONE,
        "expr": f"({LAST_UNTIL}{selected} > time()) unless on() ({alive})",
        "for": show_seconds(hold),
        "labels": {**about, "owner": release.owner.team, "severity": SEVERITY},
        "annotations": {
            "summary": f"no process watches {release.service} {release.version} after 100%",
            "runbook_url": release.owner.runbook,
        },
    }
    return RuleGroup(
        f"watch-{release.service}", ({"record": LAST_UNTIL, "expr": last, "labels": about}, gone), INTERVAL
    )


def _last(selected: str, opened: Opened | None) -> str:
    """Until when there is a watch: what its process said with its newest sign of life (a host that watched before may
    still show an older one), else what it said before its series ended, as those of a pod do. A revision that is tried
    again has an earlier watch, which was over before; all of that is older than `opened`."""
    since = "" if opened is None else f" > {opened.at:.0f}"
    said = f"max({UNTIL}{selected} and topk(1, {BEAT}{selected}{since}))"
    before = f"max(last_over_time({LAST_UNTIL}{selected}[{REMEMBERED}])){since}"
    commit = "" if opened is None else f" or vector({opened.until:.0f})"
    return f"{said} or {before}{commit}"
