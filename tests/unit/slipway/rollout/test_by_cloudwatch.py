"""A rollout that is judged by the minutes of CloudWatch alone, in simulated time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from slipway.release.errors import RolloutAborted
from slipway.release.target import Target
from slipway.rollout import operations
from slipway.rollout.metrics.cloudwatch import CloudWatchSource
from slipway.rollout.metrics.cloudwatch_minutes import PERIOD
from slipway.rollout.metrics.cloudwatch_view import BalancerView
from slipway.rollout.platforms.observed_lease import Clock as Steady
from slipway.rollout.update import Update
from tests.unit.slipway.rollout.cloud import Cloud
from tests.unit.slipway.rollout.examples import head, wanted
from tests.unit.slipway.rollout.simulation import Clock, Simulation, Traffic

LATENESS = 60.0
SETTLED_AFTER = 45.0
ANALYSIS = {"tick": "5s", "dwell": "2s", "horizon": "900s", "error_grace": "60s"}


class NoGuard:
    """A watchdog without a process."""

    @classmethod
    def arm(cls, target: Target, service: str, rollout_id: str) -> NoGuard:
        return cls()

    def await_ready(self) -> None:
        """Nothing to wait for."""

    def disarm(self) -> None:
        """Nothing to end."""

    def act(self) -> None:
        """Nothing to put back."""


class Groups:
    """Elastic Load Balancing as far as it names target groups."""

    def describe_target_groups(self, **asked: object) -> dict[str, Any]:
        names = asked["Names"]
        assert isinstance(names, list)
        start = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup"
        return {"TargetGroups": [{"TargetGroupArn": f"{start}/{name}/0123456789abcdef"} for name in names]}


class Minutes(Clock):
    """A clock at whose minutes the load balancer sends its counts to CloudWatch, `late` seconds after their end."""

    def __init__(self, cloud: Cloud, late: float) -> None:
        super().__init__()
        self.seconds = 1_790_000_040.0
        self.cloud, self.late = cloud, late
        self.balancer = f"app/{cloud.name}/0123456789abcdef"
        self.traffic: Traffic | None = None
        self._sent: dict[str, tuple[int, int]] = {}
        self._waiting: list[tuple[float, float, dict[str, tuple[int, int]]]] = []
        cloud.date = self.seconds

    def advance(self, seconds: float) -> None:
        until = self.seconds + seconds
        while (end := (self.seconds // PERIOD + 1) * PERIOD) <= until:
            super().advance(end - self.seconds)
            self._count(end - PERIOD)
            self._send()
        super().advance(until - self.seconds)
        self._send()
        self.cloud.date = self.seconds

    def _count(self, start: float) -> None:
        if self.traffic is None:
            return
        now = self.traffic.counted()
        grown = {}
        for entry, (total, bad) in now.items():
            before = self._sent.get(entry, (0, 0))
            if total > before[0]:
                grown[entry] = (total - before[0], bad - before[1])
        self._sent = now
        self._waiting.append((start + PERIOD + self.late, start, grown))

    def _send(self) -> None:
        due = [one for one in self._waiting if one[0] <= self.seconds]
        self._waiting = [one for one in self._waiting if one[0] > self.seconds]
        for _, start, grown in due:
            moment = datetime.fromtimestamp(start, UTC)
            balancer = {"Name": "LoadBalancer", "Value": self.balancer}
            data: list[dict[str, Any]] = []
            for entry, (total, bad) in grown.items():
                dimensions = [balancer, {"Name": "TargetGroup", "Value": f"targetgroup/{entry}/0123456789abcdef"}]
                for name, count in (("RequestCount", total), ("HTTPCode_Target_2XX_Count", total - bad)):
                    data.append({"MetricName": name, "Dimensions": dimensions, "Timestamp": moment, "Value": count})
            if whole := sum(total for total, _ in grown.values()):
                data.append(
                    {"MetricName": "RequestCount", "Dimensions": [balancer], "Timestamp": moment, "Value": whole}
                )
            if data:
                self.cloud.client("cloudwatch").put_metric_data(Namespace=BalancerView.namespace, MetricData=data)


class ByCloudWatch(Simulation):
    """A service whose traffic is seen in CloudWatch only."""

    def __init__(self) -> None:
        cloud = Cloud()
        self.minutes = Minutes(cloud, SETTLED_AFTER)
        metrics = {"kind": "cloudwatch", "lateness": f"{LATENESS:g}s"}
        super().__init__(wanted(metrics=metrics, analysis=ANALYSIS), clock=self.minutes)
        self.minutes.traffic = self.traffic
        clock = Steady(self.clock.now, self.clock.now, self.clock.advance)
        balancer = self.minutes.balancer
        source = CloudWatchSource(
            cloud.client("cloudwatch"), BalancerView(Groups(), balancer), LATENESS, clock, cloud.patience
        )
        self.world = replace(self.world, source=source)
        self.journal.save(head().to_json(), None)
        self.clock.advance(5 * PERIOD)

    def update(self) -> dict[str, Any]:
        return Update(self.wanted, self.world, {}, self.lines, self.cancelled).run()


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> ByCloudWatch:
    monkeypatch.setattr("slipway.rollout.update.guards", lambda: NoGuard)
    return ByCloudWatch()


def test_a_healthy_canary_passes_on_minutes_that_settled_after_its_weight(service: ByCloudWatch) -> None:
    began = service.clock.now()
    outputs = service.update()
    assert outputs["outcome"]["result"] == "committed"
    assert outputs["weights"] == {"checkout-bbbbbbbb": 100.0}
    # Two steps of two minutes and the lateness each, and a minute without requests of the old one that has settled.
    assert service.clock.now() - began >= 2 * (2 * PERIOD + LATENESS) + PERIOD + LATENESS
    attempt = service.head.attempt
    assert attempt is not None
    canary, whole = attempt.steps
    assert canary.requests / (canary.requests + canary.baseline_requests) == pytest.approx(0.25, abs=0.01)
    assert (whole.requests > 0, whole.baseline_requests) == (True, 0)  # none of a minute that began at 25%


def test_a_faulty_canary_is_put_back_by_the_first_minutes_that_are_its_own(service: ByCloudWatch) -> None:
    service.traffic.bad["checkout-bbbbbbbb"] = 0.3
    began = service.clock.now()
    with pytest.raises(RolloutAborted, match="errors"):
        service.update()
    ended = service.head.attempt
    assert ended is not None
    assert ended.ended is not None
    assert ended.ended - began <= 240.0


def test_the_old_version_stays_in_the_route_where_no_minute_shows_it_without_requests(service: ByCloudWatch) -> None:
    def silence() -> None:
        service.minutes.traffic = None

    service.clock.plans.append((service.clock.now() + 2 * (2 * PERIOD + LATENESS), silence))
    with pytest.raises(Exception, match="was not seen without requests: CloudWatch has no minute"):
        service.update()
    live = service.router.read()
    assert live is not None
    assert live.shares == {"checkout-bbbbbbbb": 100.0, "checkout-aaaaaaaa": 0.0}


def test_the_preview_says_what_the_minutes_cost_and_foresees_the_steps_as_they_will_be(service: ByCloudWatch) -> None:
    lines = operations.forecast(service.wanted, service.world, {})
    assert any("every time here is 1m to 3m longer, and no step is shorter than 3m" in line for line in lines)
    assert any("would be faster: metrics.kind prometheus" in line for line in lines)
