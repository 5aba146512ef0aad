from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from slipway.release.manifest.guardrails import ErrorRatio, Latency
from slipway.release.rollout_inputs import Backend
from slipway.rollout.metrics.base import Snapshot
from slipway.rollout.metrics.cloudwatch import NAMESPACE, CloudWatchMeter
from slipway.rollout.metrics.cloudwatch_minutes import PERIOD
from slipway.rollout.platforms.observed_lease import Clock
from tests.unit.slipway.rollout.cloud import Cloud, failing, timeout
from tests.unit.slipway.rollout.examples import backend

OLD, NEW = backend("old"), backend("new")
BALANCER = "app/shop/0123456789abcdef"
LATENESS = 90.0
START = 1_790_000_040.0
ERRORS = ErrorRatio.model_validate({"kind": "error-ratio", "name": "errors"})
SLOW = Latency.model_validate({"kind": "latency", "name": "slow", "threshold": 0.3})


class Metrics:
    """CloudWatch at a time that the test says; the clock of this host is `ahead` of it."""

    def __init__(self) -> None:
        self.cloud = Cloud()
        self.now = START
        self.ahead = 0.0
        self.elb, self.cloudwatch = self.cloud.client("elbv2"), self.cloud.client("cloudwatch")
        vpc = self.cloud.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        self.arns: dict[str, str] = {}
        for one in (OLD, NEW):
            asked = {"Name": one.entry, "Protocol": "HTTP", "Port": 80, "VpcId": vpc, "TargetType": "ip"}
            self.arns[one.entry] = self.elb.create_target_group(**asked)["TargetGroups"][0]["TargetGroupArn"]

    def meter(self) -> CloudWatchMeter:
        clock = Clock(lambda: self.now + self.ahead, lambda: self.now - START, lambda _: None)
        return CloudWatchMeter(self.cloudwatch, self.elb, BALANCER, LATENESS, clock, self.cloud.patience)

    def counts(self, side: Backend, number: int, **counts: int) -> None:
        """What the load balancer has sent of one minute."""
        names = {"requests": "RequestCount", "ok": "HTTPCode_Target_2XX_Count", "found": "HTTPCode_Target_3XX_Count"}
        dimensions = [
            {"Name": "LoadBalancer", "Value": BALANCER},
            {"Name": "TargetGroup", "Value": self.arns[side.entry].rpartition(":")[2]},
        ]
        moment = datetime.fromtimestamp(START + number * PERIOD, UTC)
        data = [
            {"MetricName": names[key], "Dimensions": dimensions, "Timestamp": moment, "Value": value}
            for key, value in counts.items()
        ]
        self.cloudwatch.put_metric_data(Namespace=NAMESPACE, MetricData=data)

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


def look(meter: CloudWatchMeter, baseline: Backend | None = OLD) -> Snapshot:
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
    assert metrics.asked == before + 2


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
