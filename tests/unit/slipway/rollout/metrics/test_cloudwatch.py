from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from slipway.release.errors import ClusterError
from slipway.release.manifest.guardrails import ErrorRatio, Latency
from slipway.release.rollout_inputs import Backend
from slipway.rollout.metrics.base import Snapshot
from slipway.rollout.metrics.cloudwatch import CloudWatchSource
from slipway.rollout.metrics.cloudwatch_minutes import PERIOD
from slipway.rollout.metrics.cloudwatch_view import BalancerView
from slipway.rollout.platforms.observed_lease import Clock
from tests.unit.slipway.rollout.cloud import Cloud, failing, timeout
from tests.unit.slipway.rollout.examples import backend

OLD, NEW = backend("old"), backend("new")
LATENESS = 90.0
START = 1_790_000_040.0
ERRORS = ErrorRatio.model_validate({"kind": "error-ratio", "name": "errors"})
SLOW = Latency.model_validate({"kind": "latency", "name": "slow", "threshold": 0.3})


class Metrics:
    """CloudWatch at a time that the test says; the clock of this host is `ahead` of it."""

    def __init__(self) -> None:
        self.cloud = Cloud()
        self.balancer = f"app/{self.cloud.name}/0123456789abcdef"
        self.now = START
        self.ahead = 0.0
        self.elb, self.cloudwatch = self.cloud.client("elbv2"), self.cloud.client("cloudwatch")
        vpc = self.cloud.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        self.arns: dict[str, str] = {}
        for one in (OLD, NEW):
            asked = {"Name": one.entry, "Protocol": "HTTP", "Port": 80, "VpcId": vpc, "TargetType": "ip"}
            self.arns[one.entry] = self.elb.create_target_group(**asked)["TargetGroups"][0]["TargetGroupArn"]

    def meter(self) -> CloudWatchSource:
        clock = Clock(lambda: self.now + self.ahead, lambda: self.now - START, lambda _: None)
        return CloudWatchSource(
            self.cloudwatch,
            BalancerView(self.elb, self.balancer, self.cloud.patience),
            LATENESS,
            clock,
            self.cloud.patience,
        )

    def counts(self, side: Backend, number: int, **counts: int) -> None:
        """What the load balancer has sent of one minute."""
        names = {"requests": "RequestCount", "ok": "HTTPCode_Target_2XX_Count", "found": "HTTPCode_Target_3XX_Count"}
        dimensions = [
            {"Name": "LoadBalancer", "Value": self.balancer},
            {"Name": "TargetGroup", "Value": self.arns[side.entry].rpartition(":")[2]},
        ]
        moment = datetime.fromtimestamp(START + number * PERIOD, UTC)
        data = [
            {"MetricName": names[key], "Dimensions": dimensions, "Timestamp": moment, "Value": value}
            for key, value in counts.items()
        ]
        self.cloudwatch.put_metric_data(Namespace=BalancerView.namespace, MetricData=data)

    def balanced(self, number: int, requests: int) -> None:
        """What it has sent of the whole load balancer."""
        moment = datetime.fromtimestamp(START + number * PERIOD, UTC)
        dimensions = [{"Name": "LoadBalancer", "Value": self.balancer}]
        point = {"MetricName": "RequestCount", "Dimensions": dimensions, "Timestamp": moment, "Value": requests}
        self.cloudwatch.put_metric_data(Namespace=BalancerView.namespace, MetricData=[point])

    def settle(self, number: int) -> None:
        """It is the moment at which this minute has settled."""
        self.now = START + (number + 1) * PERIOD + LATENESS

    @property
    def now(self) -> float:
        """By the clock of AWS."""
        return self.cloud.date or 0.0

    @now.setter
    def now(self, moment: float) -> None:
        self.cloud.date = moment

    @property
    def asked(self) -> int:
        """Requests until now."""
        return len(self.cloud.requests)


@pytest.fixture
def metrics() -> Iterator[Metrics]:
    made = Metrics()
    yield made
    for arn in made.arns.values():
        made.elb.delete_target_group(TargetGroupArn=arn)


def look(meter: CloudWatchSource, baseline: Backend | None = OLD) -> Snapshot:
    return meter.snapshot([ERRORS], NEW, baseline)


def test_both_sides_are_counted_by_target_group_once_the_minute_has_settled(metrics: Metrics) -> None:
    meter = metrics.meter()
    metrics.counts(OLD, 0, requests=100, ok=90, found=9)
    metrics.counts(NEW, 0, requests=10, ok=8)
    metrics.now = START + PERIOD + LATENESS - 1
    found = look(meter)
    assert (found.at, found.readings["errors"].candidate, found.errors) == (0, {}, {})
    metrics.settle(0)
    found = look(meter)
    old, new = found.readings["errors"].baseline["alb"], found.readings["errors"].candidate["alb"]
    assert (old.total, old.bad, new.total, new.bad) == (100, 1, 10, 2)
    assert found.at == START + PERIOD
    assert found.traffic == {OLD.revision: {"alb": old}, NEW.revision: {"alb": new}}


def test_a_request_without_an_answer_is_bad(metrics: Metrics) -> None:
    metrics.counts(NEW, 0, requests=10)
    metrics.settle(0)
    assert look(metrics.meter()).readings["errors"].candidate["alb"].bad == 10


