"""What Prometheus would refuse is refused here, with its reason."""

from __future__ import annotations

import pytest

from slipway.release.slo.promql import counted, counting_refusal, refusal


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("rate(requests_total) > 1", "expected type matrix in call to function 'rate', got vector"),
        ("sum(rate(requests_total[5m])) by (code", "unclosed left parenthesis"),
        ("nosuch(requests_total)", "unknown function"),
        ("", "no expression"),
        ("requests_total[5m]", "is a range vector"),
        ("(requests_total[5m])", "is a range vector"),
        ("max(requests_total)[1h:1m]", "is a range vector"),
        ('"text"', "is a text"),
    ],
)
def test_an_expression_that_cannot_be_a_rule_is_refused_with_the_reason(expression: str, reason: str) -> None:
    assert reason in (refusal(expression) or "")


@pytest.mark.parametrize("expression", ["up == 0", "absent(up)", "rate(requests_total[5m]) > 1", "(up)"])
def test_an_expression_that_can_be_a_rule_is_not_refused(expression: str) -> None:
    assert refusal(expression) is None


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("sum(requests_total)", "neither the selector of a counter nor an expression with [{window}]"),
        ("sum(increase(requests_total[5m]))", "neither the selector"),
        ("sum(rate(requests_total[{window}]))", "rate is no number of events"),
        ("requests_total[{window}]", "PromQL refuses it"),
        ("requests_total offset 5m", "PromQL refuses it"),
        ("requests_total{", "PromQL refuses it"),
        ("sum(increase(requests_total[{window}])", "PromQL refuses it"),
    ],
)
def test_a_query_that_counts_no_events_is_refused(query: str, reason: str) -> None:
    assert reason in (counting_refusal(query) or "")


def test_a_selector_is_counted_for_each_series_and_then_summed() -> None:
    assert counted('requests_total{code="500"}', "1h") == 'sum(increase(requests_total{code="500"}[1h]))'


def test_an_expression_says_itself_where_the_window_stands() -> None:
    query = "increase(a_total[{window}]) + increase(b_total[{window}])"
    assert counting_refusal(query) is None
    assert counted(query, "6h") == "sum(increase(a_total[6h]) + increase(b_total[6h]))"
