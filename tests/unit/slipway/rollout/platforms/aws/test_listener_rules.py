"""The rules of a listener are read whole, and those that ask for a workload's header tell whose they are."""

from __future__ import annotations

from typing import Any

from slipway.rollout.platforms.aws.listener_rules import workloads_by_priority
from slipway.rollout.platforms.aws.requests import AwsRequests


def rule(priority: str, **header: object) -> dict[str, Any]:
    conditions = [{"Field": "http-header", "HttpHeaderConfig": header}] if header else [{"Field": "path-pattern"}]
    return {"Priority": priority, "Conditions": conditions}


class Pages:
    """A listener whose rules come in two pages."""

    def describe_rules(self, **asked: object) -> dict[str, Any]:
        assert asked["ListenerArn"] == "arn:listener"
        if "Marker" not in asked:
            mine = rule("45007", HttpHeaderName="X-Slipway-Revision", Values=["checkout-1"])
            return {"Rules": [rule("default"), mine], "NextMarker": "2"}
        return {"Rules": [rule("110"), rule("120", HttpHeaderName="x-other", Values=["cart-1"])]}


def test_a_rule_tells_its_workload_by_the_header_that_it_asks_for() -> None:
    found = workloads_by_priority(Pages(), AwsRequests(), "arn:listener")
    assert found == {45007: "checkout-1", 110: "", 120: ""}
