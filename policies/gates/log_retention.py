"""Rule `log-retention`: logs in CloudWatch are kept for as long as was decided, not for ever."""

from __future__ import annotations

from policies.rule import Resource, ResourceRule, Surroundings
from slipway.release.findings import Finding, finding
from slipway.release.gating.catalog import CATALOG
from slipway.release.manifest.base import FrozenModel

NAME = "log-retention"
GROUP = "aws:cloudwatch/logGroup:LogGroup"


def evaluate(resource: Resource, settings: FrozenModel, around: Surroundings) -> list[Finding]:
    """A log group that keeps everything."""
    if resource.props.get("retentionInDays"):
        return []
    remedy = "Write retentionInDays: as long as an incident is looked into, and as the law wants"
    return [finding(NAME, "for-ever", "retentionInDays", "nothing: logs are never deleted", "a number of days", remedy)]


RULE = ResourceRule(gate=CATALOG[NAME], types=(GROUP,), evaluate=evaluate)
