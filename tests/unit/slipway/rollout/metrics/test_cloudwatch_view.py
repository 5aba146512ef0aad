"""What of a function is counted."""

from __future__ import annotations

import pytest

from slipway.release.errors import ClusterError
from slipway.rollout.metrics.cloudwatch_view import FunctionView
from tests.unit.slipway.rollout.functions import ALIAS, FunctionCloud


@pytest.fixture
def view() -> FunctionView:
    cloud = FunctionCloud()
    cloud.publish("aaaa", "image")
    cloud.publish("bbbb", "image")
    return FunctionView(cloud.client("lambda"), "checkout", ALIAS, cloud.patience)


def test_a_version_is_counted_by_what_the_alias_led_to_it(view: FunctionView) -> None:
    whole = {"FunctionName": "checkout", "Resource": "checkout:live"}
    assert view.dimensions("") == whole
    assert view.dimensions("checkout-bbbb") == {**whole, "ExecutedVersion": "2"}
    assert (view.metrics(""), view.metrics("checkout-bbbb")) == (("Invocations",), ("Invocations", "Errors"))


def test_a_version_that_is_not_published_is_an_error(view: FunctionView) -> None:
    with pytest.raises(ClusterError, match="no version of checkout-cccc is published"):
        view.dimensions("checkout-cccc")


def test_a_minute_without_a_count_of_errors_is_not_whole(view: FunctionView) -> None:
    points = {"Invocations": {0.0: 10.0, 60.0: 20.0, 120.0: 30.0}, "Errors": {0.0: 0.0, 120.0: 3.0}}
    assert view.counted("checkout-aaaa", points) == ({0.0: 10.0, 120.0: 30.0}, {0.0: 10.0, 120.0: 27.0})


def test_of_the_alias_only_its_requests_are_counted(view: FunctionView) -> None:
    assert view.counted("", {"Invocations": {0.0: 10.0}}) == ({0.0: 10.0}, {})
