"""Rule `flag-expiry`: no flag outlives its day by more than the grace."""

from __future__ import annotations

from datetime import date, timedelta

from policies.flags import flags_of
from policies.rule import Resource, ResourceRule, Surroundings
from slipway.release.findings import Finding, finding
from slipway.release.gating.catalog import CATALOG
from slipway.release.gating.settings import FlagExpirySettings
from slipway.release.tokens import FLAG_SET

NAME = "flag-expiry"
LASTING = "kill-switch"
"""The kind that has no expiry: it must be there on the day when it is needed."""


def evaluate(resource: Resource, settings: FlagExpirySettings, around: Surroundings) -> list[Finding]:
    """Flags without a day, with one that is over for longer than the grace, or with one that is too far away."""
    today, found = around.now.date(), list[Finding]()
    last = today - timedelta(seconds=settings.grace)
    farthest = today + timedelta(seconds=settings.longest)
    for key, flag in flags_of(resource):
        if flag.get("kind") == LASTING:
            continue
        field, given = f"flags.{key}.expires", flag.get("expires")
        if given is None:
            found.append(_finding("missing", field, "nothing", "the day by which it shall be gone", "Write that day"))
            continue
        day = date.fromisoformat(str(given))
        if day < last:
            wanted = f"a day after {last.isoformat()} (expiry and grace)"
            found.append(_finding("expired", field, f"{day.isoformat()}, {(today - day).days} days ago", wanted, GONE))
        elif day > farthest:
            wanted = f"at most {farthest.isoformat()}"
            found.append(_finding("too-far", field, day.isoformat(), wanted, "Agree on a day that is nearer"))
    return found


GONE = (
    "Release code that no longer reads it, declare it off, then remove it from its file; or agree on a later day with "
    "its owner"
)


def _finding(code: str, field: str, said: str, wanted: str, remedy: str) -> Finding:
    return finding(NAME, code, field, said, wanted, remedy, "owner", "medium")


RULE = ResourceRule(gate=CATALOG[NAME], types=(FLAG_SET,), evaluate=evaluate)
