"""Objectives and alarms -> alarms of CloudWatch, in the inputs of Pulumi's provider. Pure.

An alarm over two windows is a composite alarm of two metric alarms, one for each window, which have no action of their
own. Each looks at one sliding window: an alarm may look back over seven days, and over one day with a period below an
hour, so every window of the burn table is one period.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

from slipway.release.errors import ReleaseRefused
from slipway.release.slo.cloudwatch_model import CloudWatchCondition, CloudWatchEvents, CountedMetric
from slipway.release.slo.model import Alarm, Severity, Slo
from slipway.release.slo.rules import (
    NO_DATA,
    PAGE,
    TICKET,
    Burn,
    burn_limit,
    burn_summary,
    burns_of,
    least_bad,
    no_data_summary,
)
from slipway.release.units import seconds

PART_OF = "part-of"
"""Tag of a metric alarm that has no action of its own: the composite alarm which has one."""
NO_DATA_PERIOD, NO_DATA_PERIODS = 300, 3
"""Seconds, and how many in a row without an event."""
LONGEST_VALUE = 256
"""Characters of a tag."""
Kind = Literal["metric", "composite"]
Json = dict[str, Any]


class CloudWatchAlarm(NamedTuple):
    """One alarm. `severity` says which action it has; None for a part of a composite alarm."""

    name: str
    kind: Kind
    severity: Severity | None
    content: Mapping[str, Any]


def slo_alarms(slo: Slo, scope: str) -> list[CloudWatchAlarm]:
    """All alarms of an objective, each after those that it is made of. Their names begin with `scope`, so that two
    stacks of an account do not share one. Raises ReleaseRefused for events that are not in CloudWatch."""
    events = slo.events
    if not isinstance(events, CloudWatchEvents):
        raise ReleaseRefused(f"{slo.name} counts events in Prometheus: there are no alarms of CloudWatch for it")
    pages = _burn_alarms(slo, events, f"{scope}-{slo.name}-{PAGE}", "page")
    tickets = _burn_alarms(slo, events, f"{scope}-{slo.name}-{TICKET}", "ticket")
    absent = [] if events.quiet else [_no_data(slo, events, f"{scope}-{slo.name}-{NO_DATA}")]
    return [*pages, *tickets, *absent]


def condition_alarm(alarm: Alarm, scope: str) -> CloudWatchAlarm:
    """An alarm of its own metric. Raises ReleaseRefused for a condition that is not of CloudWatch."""
    when, name = alarm.when, f"{scope}-{alarm.name}"
    if not isinstance(when, CloudWatchCondition):
        raise ReleaseRefused(f"the alarm {alarm.name} watches Prometheus: there is no alarm of CloudWatch for it")
    about = {"owner": alarm.owner, "severity": alarm.severity, "service": alarm.service, "slo": alarm.slo}
    links = {"runbook": alarm.runbook} | ({} if alarm.dashboard is None else {"dashboard": alarm.dashboard})
    content = {
        "name": name,
        "alarmDescription": _described(alarm.summary, alarm.runbook),
        "comparisonOperator": "LessThanThreshold" if when.above is None else "GreaterThanThreshold",
        "threshold": when.below if when.above is None else when.above,
        "evaluationPeriods": when.periods,
        "datapointsToAlarm": when.periods,
        "treatMissingData": "breaching" if when.missing == "alarm" else "notBreaching",
        "metricQueries": [_query("value", when.metric.stated(when.metric.stat), when.period, watched=True)],
        "tags": {**about, **links},
    }
    return CloudWatchAlarm(name, "metric", alarm.severity, content)


def untaggable(value: str) -> bool:
    """Whether a tag of AWS cannot hold this."""
    return len(value) > LONGEST_VALUE or not all(char.isalnum() or char in " +-=._:/@" for char in value)


def _burn_alarms(slo: Slo, events: CloudWatchEvents, name: str, severity: Severity) -> Iterator[CloudWatchAlarm]:
    pairs = []
    for burn in burns_of(severity):
        windows = [f"{name}-{burn.long}", f"{name}-{burn.long}-{burn.short}"]
        pairs.append(" AND ".join(f'ALARM("{each}")' for each in windows))
        for part, window in zip(windows, (burn.long, burn.short), strict=True):
            yield _window_alarm(slo, events, part, burn, window, name)
    content = {
        "alarmName": name,
        "alarmDescription": _described(burn_summary(slo, severity), slo.runbook),
        "alarmRule": " OR ".join(f"({pair})" for pair in pairs),
        "tags": _tags(slo, severity),
    }
    yield CloudWatchAlarm(name, "composite", severity, content)


def _window_alarm(
    slo: Slo, events: CloudWatchEvents, name: str, burn: Burn, window: str, whole: str
) -> CloudWatchAlarm:
    """One window above the limit; the long one also with enough bad events. A window without any event is none."""
    over = f"bad > {burn_limit(slo, burn)} * total"
    if window == burn.long:
        over = f"({over}) AND (bad >= {least_bad(slo, burn)})"
    period = seconds(window)
    content = {
        "name": name,
        "alarmDescription": f"{slo.name} burns {burn.factor:g} times too fast over {window}; a part of {whole}",
        "comparisonOperator": "GreaterThanThreshold",
        "threshold": 0,
        "evaluationPeriods": 1,
        "treatMissingData": "notBreaching",
        "metricQueries": [
            *_counts(events, period),
            {"id": "bad", "expression": _bad(events), "label": "bad events", "returnData": False},
            {"id": "burning", "expression": f"IF({over}, 1, 0)", "label": "burning", "returnData": True},
        ],
        "tags": {**_tags(slo, burn.severity), PART_OF: whole},
    }
    return CloudWatchAlarm(name, "metric", None, content)


def _no_data(slo: Slo, events: CloudWatchEvents, name: str) -> CloudWatchAlarm:
    # The burn alarms take what is missing for no events: their silence would look like health.
    total = _query("total", events.total.stated(events.total.stat), NO_DATA_PERIOD, watched=True)
    content = {
        "name": name,
        "alarmDescription": _described(no_data_summary(slo), slo.runbook),
        "comparisonOperator": "LessThanThreshold",
        "threshold": 1,
        "evaluationPeriods": NO_DATA_PERIODS,
        "datapointsToAlarm": NO_DATA_PERIODS,
        "treatMissingData": "breaching",
        "metricQueries": [total],
        "tags": _tags(slo, "page"),
    }
    return CloudWatchAlarm(name, "metric", "page", content)


def _counts(events: CloudWatchEvents, period: float) -> Iterator[Json]:
    yield _query("total", events.total.stated(events.total.stat), period)
    for number, metric in enumerate(_side(events)):
        yield _query(f"side{number}", metric.stated(metric.stat), period)


def _side(events: CloudWatchEvents) -> tuple[CountedMetric, ...]:
    return events.bad if events.bad is not None else events.good or ()


def _bad(events: CloudWatchEvents) -> str:
    counted = " + ".join(f"FILL(side{number}, 0)" for number, _ in enumerate(_side(events)))
    return counted if events.bad is not None else f"total - ({counted})"


def _query(name: str, metric: Json, period: float, *, watched: bool = False) -> Json:
    return {"id": name, "metric": {**metric, "period": round(period)}, "returnData": watched}


def _tags(slo: Slo, severity: Severity) -> dict[str, str]:
    return {
        "owner": slo.owner,
        "severity": severity,
        "service": slo.service,
        "slo": slo.name,
        "runbook": slo.runbook,
        "dashboard": slo.dashboard,
    }


def _described(summary: str, runbook: str) -> str:
    return f"{summary}; {runbook}"
