"""The local AWS as boto3 finds it: a service of real containers behind a load balancer that sends by weight."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.integration.aws.shop import Shop, await_true

ALL = {"Field": "path-pattern", "PathPatternConfig": {"Values": ["/*"]}}
PREVIEW = {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "x-revision", "Values": ["v2"]}}
REQUESTS = 400
MINUTE = 60.0


def test_a_service_serves_by_weight_and_its_requests_are_counted(shop: Shop, images: Mapping[str, str]) -> None:
    shop.group("v1")
    with pytest.raises(Exception, match="does not have an associated load balancer"):
        shop.serve("v1", images["v1"])
    rule = shop.rule(100, ALL, v1=999)
    shop.serve("v1", images["v1"])
    shop.await_rollout("v1")
    assert shop.answers(20) == {"v1": 20}

    shop.group("v2")
    shop.rule(50, PREVIEW, v2=1)
    shop.serve("v2", images["v2"])
    shop.await_rollout("v2")
    assert shop.answers(20) == {"v1": 20}
    assert shop.answers(5, {"x-revision": "v2"}) == {"v2": 5}

    shop.elb.modify_rule(RuleArn=rule, Actions=shop.forward(v1=800, v2=199))
    await_true(lambda: "v2" in shop.answers(50), "the weight has no effect")
    found = shop.answers(REQUESTS)
    assert set(found) == {"v1", "v2"}
    assert 0.1 < found["v2"] / REQUESTS < 0.3
    shop.elb.modify_rule(RuleArn=rule, Actions=shop.forward(v1=999, v2=0))
    await_true(lambda: set(shop.answers(20)) == {"v1"}, "the weight has no effect")

    await_true(lambda: _counted(shop, "v2") >= found["v2"], "CloudWatch has no minute", 3 * MINUTE)


def test_a_service_whose_tasks_end_is_given_up_with_their_exit_code(shop: Shop, images: Mapping[str, str]) -> None:
    shop.group("bad")
    shop.rule(100, ALL, bad=1)
    shop.serve("bad", images["crash-loop"], tasks=1)
    shop.await_rollout("bad", "FAILED")
    asked = {"cluster": shop.name, "serviceName": "bad", "desiredStatus": "STOPPED"}
    arns = shop.ecs.list_tasks(**asked)["taskArns"]
    task = shop.ecs.describe_tasks(cluster=shop.name, tasks=arns)["tasks"][0]
    assert (task["stoppedReason"], task["containers"][0]["exitCode"]) == ("Essential container in task exited", 1)


def _counted(shop: Shop, version: str) -> float:
    dimensions = [
        {"Name": "LoadBalancer", "Value": shop.balancer.partition("loadbalancer/")[2]},
        {"Name": "TargetGroup", "Value": shop.groups[version].rpartition(":")[2]},
    ]
    metric = {"Namespace": "AWS/ApplicationELB", "MetricName": "RequestCount", "Dimensions": dimensions}
    query: dict[str, Any] = {"Id": "m0", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}}
    now = time.time()
    first, last = (datetime.fromtimestamp(moment, UTC) for moment in (now - 600, now + MINUTE))
    found = shop.cloudwatch.get_metric_data(MetricDataQueries=[query], StartTime=first, EndTime=last)
    return float(sum(found["MetricDataResults"][0]["Values"]))
