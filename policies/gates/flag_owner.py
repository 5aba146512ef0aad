"""Rule `flag-owner`: every flag has an owner who answers for it."""

from __future__ import annotations

from policies.flags import flags_of
from policies.rule import Resource, ResourceRule, Surroundings
from slipway.release.findings import Finding, finding
from slipway.release.gating.catalog import CATALOG
from slipway.release.gating.settings import FlagOwnerSettings
from slipway.release.tokens import FLAG_SET

NAME = "flag-owner"


def evaluate(resource: Resource, settings: FlagOwnerSettings, around: Surroundings) -> list[Finding]:
    """Flags without an owner, or with one who is not among those who answer for flags."""
    allowed = settings.owners
    wanted = f"one of {', '.join(allowed)}" if allowed else "the team that answers for it"
    found = []
    for key, flag in flags_of(resource):
        owner = str(flag.get("owner") or "").strip()
        if owner and (not allowed or owner in allowed):
            continue
        code, said = ("unknown-owner", owner) if owner else ("missing", "nothing")
        remedy = "Name a team that answers for flags, or add it to flag-owner.owners"
        found.append(finding(NAME, code, f"flags.{key}.owner", said, wanted, remedy, "owner", "medium"))
    return found


RULE = ResourceRule(gate=CATALOG[NAME], types=(FLAG_SET,), evaluate=evaluate)
