"""Counts of an Application Load Balancer in CloudWatch, by target group: whole minutes that have settled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Protocol

from slipway.release.errors import ClusterError
from slipway.release.manifest.guardrails import ErrorRatio, Guardrail
from slipway.release.rollout_inputs import Backend
from slipway.rollout.metrics.base import Reading, Series, Snapshot
from slipway.rollout.metrics.cloudwatch_minutes import KEPT, PERIOD, Counted, settled_until
from slipway.rollout.metrics.draft import Draft
from slipway.rollout.metrics.history import Ticks
from slipway.rollout.platforms.aws.requests import AwsRequests
from slipway.rollout.platforms.aws.target_groups import TargetGroupApi, TargetGroups
from slipway.rollout.platforms.observed_lease import Clock
from slipway.rollout.platforms.trying import Patience

EMITTER = "alb"
NAMESPACE = "AWS/ApplicationELB"
REQUESTS = "RequestCount"
ANSWERED = ("HTTPCode_Target_2XX_Count", "HTTPCode_Target_3XX_Count", "HTTPCode_Target_4XX_Count")
"""What was answered well: all others are bad, a request without an answer among them."""
SKEW = 600.0
"""Seconds by which the clock of this host may be wrong: it only bounds what is asked for."""
Json = dict[str, Any]
_Points = Mapping[str, Mapping[float, float]]
"""Metric -> the beginning of a minute -> its sum."""


class CloudWatchApi(Protocol):
    """What is used of boto3's client for `cloudwatch`; it takes the parameters of the API and gives its answer."""

    def get_metric_data(self, **asked: object) -> Json:
        """One page of the points of some metrics."""
        ...


class CloudWatchMeter:
    """See slipway.rollout.metrics.base.Meter. It counts errors; a guardrail of another kind is an error by name. The
    entries of backends are names of target groups. It has no past: what was counted before is none of its ticks.

    CloudWatch is asked once for each minute that may have settled, and no more often."""

    def __init__(
        self,
        cloudwatch: CloudWatchApi,
        elb: TargetGroupApi,
        load_balancer: str,
        lateness: float,
        clock: Clock | None = None,
        patience: Patience | None = None,
    ) -> None:
        """`load_balancer` is the end of its ARN, `app/NAME/ID`; `lateness` how long after its end a minute is trusted
        to be whole, in seconds."""
        self._cloudwatch = cloudwatch
        self._requests = AwsRequests(patience=patience)
        self._groups = TargetGroups(elb, self._requests)
        self._load_balancer = load_balancer
        self._lateness = lateness
        self._clock = clock or Clock()
        self._counted: dict[str, Counted] = {}
        self._due: dict[str, float] = {}
        """When the next minute may have settled, by the steady clock of this host."""

    def snapshot(
        self, guardrails: Sequence[Guardrail], candidate: Backend, baseline: Backend | None, max_age: float = 0.0
    ) -> Snapshot:
        """What has settled until now; `at` is the end of the newest minute that either side has, 0 without one."""
        draft, sides = Draft(), [candidate] if baseline is None else [candidate, baseline]
        ours = [one for one in guardrails if isinstance(one, ErrorRatio)]
        for other in guardrails:
            if not isinstance(other, ErrorRatio):
                why = f"a guardrail of kind {other.kind} is not read from CloudWatch: read it from prometheus"
                draft.fail([other.name], why)
        try:
            found = [self._series(side) for side in sides]
        except ClusterError as error:
            draft.traffic_error = str(error)
            draft.fail([one.name for one in ours], error)
            return draft.finish()
        draft.traffic = {side.revision: dict(series) for side, series in zip(sides, found, strict=True)}
        draft.seen(max((series.at for side in found for series in side.values()), default=0.0))
        reading = Reading(found[0], found[1] if len(found) > 1 else {})
        draft.readings.update(dict.fromkeys([one.name for one in ours], reading))
        return draft.finish()

    def history(
        self, guardrails: Sequence[Guardrail], backend: Backend, seconds: float, tick: float
    ) -> Mapping[str, Ticks]:
        """None of any guardrail: minutes are no ticks of a look."""
        return {}

    def _series(self, backend: Backend) -> dict[str, Series]:
        """Empty before the first minute of the backend has settled."""
        now = self._clock.steady()
        if now >= self._due.get(backend.entry, now):
            points, answered = self._points(backend)
            settled = settled_until(answered, self._lateness)
            counted = self._counted.setdefault(backend.entry, Counted())
            good: dict[float, float] = {}
            for name in ANSWERED:
                for start, value in points[name].items():
                    good[start] = good.get(start, 0.0) + value
            counted.add(points[REQUESTS], good, settled)
            self._due[backend.entry] = now + settled + PERIOD + self._lateness - answered
        found = self._counted[backend.entry]
        return {EMITTER: found.series()} if found.until else {}

    def _points(self, backend: Backend) -> tuple[_Points, float]:
        """The newest minutes, and when CloudWatch answered by its own clock. Raises ClusterError."""
        what = f"CloudWatch metrics of target group {backend.entry}"
        now = self._clock.now()
        names = (REQUESTS, *ANSWERED)
        asked: dict[str, object] = {
            "MetricDataQueries": [self._query(number, name, backend) for number, name in enumerate(names)],
            "StartTime": _minute(now - self._lateness - KEPT * PERIOD - SKEW),
            "EndTime": _minute(now + SKEW),
            "ScanBy": "TimestampAscending",
        }
        found: dict[str, dict[float, float]] = {name: {} for name in names}
        while True:
            page = self._requests.ask(what, lambda: self._cloudwatch.get_metric_data(**asked))
            for result in page["MetricDataResults"]:
                if result.get("StatusCode") in ("Forbidden", "InternalError"):
                    raise ClusterError(
                        f"{what}: CloudWatch answers {result['StatusCode']}; check the policy of this role"
                    )
                starts = [moment.timestamp() for moment in result["Timestamps"]]
                found[names[int(result["Id"][1:])]].update(zip(starts, result["Values"], strict=True))
            if not page.get("NextToken"):
                return found, _answered(what, page)
            asked["NextToken"] = page["NextToken"]

    def _query(self, number: int, metric: str, backend: Backend) -> Json:
        group = self._groups.arns([backend.entry])[backend.entry].rpartition(":")[2]
        dimensions = [
            {"Name": "LoadBalancer", "Value": self._load_balancer},
            {"Name": "TargetGroup", "Value": group},
        ]
        named = {"Namespace": NAMESPACE, "MetricName": metric, "Dimensions": dimensions}
        return {"Id": f"m{number}", "MetricStat": {"Metric": named, "Period": int(PERIOD), "Stat": "Sum"}}


def _minute(seconds: float) -> datetime:
    """Counts are of whole minutes, which begin where the ones that are asked for begin."""
    return datetime.fromtimestamp(seconds // PERIOD * PERIOD, UTC)


def _answered(what: str, answer: Json) -> float:
    """The time of the answer, by the clock that the minutes are counted by."""
    headers = answer["ResponseMetadata"]["HTTPHeaders"]
    try:
        return parsedate_to_datetime(headers["date"]).timestamp()
    except (KeyError, TypeError, ValueError) as error:
        raise ClusterError(f"{what}: the answer says no date; check AWS_ENDPOINT_URL_CLOUDWATCH") from error
