"""The alarm for a watch after 100% that has no process. Pure.

Its process exports until when it watches and when it last gave a sign of life (slipway.rollout.process.vitals). The
alarm fires while a watch that was seen is not over and there is no sign of life. A release that is declared with a
watch need not have one, as after a rollback to it: so a process that was never seen is no alarm.
"""

from __future__ import annotations

from typing import Any

from slipway.release.manifest.release import Release
from slipway.release.revision import revision_of
from slipway.release.slo.model import Severity
from slipway.release.slo.routing import Owned
from slipway.release.slo.rules import RuleGroup
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


def watch_group(release: Release, hold: Seconds = HOLD) -> RuleGroup:
    """The rules of one watched release. A revision has rules of its own, so that those of an earlier watch go with
    it."""
    about = {"service": release.service, "revision": revision_of(release)}
    selected = "{" + ",".join(f'{name}="{value}"' for name, value in about.items()) + "}"
    # What the process said last is remembered, as its series end with it.
    last = f"max({UNTIL}{selected}) or max(last_over_time({LAST_UNTIL}{selected}[{REMEMBERED}]))"
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
