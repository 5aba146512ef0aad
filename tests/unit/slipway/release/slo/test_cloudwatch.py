"""Objectives and alarms in CloudWatch: what the alarms see is evaluated here as CloudWatch documents it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.release.errors import ReleaseRefused
from slipway.release.slo.cloudwatch import PART_OF, CloudWatchAlarm, condition_alarm, slo_alarms, untaggable
from slipway.release.slo.model import Alarm, Slo
from slipway.release.slo.rules import BURNS, alarm_group, slo_group
from tests.unit.slipway.release.slo.examples import alarm, slo

BALANCER = {"LoadBalancer": "app/shop/1"}
TOTAL = {"namespace": "AWS/ApplicationELB", "name": "RequestCount", "dimensions": BALANCER}
TARGETS = TOTAL | {"name": "HTTPCode_Target_5XX_Count"}
OWN = TOTAL | {"name": "HTTPCode_ELB_5XX_Count"}
EVENTS = {"kind": "cloudwatch", "total": TOTAL, "bad": [TARGETS, OWN]}
SECONDS = {"5m": 300, "30m": 1800, "1h": 3600, "2h": 7200, "6h": 21600, "1d": 86400, "3d": 259200}
Counts = Callable[[str, int], float | None]
"""What a metric summed up to over the last so many seconds; None where nothing was sent."""


def in_cloudwatch(**changes: object) -> Slo:
    return slo(events=EVENTS, **changes)


def value(alarm: CloudWatchAlarm, counts: Counts) -> float | None:
    """What a metric alarm looks at, as metric math makes it: FILL stands in for what is missing, and what is made of
    something that is missing is missing."""
    found: dict[str, float | None] = {}
    for query in alarm.content["metricQueries"]:
        metric = query.get("metric")
        if metric is not None:
            found[query["id"]] = counts(metric["metricName"], metric["period"])
        else:
            found[query["id"]] = computed(query["expression"], found)
    (watched,) = [query["id"] for query in alarm.content["metricQueries"] if query["returnData"]]
    return found[watched]


def computed(expression: str, found: Mapping[str, float | None]) -> float | None:
    filled = set(re.findall(r"FILL\((\w+), 0\)", expression))
    used = set(re.findall(r"\b[a-z]\w*", expression))
    if any(found[name] is None for name in used - filled):
        return None
    names = {name: found[name] or 0.0 for name in used}
    text = expression.replace(" AND ", " and ")
    functions = {"IF": lambda test, yes, no: yes if test else no, "FILL": lambda given, other: given}
    return float(eval(text, {"__builtins__": {}}, {**functions, **names}))  # noqa: S307 - of our own expressions


def fires(alarm: CloudWatchAlarm, counts: Counts) -> bool:
    """A metric alarm of one period."""
    seen, content = value(alarm, counts), alarm.content
    if seen is None:
        return bool(content["treatMissingData"] == "breaching")
    above = content["comparisonOperator"] == "GreaterThanThreshold"
    return bool(seen > content["threshold"] if above else seen < content["threshold"])


def told(declared: Slo, counts: Counts) -> set[str]:
    """The alarms that tell the owner."""
    states: dict[str, bool] = {}
    for one in slo_alarms(declared, "shop-prod"):
        if one.kind == "metric":
            states[one.name] = fires(one, counts)
        else:
            rule = re.sub(r'ALARM\("([^"]+)"\)', lambda found: str(states[found[1]]), one.content["alarmRule"])
            states[one.name] = bool(eval(rule.replace("AND", "and").replace("OR", "or")))  # noqa: S307 - of our own
    ours = {one.name for one in slo_alarms(declared, "shop-prod") if one.severity is not None}
    return {name.rpartition("-")[2] for name in ours if states[name]}


def steady(share: float, rate: float = 10.0) -> Counts:
    """So many requests a second, of which a share fails. A code that never came is not there at all."""

    def counts(name: str, window: int) -> float | None:
        if name == "RequestCount":
            return rate * window or None
        return rate * window * share or None if name == "HTTPCode_Target_5XX_Count" else None

    return counts


@pytest.mark.parametrize(
    ("share", "wanted"),
    [
        (0.0, set()),
        (0.001, set()),
        (0.0011, {"SloBurnRateTicket"}),
        (0.006, {"SloBurnRateTicket"}),
        (0.0061, {"SloBurnRatePage", "SloBurnRateTicket"}),
        (1.0, {"SloBurnRatePage", "SloBurnRateTicket"}),
    ],
)
def test_a_steady_share_of_failures_tells_by_the_burn_table(share: float, wanted: set[str]) -> None:
    assert told(in_cloudwatch(), steady(share)) == wanted


def test_an_hour_that_burned_and_is_over_tells_nobody() -> None:
    def counts(name: str, window: int) -> float | None:
        over = window <= 1800
        return steady(0.0 if over else 0.02)(name, window)

    assert "SloBurnRatePage" not in told(in_cloudwatch(), counts)


def test_one_failure_in_a_quiet_night_is_no_page() -> None:
    def counts(name: str, window: int) -> float | None:
        return 60.0 if name == "RequestCount" else 1.0

    assert told(in_cloudwatch(), counts) == set()
    assert told(in_cloudwatch(minBad={"1h": 1, "6h": 1, "1d": 1, "3d": 1}), counts) != set()


def test_a_balancer_that_fails_by_itself_counts_as_the_service_does() -> None:
    def counts(name: str, window: int) -> float | None:
        return {"RequestCount": 10.0, "HTTPCode_ELB_5XX_Count": 5.0}.get(name, 0.0) * window

    assert told(in_cloudwatch(), counts) == {"SloBurnRatePage", "SloBurnRateTicket"}


def test_no_request_at_all_is_an_alarm_of_its_own_and_no_burn() -> None:
    assert told(in_cloudwatch(), steady(0.0, rate=0.0)) == {"SloNoData"}
    quiet = slo(events=EVENTS | {"quiet": True})
    assert told(quiet, steady(0.0, rate=0.0)) == set()


def test_good_events_that_are_missing_are_bad_ones() -> None:
    within = TOTAL | {"name": "TargetResponseTime", "stat": "TC(:0.3)"}
    declared = slo(events={"kind": "cloudwatch", "total": TOTAL, "good": [within]})
    found = next(one for one in slo_alarms(declared, "x") if one.kind == "metric")
    stats = {query["metric"]["stat"] for query in found.content["metricQueries"] if "metric" in query}
    assert stats == {"Sum", "TC(:0.3)"}

    def counts(name: str, window: int) -> float | None:
        return 10.0 * window if name == "RequestCount" else None

    assert told(declared, counts) == {"SloBurnRatePage", "SloBurnRateTicket"}
    assert told(declared, lambda name, window: 10.0 * window) == set()


@given(
    bad=st.dictionaries(st.sampled_from(sorted(SECONDS)), st.floats(0, 1e4), min_size=7),
    objective=st.sampled_from(["99%", "99.9%", "99.95%"]),
)
def test_the_alarms_are_those_of_the_rules_for_prometheus(bad: dict[str, float], objective: str) -> None:
    """The same windows, factors and least counts, whatever happens in each window."""
    declared = in_cloudwatch(objective=objective)
    names = {seconds: name for name, seconds in SECONDS.items()}
    total = 1e5

    def counts(name: str, window: int) -> float | None:
        return total if name == "RequestCount" else bad[names[window]] / 2

    def burns(severity: str) -> bool:
        least = declared.min_bad.model_dump(by_alias=True)
        return any(
            all(bad[window] > burn.factor * declared.budget * (1 + 1e-9) * total for window in (burn.long, burn.short))
            and bad[burn.long] >= least[burn.long]
            for burn in BURNS
            if burn.severity == severity
        )

    close = any(
        abs(bad[window] - burn.factor * declared.budget * total) < 1e-6
        for burn in BURNS
        for window in (burn.long, burn.short)
    )
    if not close:
        names_of = {"page": "SloBurnRatePage", "ticket": "SloBurnRateTicket"}
        wanted = {names_of[one] for one in names_of if burns(one)}
        assert told(declared, counts) == wanted


def test_each_window_is_one_period_that_an_alarm_may_look_back_over() -> None:
    for one in slo_alarms(in_cloudwatch(), "shop-prod"):
        for query in one.content.get("metricQueries", ()):
            period = query.get("metric", {"period": 60})["period"]
            assert period % 60 == 0
            assert period * one.content["evaluationPeriods"] <= (604800 if period >= 3600 else 86400)


def test_what_tells_nobody_says_of_which_alarm_it_is_a_part() -> None:
    alarms = slo_alarms(in_cloudwatch(), "shop-prod")
    whole = {one.name for one in alarms if one.kind == "composite"}
    assert whole == {f"shop-prod-checkout-availability-SloBurnRate{kind}" for kind in ("Page", "Ticket")}
    parts = [one for one in alarms if one.severity is None]
    assert len(parts) == 8
    assert {one.content["tags"][PART_OF] for one in parts} == whole
    assert len({one.name for one in alarms}) == len(alarms) == 11
    for one in alarms:
        tags = one.content["tags"]
        assert {"owner", "severity", "service", "slo", "runbook", "dashboard"} <= tags.keys()
        assert not any(untaggable(text) for text in tags.values())


def test_a_part_comes_before_what_is_made_of_it() -> None:
    seen: set[str] = set()
    for one in slo_alarms(in_cloudwatch(), "shop-prod"):
        assert set(re.findall(r'ALARM\("([^"]+)"\)', one.content.get("alarmRule", ""))) <= seen
        seen.add(one.name)


def queue(**when: object) -> Alarm:
    oldest = {"namespace": "AWS/SQS", "name": "ApproximateAgeOfOldestMessage", "dimensions": {"QueueName": "checkout"}}
    return alarm(
        when={"kind": "cloudwatch", "metric": oldest | {"stat": "Maximum"}, "for": "5m", **when},
        summary="the oldest order waits too long",
    )


def test_an_alarm_of_its_own_metric_holds_as_long_as_it_says() -> None:
    found = condition_alarm(queue(above=300), "shop-prod")
    content = found.content
    assert (found.name, found.severity) == ("shop-prod-CheckoutQueueStuck", "ticket")
    assert (content["comparisonOperator"], content["threshold"]) == ("GreaterThanThreshold", 300)
    assert (content["evaluationPeriods"], content["datapointsToAlarm"]) == (5, 5)
    assert content["treatMissingData"] == "breaching"
    below = condition_alarm(queue(below=1, missing="fine"), "x").content
    assert (below["comparisonOperator"], below["treatMissingData"]) == ("LessThanThreshold", "notBreaching")
    assert condition_alarm(queue(below=1, **{"for": "0s"}), "x").content["evaluationPeriods"] == 1


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ({}, "exactly one of above and below"),
        ({"above": 1, "below": 0}, "exactly one of above and below"),
        ({"above": 1, "period": "90s"}, "whole minutes"),
        ({"above": 1, "period": "2m"}, "multiple of the period"),
        ({"above": 1, "for": "25h"}, "at most 1d"),
    ],
)
def test_a_condition_that_cloudwatch_cannot_hold_is_refused(when: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        queue(**when)


@pytest.mark.parametrize(
    "events",
    [
        EVENTS | {"good": [TARGETS]},
        {"kind": "cloudwatch", "total": TOTAL},
        {"kind": "cloudwatch", "total": TOTAL, "bad": []},
        {"kind": "cloudwatch", "total": TOTAL | {"stat": "Average"}, "bad": [OWN]},
    ],
)
def test_events_that_are_no_counts_or_not_two_sides_are_refused(events: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"exactly one of good and bad|at least 1|pattern"):
        slo(events=events)


def test_what_is_of_the_one_has_nothing_of_the_other() -> None:
    with pytest.raises(ReleaseRefused, match="there are no alarms of CloudWatch for it"):
        slo_alarms(slo(), "x")
    with pytest.raises(ReleaseRefused, match="there is no alarm of CloudWatch for it"):
        condition_alarm(alarm(), "x")
    with pytest.raises(ReleaseRefused, match="there are no rules of Prometheus for it"):
        slo_group(in_cloudwatch())
    with pytest.raises(ReleaseRefused, match="there is no rule of Prometheus for it"):
        alarm_group(queue(above=1))