def test_minutes_without_requests_leave_the_time_where_it_was(metrics: Metrics) -> None:
    meter = metrics.meter()
    metrics.counts(OLD, 0, requests=100, ok=100)
    metrics.settle(5)
    found = look(meter)
    assert found.at == START + PERIOD
    assert found.readings["errors"].candidate == {}


def test_cloudwatch_is_asked_once_for_each_minute(metrics: Metrics) -> None:
    meter = metrics.meter()
    metrics.counts(OLD, 0, requests=1, ok=1)
    metrics.settle(0)
    look(meter)
    before = metrics.asked
    for _ in range(29):
        metrics.now += 2
        look(meter)
    assert metrics.asked == before
    metrics.now += 2
    look(meter)
    assert metrics.asked == before + 3  # either side, and the load balancer as a whole


@pytest.mark.parametrize("ahead", [-300, 300])
def test_the_clock_of_this_host_settles_no_minute(metrics: Metrics, ahead: float) -> None:
    metrics.ahead = ahead
    metrics.counts(NEW, 0, requests=10, ok=10)
    metrics.now = START + PERIOD + LATENESS - 1
    assert look(metrics.meter()).at == 0
    metrics.settle(0)
    assert look(metrics.meter()).at == START + PERIOD


def test_a_source_that_does_not_answer_is_an_error_and_no_count(metrics: Metrics) -> None:
    metrics.counts(NEW, 0, requests=10, ok=10)
    metrics.settle(0)
    meter = metrics.meter()
    metrics.cloud.before.extend([failing(timeout())] * 4)
    found = look(meter)
    assert "AWS cannot be reached" in found.errors["errors"]
    assert found.traffic_error is not None
    assert look(meter).readings["errors"].candidate["alb"].total == 10


def test_a_guardrail_that_is_not_counted_there_is_an_error_by_name(metrics: Metrics) -> None:
    metrics.settle(0)
    found = metrics.meter().snapshot([ERRORS, SLOW], NEW, OLD)
    assert found.errors == {"slow": "a guardrail of kind latency is not read from CloudWatch: read it from prometheus"}


def test_without_a_baseline_only_the_candidate_is_read(metrics: Metrics) -> None:
    metrics.counts(NEW, 0, requests=10, ok=10)
    metrics.settle(0)
    found = look(metrics.meter(), None)
    assert found.readings["errors"].baseline == {}
    assert list(found.traffic) == [NEW.revision]
    assert metrics.meter().history([ERRORS], NEW, 600, 2) == {}


def test_another_process_goes_on_without_counting_a_minute_again(metrics: Metrics) -> None:
    first, second = metrics.meter(), metrics.meter()
    metrics.counts(OLD, 0, requests=100, ok=90)
    metrics.settle(0)
    look(first)
    metrics.counts(OLD, 1, requests=10, ok=10)
    metrics.settle(1)
    second.go_on(json.loads(json.dumps(first.reached())))
    found = look(second).readings["errors"].baseline["alb"]
    assert (found.total, found.bad, found.at) == (110, 10, START + 2 * PERIOD)
    with pytest.raises(ValueError, match="not how far"):
        second.go_on({"old": None})


def test_after_a_change_of_the_weights_only_minutes_count_that_began_later(metrics: Metrics) -> None:
    meter = metrics.meter()
    metrics.counts(NEW, 0, requests=5, ok=5)
    metrics.settle(0)
    before = look(meter).traffic[NEW.revision]["alb"]
    metrics.now = START + 3 * PERIOD + 30
    assert meter.begin_afresh()
    for number in (1, 2, 3):
        metrics.counts(NEW, number, requests=100, ok=0)
        metrics.settle(number)
        assert look(meter).traffic[NEW.revision]["alb"] == before
    metrics.counts(NEW, 4, requests=7, ok=7)
    metrics.settle(4)
    after = look(meter).traffic[NEW.revision]["alb"]
    assert (after.total, after.bad) == (before.total + 7, before.bad)


def test_without_requests_is_seen_in_a_minute_that_the_load_balancer_has_and_the_group_has_not(
    metrics: Metrics,
) -> None:
    meter = metrics.meter()
    metrics.counts(OLD, 0, requests=5, ok=5)
    metrics.balanced(0, 5)
    metrics.settle(0)
    assert meter.in_flight(OLD) == 5
    meter.begin_afresh()
    metrics.settle(3)
    assert meter.in_flight(OLD) is None
    metrics.counts(OLD, 4, requests=1, ok=1)
    metrics.balanced(4, 9)
    metrics.settle(4)
    assert meter.in_flight(OLD) == 1
    metrics.balanced(5, 9)
    metrics.settle(5)
    assert meter.in_flight(OLD) == 0


def test_a_load_balancer_of_which_no_minute_comes_is_an_error(metrics: Metrics) -> None:
    meter = metrics.meter()
    metrics.balanced(0, 5)
    metrics.settle(0)
    look(meter)
    metrics.settle(3)
    assert look(meter).errors == {}
    metrics.settle(5)
    found = look(meter)
    assert found.traffic_error is not None
    assert f"has no minute of {metrics.balancer}" in found.errors["errors"]
    with pytest.raises(ClusterError, match="no requests, or its counts are late"):
        meter.requests((OLD,))
