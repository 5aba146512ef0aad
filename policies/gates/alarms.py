"""Rule `alarms`: every alarm names who acts, what to do, and where it goes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from policies.rule import Resource, ResourceRule, Surroundings
from slipway.release.findings import Finding, finding
from slipway.release.gating.catalog import CATALOG
from slipway.release.gating.settings import AlarmSettings
from slipway.release.slo.cloudwatch import PART_OF
from slipway.release.tokens import RULE_GROUP

NAME = "alarms"
PROMETHEUS = "kubernetes:monitoring.coreos.com/v1:PrometheusRule"
RULES = (PROMETHEUS, RULE_GROUP)
CLOUDWATCH = ("aws:cloudwatch/metricAlarm:MetricAlarm", "aws:cloudwatch/compositeAlarm:CompositeAlarm")
PAGE = "page"


def evaluate(resource: Resource, settings: AlarmSettings, around: Surroundings) -> list[Finding]:
    """Everything that is missing from each alarm of the resource."""
    if resource.type in RULES:
        return list(_prometheus(resource, settings))
    return list(_cloudwatch(resource, settings))


def _prometheus(resource: Resource, settings: AlarmSettings) -> Iterator[Finding]:
    for path, rule in rules_of(resource):
        if rule.get("alert") is None:
            continue
        labels, annotations = _mapping(rule.get("labels")), _mapping(rule.get("annotations"))
        paging = settings.page_annotations if labels.get("severity") == PAGE else ()
        wanted = [("labels", labels, name) for name in settings.labels]
        wanted += [("annotations", annotations, name) for name in (*settings.annotations, *paging)]
        for side, given, name in wanted:
            if not _text(given.get(name)):
                yield _missing(f"{path}.{side}.{name}", str(rule["alert"]))


def rules_of(resource: Resource) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The rules of a resource of the types RULES, each with its path."""
    if resource.type == RULE_GROUP:
        yield from ((f"rules[{place}]", _mapping(rule)) for place, rule in enumerate(resource.props["rules"]))
        return
    groups = _mapping(resource.props.get("spec")).get("groups")
    for number, group in enumerate(groups if isinstance(groups, Sequence) else ()):
        rules = _mapping(group).get("rules")
        for place, rule in enumerate(rules if isinstance(rules, Sequence) else ()):
            yield f"spec.groups[{number}].rules[{place}]", _mapping(rule)


def _cloudwatch(resource: Resource, settings: AlarmSettings) -> Iterator[Finding]:
    tags = _mapping(resource.props.get("tags"))
    paging = settings.page_tags if tags.get("severity") == PAGE else ()
    for name in (*settings.tags, *paging):
        if not _text(tags.get(name)):
            yield _missing(f"tags.{name}", resource.name)
    if not _text(resource.props.get("alarmDescription")):
        yield _missing("alarmDescription", resource.name)
    is_part = resource.type == CLOUDWATCH[0] and _text(tags.get(PART_OF))  # the composite alarm has the action
    if not is_part and (not resource.props.get("alarmActions") or resource.props.get("actionsEnabled") is False):
        yield _missing("alarmActions", resource.name)
    if resource.type == CLOUDWATCH[0] and resource.props.get("treatMissingData") is None:
        yield _missing("treatMissingData", resource.name)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _missing(path: str, alarm: str) -> Finding:
    return finding(
        NAME,
        "missing",
        path,
        f"nothing ({alarm})",
        "an alarm with owner, severity, service, SLO, summary, runbook and target",
        "Say who acts, what they do and where it goes, or delete the alarm",
        "owner",
    )


RULE = ResourceRule(
    gate=CATALOG[NAME],
    types=(*RULES, *CLOUDWATCH),
    evaluate=evaluate,
)
