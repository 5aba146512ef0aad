"""Objectives and alarms -> groups of Prometheus rules. Pure.

Rules sum events. An average of ratios would count a quiet minute as much as a busy one, and one minute without any
event would make the whole period no number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from slipway.release.errors import ReleaseRefused
from slipway.release.slo.model import Alarm, Condition, Events, Severity, Slo
from slipway.release.slo.promql import counted
from slipway.release.units import show_seconds

BAD, TOTAL, REMAINING = "slo:bad_events", "slo:total_events", "slo:budget_remaining:ratio"
PAGE, TICKET, NO_DATA = "SloBurnRatePage", "SloBurnRateTicket", "SloNoData"
INTERVAL = 60
"""Seconds between two evaluations."""
CHUNK = "5m"
CHUNK_SECONDS = 300
"""The window whose counts are added up for long windows, so that no rule reads days of raw samples."""
COUNTED = (CHUNK, "30m", "1h", "2h", "6h")
"""Windows whose events are counted from the counters themselves."""
ADDED = ("1d", "3d")
NO_DATA_FOR = 600
"""Seconds. The count of the last five minutes goes on for five minutes without any series, so the alarm fires after
fifteen."""


class Burn(NamedTuple):
    """An alarm fires while the budget burns `factor` times as fast as it lasts, over both windows."""

    severity: Severity
    factor: float
    long: str
    short: str


BURNS = (
    Burn("page", 14.4, "1h", "5m"),
    Burn("page", 6, "6h", "30m"),
    Burn("ticket", 3, "1d", "2h"),
    Burn("ticket", 1, "3d", "6h"),
)
"""Those of the SRE workbook, chapter 5."""


class RuleGroup(NamedTuple):
    """One group of a rule file. Each objective and each alarm has a group of its own, so that a faulty one stops no
    other."""

    name: str
    rules: tuple[Mapping[str, Any], ...]
    interval: int = INTERVAL

    def content(self) -> dict[str, Any]:
        """The group as a rule file and a PrometheusRule hold it."""
        return {"name": self.name, "interval": f"{self.interval}s", "rules": [dict(rule) for rule in self.rules]}

    @property
    def alerts(self) -> tuple[str, ...]:
        """The names of its alarms."""
        return tuple(str(rule["alert"]) for rule in self.rules if "alert" in rule)


def slo_group(slo: Slo) -> RuleGroup:
    """Recording rules for each window, the budget that is left, and the alarms. Raises ReleaseRefused for events that
    are not in Prometheus."""
    return RuleGroup(f"slo-{slo.name}", (*_counts(slo), *_sums(slo), _budget(slo), *_burns(slo), _no_data(slo)))


def alarm_group(alarm: Alarm) -> RuleGroup:
    """One alarm. Raises ReleaseRefused for a condition that is not of Prometheus."""
    if not isinstance(alarm.when, Condition):
        raise ReleaseRefused(f"the alarm {alarm.name} watches CloudWatch: there is no rule of Prometheus for it")
    about = {"slo": alarm.slo, "service": alarm.service, "owner": alarm.owner, "severity": alarm.severity}
    annotations = {"summary": alarm.summary, "runbook_url": alarm.runbook}
    if alarm.dashboard is not None:
        annotations["dashboard_url"] = alarm.dashboard
    rule: dict[str, Any] = {"alert": alarm.name, "expr": alarm.when.expression}
    if alarm.when.hold:
        rule["for"] = show_seconds(alarm.when.hold)
    return RuleGroup(f"alarm-{alarm.name}", ({**rule, "labels": about, "annotations": annotations},))


def rule_file(groups: Sequence[RuleGroup]) -> dict[str, Any]:
    """The content of a rule file."""
    return {"groups": [group.content() for group in groups]}


def budget_query(slo: Slo) -> str:
    """The query for the share of the budget that is left: 1 on a quiet night, below 0 when overspent, never NaN."""
    return f'{REMAINING}{{slo="{slo.name}"}}'


def _counts(slo: Slo) -> Iterator[dict[str, Any]]:
    if not isinstance(slo.events, Events):
        raise ReleaseRefused(f"{slo.name} counts events in CloudWatch: there are no rules of Prometheus for it")
    for window in COUNTED:
        yield _record(slo, f"{TOTAL}:increase{window}", counted(slo.events.total, window))
        yield _record(slo, f"{BAD}:increase{window}", _bad(slo.events, window))


def _bad(events: Events, window: str) -> str:
    """Bad events in a window. Counters that have no series yet are no events, as long as there are any at all."""
    none = f"0 * {counted(events.total, window)}"
    if events.bad is not None:
        return f"{counted(events.bad, window)} or {none}"
    good = counted(events.good or "", window)
    # What increase() extrapolates can differ by a fraction of an event between the two.
    return f"clamp_min({counted(events.total, window)} - ({good} or {none}), 0)"


def _sums(slo: Slo) -> Iterator[dict[str, Any]]:
    """Long windows out of the counts of five minutes, each of which stands for one interval."""
    for window in (*ADDED, slo.period_text):
        for name in (TOTAL, BAD):
            summed = f"sum_over_time({_of(name, CHUNK, slo)}[{window}]) * {INTERVAL / CHUNK_SECONDS:g}"
            yield _record(slo, f"{name}:increase{window}", summed)


def _budget(slo: Slo) -> dict[str, Any]:
    """Where there was no event at all nothing was spent."""
    bad, total = (_of(name, slo.period_text, slo) for name in (BAD, TOTAL))
    return _record(slo, REMAINING, f"1 - {bad} / ({total} > 0) / {slo.budget:g} or 0 * {total} + 1")


def burns_of(severity: Severity) -> list[Burn]:
    """Those that raise the alarm of one severity."""
    return [burn for burn in BURNS if burn.severity == severity]


def burn_summary(slo: Slo, severity: Severity) -> str:
    """What the alarm of one severity says."""
    fast, slow = burns_of(severity)
    return f"{slo.service} spends the error budget of {slo.name} {fast.factor:g} or {slow.factor:g} times too fast"


def burn_limit(slo: Slo, burn: Burn) -> str:
    """The share of bad events that is too much. It is a hair above the burn, so that a service exactly at it is not
    alarmed by rounding."""
    return f"{burn.factor * slo.budget * (1 + 1e-9):.12g}"


def least_bad(slo: Slo, burn: Burn) -> int:
    """How many bad events the long window must hold."""
    return int(slo.min_bad.model_dump(by_alias=True)[burn.long])


def _burns(slo: Slo) -> Iterator[dict[str, Any]]:
    severities: tuple[tuple[str, Severity], ...] = ((PAGE, "page"), (TICKET, "ticket"))
    for alert, severity in severities:
        burning = " or ".join(_burning(slo, burn) for burn in burns_of(severity))
        yield _alert(slo, alert, severity, burning, burn_summary(slo, severity))


def _burning(slo: Slo, burn: Burn) -> str:
    """Both windows above the limit, and enough bad events in the long one; half an event is left for what increase()
    extrapolates."""
    limit, least = burn_limit(slo, burn), least_bad(slo, burn) - 0.5
    over = [f"{_of(BAD, w, slo)} > {limit} * {_of(TOTAL, w, slo)}" for w in (burn.long, burn.short)]
    return f"({over[0]} and {_of(BAD, burn.long, slo)} > {least} and {over[1]})"


def no_data_summary(slo: Slo) -> str:
    """What the alarm says when nothing is counted."""
    return f"the events of {slo.name} cannot be counted: {slo.service} or its monitoring is away"


def _no_data(slo: Slo) -> dict[str, Any]:
    # The burn alarms see nothing where there are no series: their silence would look like health.
    rule = _alert(slo, NO_DATA, "page", f"absent({_of(TOTAL, CHUNK, slo)})", no_data_summary(slo))
    return {"alert": rule["alert"], "expr": rule["expr"], "for": show_seconds(NO_DATA_FOR), **rule}


def _alert(slo: Slo, alert: str, severity: str, expression: str, summary: str) -> dict[str, Any]:
    return {
        "alert": alert,
        "expr": expression,
        "labels": {"slo": slo.name, "service": slo.service, "owner": slo.owner, "severity": severity},
        "annotations": {"summary": summary, "runbook_url": slo.runbook, "dashboard_url": slo.dashboard},
    }


def _record(slo: Slo, name: str, expression: str) -> dict[str, Any]:
    return {"record": name, "expr": expression, "labels": {"slo": slo.name, "service": slo.service}}


def _of(name: str, window: str, slo: Slo) -> str:
    return f'{name}:increase{window}{{slo="{slo.name}"}}'
