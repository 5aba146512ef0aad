"""Rule `alarm-route`: every alarm can be evaluated, and its owner has a receiver for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from pulumi_policy.proxy import UnknownValueError

from policies.gates.alarms import RULES, rules_of
from policies.rule import Resource, ResourceRule, Surroundings
from slipway.release.findings import Finding, finding
from slipway.release.gating.catalog import CATALOG
from slipway.release.manifest.base import FrozenModel
from slipway.release.slo.model import Severity
from slipway.release.slo.routing import Owned, Routing, unrouted
from slipway.release.slo.soundness import unsound

NAME = "alarm-route"
SEVERITIES = ("page", "ticket")


def evaluate(resource: Resource, settings: FrozenModel, around: Surroundings) -> list[Finding]:
    """Broken expressions, of recording rules too, and alarms without a receiver."""
    return [*_broken(resource), *_unrouted(resource, around.routing)]


def _broken(resource: Resource) -> Iterator[Finding]:
    for path, rule in rules_of(resource):
        name = rule.get("alert", rule.get("record"))
        try:
            found = list(unsound([rule]))
        except UnknownValueError:  # only in a preview; the update, which knows the expression, judges it
            continue
        for each in found:
            yield finding(
                NAME,
                "broken",
                f"{path}.expr",
                f"{name}: {each.problem}",
                "an expression that Prometheus can evaluate",
                "Correct it: a file with a broken rule stops every later reload of the server",
                "owner",
            )


def _unrouted(resource: Resource, routing: Routing | None) -> Iterator[Finding]:
    """Labels that are missing or unusual are for the rule `alarms` to refuse."""
    for path, rule in rules_of(resource):
        labels = rule.get("labels") or {}
        owner, severity = labels.get("owner"), labels.get("severity")
        if rule.get("alert") is None or not isinstance(owner, str) or not owner:
            continue
        if severity not in SEVERITIES:
            yield finding(
                NAME, "severity", f"{path}.labels.severity", severity, "page or ticket", "Choose one", "owner"
            )
            continue
        owned = Owned(str(rule["alert"]), owner, cast(Severity, severity))
        for each in unrouted([owned], routing):
            wanted = f"a receiver for {owner}'s {severity}s in the files of releases:slos"
            found = f"{owned.alarm}: {each.problem}"
            yield finding(NAME, "unrouted", f"{path}.labels.owner", found, wanted, each.remedy, "owner")


RULE = ResourceRule(
    gate=CATALOG[NAME],
    types=RULES,
    evaluate=evaluate,
)
