"""Counts in CloudWatch, by target group or by version of a function: whole minutes that have settled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Protocol

from slipway.release.errors import ClusterError
from slipway.release.manifest.guardrails import ErrorRatio, Guardrail
from slipway.release.rollout_inputs import Backend
from slipway.release.units import show_seconds
from slipway.rollout.metrics.base import Reading, Series, Snapshot
from slipway.rollout.metrics.cloudwatch_minutes import KEPT, PERIOD, Counted, settled_until
from slipway.rollout.metrics.cloudwatch_view import Points, View
from slipway.rollout.metrics.draft import Draft
from slipway.rollout.metrics.history import Ticks
from slipway.rollout.platforms.aws.requests import AwsRequests
from slipway.rollout.platforms.observed_lease import Clock
from slipway.rollout.platforms.trying import Patience

SKEW = 600.0
"""Seconds by which the clock of this host may be wrong: it only bounds what is asked for."""
SILENT = 3
"""Minutes without any request at all, from which on counts may be late for ever."""
Json = dict[str, Any]


class CloudWatchApi(Protocol):
    """What is used of boto3's client for `cloudwatch`; it takes the parameters of the API and gives its answer."""

    def get_metric_data(self, **asked: object) -> Json:
        """One page of the points of some metrics."""
        ...


