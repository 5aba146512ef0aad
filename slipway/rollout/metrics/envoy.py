"""What Envoy's counters mean for one backend. Pure: samples of one moment in, series per emitter out.

Seen on Envoy 1.40 (https://www.envoyproxy.io/docs/envoy/latest/configuration/upstream/cluster_manager/cluster_stats):
- `upstream_rq` counts answers by status, Envoy's own included: a refused connection, a reset and a cluster without
  endpoints are 503, a route's timeout is 504. So 5xx covers "no answer". A client that leaves before the answer
  is in none of them: only a route timeout shorter than its patience makes a hanging backend visible.
- `upstream_rq_time` is in milliseconds, counts answers of the backend alone (no 504 of Envoy's own), and is merged
  every five seconds by default: its total lags behind that of `upstream_rq`, so each is compared with its own.
- The counters of a cluster that left the configuration stay while it has requests in flight, then vanish; when it
  comes back they begin at zero.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Any

from slipway.release.errors import ClusterError
from slipway.release.rollout_inputs import Backend
from slipway.rollout.metrics.base import Series
from slipway.rollout.metrics.copies import check_copies, emitter_of
from slipway.rollout.metrics.counters import effective_bound
from slipway.rollout.metrics.emitters import Emitters, not_before

REQUESTS = "envoy_cluster_upstream_rq"
SECONDS = "envoy_cluster_upstream_rq_time_bucket"
ACTIVE = "envoy_cluster_upstream_rq_active"
MEMBERS = "envoy_cluster_membership_total"
"""Endpoints of a cluster; 0 until the proxy has been told of them. A set of statistics may be without it."""
ALIVE = "envoy_server_uptime"
"""Every Envoy has it in each scrape: which emitters there are, and how fresh the data is."""
CLUSTER, CODE, BOUND = "envoy_cluster_name", "envoy_response_code", "le"
COPIES = " copies "
"""Between the name of a cluster and that of another one which counts the copies of requests that its backend gets."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The newest sample of one series; `at` is the time of its scrape in Unix seconds."""

    name: str
    emitter: str
    cluster: str
    code: str
    bound: str
    value: float
    at: float


def cluster_name(namespace: str, backend: Backend) -> str:
    """The name that the gateway gives to a Service in Envoy's statistics; of a target group it is the group's own."""
    if backend.platform == "ecs":
        return backend.entry
    return f"{namespace}_{backend.entry}_{backend.port}"


def selector(names: Sequence[str], clusters: Sequence[str], window: float) -> str:
    """One query for everything: a range selector, since that alone tells the time of each sample. The empty
    alternative lets ALIVE through, which has no cluster."""
    which = "|".join((*clusters, ""))
    return f'{{__name__=~"{"|".join((ALIVE, *names))}",{CLUSTER}=~"{which}"}}[{math.ceil(window)}s]'


def samples(result: Sequence[Mapping[str, Any]]) -> list[Sample]:
    """The newest sample of each series of a range query. Raises ClusterError for a value that is no count, and for
    series of several Envoys that cannot be told apart."""
    counters = [one for one in result if one["metric"].get("__name__") not in (ACTIVE, MEMBERS)]
    check_copies(counters, (CLUSTER, CODE, BOUND), ALIVE)
    return [_sample(series["metric"], series["values"][-1]) for series in result if series.get("values")]


def scrape_interval(result: Iterable[Mapping[str, Any]]) -> float | None:
    """Seconds between two samples, of the slowest series; None while no series has two. Where others have more, one
    with two does not count: of an Envoy that was hardly ever reached they tell how long it was away."""
    known = [[float(at) for at, _ in series.get("values") or []] for series in result]
    enough = min(3, max(map(len, known), default=0))
    if enough < 2:
        return None
    gaps = [[later - earlier for earlier, later in pairwise(times)] for times in known if len(times) >= enough]
    return max(map(median, gaps))


def bound_seconds(label: str) -> float:
    """The upper bound of a histogram's bucket in seconds; Envoy writes milliseconds. Raises ClusterError."""
    try:
        bound = math.inf if label == "+Inf" else float(label) / 1000
    except ValueError:
        bound = math.nan
    if math.isnan(bound):
        raise ClusterError(f"{SECONDS} has the bound {label!r}, which is no number")
    return bound


