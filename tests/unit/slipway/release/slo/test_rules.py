"""Objectives and alarms as rules of Prometheus; what the rules do is shown by promtool in tests/integration/slo."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from slipway.release.slo.promql import refusal
from slipway.release.slo.rules import alarm_group, budget_query, rule_file, slo_group
from tests.unit.slipway.release.slo.examples import alarm, slo

WANTED_OF_EVERY_ALARM = {"owner", "severity", "service", "slo"}


def alerts(**changes: object) -> dict[str, dict[str, Any]]:
    return {rule["alert"]: dict(rule) for rule in slo_group(slo(**changes)).rules if "alert" in rule}


@given(
    objective=st.floats(min_value=0.84, max_value=0.99999),
    days=st.integers(min_value=7, max_value=90),
    good=st.booleans(),
)
def test_every_expression_of_every_objective_is_sound(objective: float, days: int, good: bool) -> None:
    events = {"total": "all_total", "good" if good else "bad": 'some_total{code="500"}'}
    group = slo_group(slo(objective=str(objective), period=f"{days}d", events=events))
    assert [refusal(str(rule["expr"])) for rule in group.rules] == [None] * len(group.rules)


def test_each_alarm_says_who_acts_on_what_and_where_it_is_written() -> None:
    for rule in [*alerts().values(), *map(dict, alarm_group(alarm()).rules)]:
        assert rule["labels"].keys() >= WANTED_OF_EVERY_ALARM
        assert {"summary", "runbook_url"} <= rule["annotations"].keys()
        if rule["labels"]["severity"] == "page":
            assert rule["annotations"]["dashboard_url"]


def test_a_page_needs_as_many_bad_events_as_the_objective_says() -> None:
    usual, other = alerts()["SloBurnRatePage"], alerts(minBad={"1h": 7})["SloBurnRatePage"]
    assert 'slo:bad_events:increase1h{slo="checkout-availability"} > 2.5 ' in usual["expr"]
    assert 'slo:bad_events:increase1h{slo="checkout-availability"} > 6.5 ' in other["expr"]
    assert 'slo:bad_events:increase6h{slo="checkout-availability"} > 3.5 ' in other["expr"]


def test_tickets_need_nine_bad_events_in_a_day_or_ten_in_three() -> None:
    expression = alerts()["SloBurnRateTicket"]["expr"]
    assert 'slo:bad_events:increase1d{slo="checkout-availability"} > 8.5 ' in expression
    assert 'slo:bad_events:increase3d{slo="checkout-availability"} > 9.5 ' in expression


def test_objectives_and_alarms_have_groups_of_their_own() -> None:
    groups = [slo_group(slo()), slo_group(slo(name="other")), alarm_group(alarm())]
    names = [group["name"] for group in rule_file(groups)["groups"]]
    assert names == ["slo-checkout-availability", "slo-other", "alarm-CheckoutQueueStuck"]


def test_the_budget_of_an_objective_is_asked_for_by_its_name() -> None:
    assert budget_query(slo()) == 'slo:budget_remaining:ratio{slo="checkout-availability"}'


def test_an_alarm_waits_as_long_as_it_says() -> None:
    assert alarm_group(alarm()).rules[0]["for"] == "5m"
    assert "for" not in alarm_group(alarm(when={"expression": "up == 0"})).rules[0]