class CloudWatchSource:
    """See slipway.rollout.metrics.base.Source. It counts errors; a guardrail of another kind is an error by name.
    `view` says what the entries of backends are. It has no past: what was counted before is none of its ticks.

    CloudWatch is asked once for each minute that may have settled, and no more often. That an entry had no requests is
    seen in a minute of which all of them together have a count and the entry has none."""

    def __init__(
        self,
        cloudwatch: CloudWatchApi,
        view: View,
        lateness: float,
        clock: Clock | None = None,
        patience: Patience | None = None,
    ) -> None:
        """`lateness` is how long after its end a minute is trusted to be whole, in seconds."""
        self._cloudwatch = cloudwatch
        self._requests = AwsRequests(patience=patience)
        self._view = view
        self._lateness = lateness
        self._clock = clock or Clock()
        self._counted: dict[str, Counted] = {}
        self._due: dict[str, float] = {}
        """When the next minute may have settled, by the steady clock of this host."""
        self._ahead = 0.0
        """What CloudWatch's clock is ahead of the steady clock of this host."""
        self._since = 0.0
        """Minutes that began before this do not count, by the clock of CloudWatch."""
        self._began: float | None = None
        """When the weights changed last, or CloudWatch was asked first, by its clock."""

    def snapshot(
        self,
        guardrails: Sequence[Guardrail],
        candidate: Backend,
        baseline: Backend | None,
        max_age: float = 0.0,
        *,
        copied: bool = False,
    ) -> Snapshot:
        """What has settled until now; `at` is the end of the newest minute that either side has, 0 without one."""
        draft, sides = Draft(), [candidate] if baseline is None else [candidate, baseline]
        ours = [one for one in guardrails if isinstance(one, ErrorRatio)]
        for other in guardrails:
            if not isinstance(other, ErrorRatio):
                why = f"a guardrail of kind {other.kind} is not read from CloudWatch: read it from prometheus"
                draft.fail([other.name], why)
        try:
            self._refuse_silence()
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

    def reached(self) -> dict[str, Any]:
        """What was counted of each target group, and until when."""
        return {entry: counted.reached() for entry, counted in self._counted.items() if entry}

    def go_on(self, reached: Mapping[str, Any]) -> None:
        """From where another process was: its minutes are not counted again. Raises ValueError when it is something
        else."""
        try:
            self._counted.update({entry: Counted.after(found) for entry, found in reached.items()})
        except (AttributeError, TypeError) as error:
            raise ValueError(f"this is not how far CloudWatch was read: {error!r}") from error

    def requests(self, backends: Sequence[Backend]) -> Mapping[str, float]:
        """Cumulative requests per revision."""
        return {
            revision: sum(series.total for series in found.values())
            for revision, found in self.traffic(backends).items()
        }

    def traffic(self, backends: Sequence[Backend]) -> Mapping[str, Mapping[str, Series]]:
        """The same, of the one emitter that there is."""
        self._refuse_silence()
        return {backend.revision: self._series(backend) for backend in backends}

    def unseen(self, backend: Backend) -> str | None:
        """A load balancer that sends no minute; a target group without one may just have no requests."""
        try:
            self._refuse_silence()
        except ClusterError as error:
            return str(error)
        return None

    def notes(self, tick: float) -> tuple[str, ...]:
        """Nothing: it is asked once a minute."""
        return ()

    def spacing(self) -> float | None:
        """A minute."""
        return PERIOD

    def begin_afresh(self) -> bool:
        """From now on only minutes count that begin later."""
        self._count("")  # so that the time of CloudWatch is known
        self._since = self._began = self._clock.steady() + self._ahead
        return True

    def in_flight(self, backend: Backend, after: float | None = None) -> int | None:
        """Requests of the newest minute that has settled, as nothing finer is known; None before the load balancer has
        sent one that began after `after` and after the weights changed."""
        self._refuse_silence()
        whole, own = self._count(""), self._count(backend.entry)
        start = min(whole.seen, own.settled) - PERIOD
        if whole.seen > own.settled or start < max(after or 0.0, self._since):
            return None
        return round(own.requests_of(start))

    def knows(self, backend: Backend, beside: Backend, after: float) -> bool | None:
        """The nodes of a load balancer have a target group once its targets are healthy in it, which they themselves
        say; the rollout waits for that before."""
        return True

    def history(
        self, guardrails: Sequence[Guardrail], backend: Backend, seconds: float, tick: float
    ) -> Mapping[str, Ticks]:
        """None of any guardrail: minutes are no ticks of a look."""
        return {}

    def _series(self, backend: Backend) -> dict[str, Series]:
        """Empty before the first minute of the backend has settled."""
        found = self._count(backend.entry)
        return {self._view.emitter: found.series()} if found.until else {}

    def _refuse_silence(self) -> None:
        """Raises ClusterError when no minute comes any more: that there are no requests cannot be told from counts that
        are late."""
        whole = self._count("")
        silent = whole.settled - max(whole.seen, self._began or 0.0)
        if silent > SILENT * PERIOD:
            raise ClusterError(
                f"CloudWatch has no minute of {self._view.whole} for {show_seconds(silent)}: no requests, or its "
                f"counts are late; send some, or check the dimension {self._view.hint} in {self._view.namespace}"
            )

    def _count(self, entry: str) -> Counted:
        """What was counted of a target group, or of the whole load balancer where `entry` is empty."""
        now = self._clock.steady()
        if now >= self._due.get(entry, now):
            points, answered = self._points(entry)
            self._ahead = answered - now
            self._began = answered if self._began is None else self._began
            settled = settled_until(answered, self._lateness)
            counted = self._counted.setdefault(entry, Counted())
            counted.add(*self._view.counted(entry, points), settled, self._since)
            self._due[entry] = now + settled + PERIOD + self._lateness - answered
        return self._counted[entry]

    def _points(self, entry: str) -> tuple[Points, float]:
        """The newest minutes, and when CloudWatch answered by its own clock. Raises ClusterError."""
        what = f"CloudWatch metrics of {entry or self._view.whole}"
        now = self._clock.now()
        names, dimensions = self._view.metrics(entry), self._view.dimensions(entry)
        asked: dict[str, object] = {
            "MetricDataQueries": [self._query(number, name, dimensions) for number, name in enumerate(names)],
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

    def _query(self, number: int, metric: str, dimensions: Mapping[str, str]) -> Json:
        of = [{"Name": name, "Value": value} for name, value in dimensions.items()]
        named = {"Namespace": self._view.namespace, "MetricName": metric, "Dimensions": of}
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