class Frame:
    """The samples of one query.

    An emitter is one Envoy, named by its pod or its scrape address. Series of the same emitter that differ in
    other labels are copies (two jobs, two replicas of Prometheus): the newest counts.

    `tells_age`: the value of ALIVE is the emitter's age in seconds. `absent_at`: of a source that lists emitters, a
    time at which each was not there.
    """

    def __init__(
        self, found: Iterable[Sample], *, tells_age: bool = False, absent_at: Mapping[str, float] | None = None
    ) -> None:
        newest: dict[tuple[str, ...], Sample] = {}
        for one in found:
            key = (one.name, one.emitter, one.cluster, one.code, one.bound)
            if key not in newest or newest[key].at < one.at:
                newest[key] = one
        self.emitters = {one.emitter: one.at for one in newest.values() if one.name == ALIVE}
        """Emitter -> time of its newest scrape."""
        ages = {one.emitter: one.value for one in newest.values() if one.name == ALIVE and tells_age}
        self._not_before = {
            emitter: began
            for emitter, at in self.emitters.items()
            if (began := not_before(at, ages.get(emitter), (absent_at or {}).get(emitter))) is not None
        }
        # What is older than its emitter's newest scrape has vanished from it.
        self._current = [one for one in newest.values() if one.at >= self.emitters.get(one.emitter, math.inf)]

    @property
    def at(self) -> float:
        """The newest scrape; 0 when there is none."""
        return max(self.emitters.values(), default=0.0)

    @property
    def known(self) -> Emitters:
        """The emitters, and when they began."""
        return Emitters(self.at, self._not_before)

    def requests(self, cluster: str) -> dict[str, Series]:
        """Answers and those of 5xx, copies with them. An emitter that knows the cluster and has sent it nothing has
        zeros."""
        return self._with_copies(cluster, self._requests)

    def latency(self, cluster: str, threshold: float) -> dict[str, Series]:
        """Answers of the backend, copies with them, and those slower than the threshold, or the next lower bound of the
        histogram. Raises ClusterError when no bound is that low."""
        return self._with_copies(cluster, lambda name: self._latency(name, threshold))

    def active(self, cluster: str) -> int:
        """Requests in flight; a cluster that an emitter does not know has none there."""
        return round(sum(one.value for one in self._of(cluster, ACTIVE)))

    def having(self, cluster: str) -> set[str]:
        """The emitters that could send to the cluster: they know it, and endpoints of it where they count these."""
        empty = {one.emitter for one in self._of(cluster, MEMBERS) if one.value <= 0}
        return self._zeros(cluster).keys() - empty

    def _with_copies(self, cluster: str, read: Callable[[str], dict[str, Series]]) -> dict[str, Series]:
        """Each cluster that counts copies is an emitter of its own: it comes and goes with a rule of the route, and one
        that went is no restart of what the proxy counts at the Service."""
        found = read(cluster)
        for name in sorted({one.cluster for one in self._current if one.cluster.startswith(cluster + COPIES)}):
            found |= {f"{emitter}{name.removeprefix(cluster)}": series for emitter, series in read(name).items()}
        return found

    def _requests(self, cluster: str) -> dict[str, Series]:
        total, bad = self._zeros(cluster), self._zeros(cluster)
        for one in self._of(cluster, REQUESTS):
            total[one.emitter] = total.get(one.emitter, 0.0) + one.value
            if one.code.startswith("5"):
                bad[one.emitter] = bad.get(one.emitter, 0.0) + one.value
        return {
            emitter: Series(count, bad.get(emitter, 0.0), {}, at=self.emitters[emitter])
            for emitter, count in total.items()
        }

    def _latency(self, cluster: str, threshold: float) -> dict[str, Series]:
        buckets: dict[str, dict[float, float]] = {}
        for one in self._of(cluster, SECONDS):
            bound = bound_seconds(one.bound)
            buckets.setdefault(one.emitter, {})[bound] = one.value
        found = {emitter: Series(0.0, 0.0, {}, at=self.emitters[emitter]) for emitter in self._zeros(cluster)}
        for emitter, cumulative in buckets.items():
            bound = effective_bound(threshold, cumulative)
            total = cumulative.get(math.inf, max(cumulative.values()))
            found[emitter] = Series(total, total - cumulative[bound], cumulative, at=self.emitters[emitter])
        return found

    def _of(self, cluster: str, name: str) -> list[Sample]:
        return [one for one in self._current if one.cluster == cluster and one.name == name]

    def _zeros(self, cluster: str) -> dict[str, float]:
        return {one.emitter: 0.0 for one in self._of(cluster, ACTIVE)}


def _sample(metric: Mapping[str, str], last: Sequence[Any]) -> Sample:
    value = float(last[1])
    name = metric.get("__name__", "")
    if not math.isfinite(value):
        raise ClusterError(f"{name} is {value}, which is no count")
    return Sample(
        name=name,
        emitter=emitter_of(metric),
        cluster=metric.get(CLUSTER, ""),
        code=metric.get(CODE, ""),
        bound=metric.get(BOUND, ""),
        value=value,
        at=float(last[0]),
    )
