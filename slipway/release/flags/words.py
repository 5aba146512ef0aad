"""How flags that are in force are told to people. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime

from slipway.release.findings import plain
from slipway.release.flags.effective import EffectiveFlag
from slipway.release.flags.journal import Change
from slipway.release.flags.model import FeatureFlag


def when(at: float, now: float) -> str:
    """A time of the day in UTC, with its date unless that is today's."""
    if at <= 0:
        return "an unknown time"
    moment, today = datetime.fromtimestamp(at, UTC), datetime.fromtimestamp(now, UTC).date()
    return moment.strftime("%H:%M UTC" if moment.date() == today else "%Y-%m-%d %H:%M UTC")


def killed_line(killed: Change, now: float) -> str:
    """`new-cart is off since 06:12 UTC, killed by guard (error-ratio 8.8x)`."""
    why = f" ({plain(killed.reason)})" if killed.reason else ""
    return f"{killed.flag} is off since {when(killed.at, now)}, killed by {plain(killed.by)}{why}"


def expired_lines(flags: Mapping[str, FeatureFlag], today: date) -> Iterator[str]:
    """A warning for each flag whose day is over; the gate flag-expiry refuses it after its grace."""
    for key, flag in flags.items():
        if flag.expires is not None and flag.expires < today:
            days = (today - flag.expires).days
            ago = "1 day ago" if days == 1 else f"{days} days ago"
            yield (
                f"{key} expired {ago} ({flag.expires.isoformat()}): release code that "
                f"no longer reads it, declare it off and remove it, or agree on a later day with {plain(flag.owner)}"
            )


def reach_of(flag: EffectiveFlag) -> str:
    """Who gets what: `off`, `on for 25%`, `on by targeting, else off`."""
    if flag.state == "DISABLED":
        return "disabled: each caller has its own default"
    if flag.is_off:
        return flag.flag.off
    ways = ["by targeting"] if flag.targeting is not None else []
    if flag.reached is not None:
        ways.append(f"{flag.flag.exposed} for {flag.percent:g}%")
    return f"{', '.join(ways)}, else {flag.default}" if ways else flag.default
