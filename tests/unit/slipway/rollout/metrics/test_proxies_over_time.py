"""Random histories of proxies that come, go, restart, and are seen late, read as a rollout reads them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from slipway.release.data_planes import DATA_PLANES
from slipway.release.errors import ClusterError
from slipway.release.manifest.guardrails import ErrorRatio
from slipway.rollout.measurement.totals import Requests
from slipway.rollout.metrics.base import Snapshot
from slipway.rollout.metrics.counters import carry, deltas
from slipway.rollout.metrics.emitters import Listed
from slipway.rollout.metrics.profiles import Lens
from slipway.rollout.metrics.proxies import Page, ProxiesSource
from tests.unit.slipway.rollout.examples import backend

NEW, OLD = backend("bbbbbbbb"), backend("aaaaaaaa")
ERRORS = ErrorRatio(name="errors", kind="error-ratio")
CLUSTER = f'envoy_cluster_name="shop_{NEW.entry}_8080"'
START = 100_000.0

Pair = tuple[int, int]


def plus(*pairs: Pair) -> Pair:
    return sum(total for total, _ in pairs), sum(bad for _, bad in pairs)


def less(one: Pair, other: Pair) -> Pair:
    return one[0] - other[0], one[1] - other[1]


@dataclass
class Process:
    """What one has counted by itself (all, bad): at the first look, when a look first showed it, and at the last that
    did. One that begins later has counted nothing at either of the first two."""

    began: float
    counted: Pair = (0, 0)
    at_first_look: Pair = (0, 0)
    there_at_first: bool = False
    first_shown: Pair | None = None
    last_shown: Pair = (0, 0)

    def page(self, now: float, lag: int) -> str:
        total, bad = self.counted
        lines = [
            f"envoy_server_uptime{{}} {max(0, math.floor(now - self.began) - lag)}",
            f"envoy_cluster_membership_total{{{CLUSTER}}} 3",
        ]
        for code, count in (("200", total - bad), ("503", bad)):
            if count:
                lines.append(f'envoy_cluster_upstream_rq{{{CLUSTER},envoy_response_code="{code}"}} {count}')
        return "\n".join(lines)


@dataclass
class Pod:
    uid: str
    process: Process
    ready: bool = True


@dataclass
class World:
    """The proxies, and the rollout that looks at them. `by_list`: they are found by listing them."""

    by_list: bool
    lag: int = 0
    now: float = START
    pods: dict[str, Pod] = field(default_factory=dict)
    ever: list[Process] = field(default_factory=list)
    answers: bool = True
    listed: Listed = field(default_factory=Listed)
    kept: Snapshot | None = None
    requests: Requests = field(default_factory=Requests)
    total: Pair = (0, 0)
    traffic: int = 0

    def __post_init__(self) -> None:
        lens = Lens("contour", DATA_PLANES["contour"], "shop", "checkout")
        self.source = ProxiesSource(self, lens, None, filtered=True, now=lambda: self.now)

    def begin(self, began: float, counted: Pair = (0, 0)) -> Process:
        self.ever.append(Process(began, counted))
        return self.ever[-1]

    def read(self, query: str) -> Sequence[Page]:
        self.listed.take([pod.uid for pod in self.pods.values()], self.now)
        if not self.answers:
            raise ClusterError("one of them does not answer")
        ready = [pod for pod in self.pods.values() if pod.ready]
        return [
            Page(pod.uid, pod.process.page(self.now, self.lag), self.listed.absent_at(pod.uid) if self.by_list else 0.0)
            for pod in ready
        ]

    def cost(self, tick: float) -> str:
        return ""

    def look(self) -> None:
        """As slipway.rollout.measurement.measure does."""
        after = self.source.snapshot([ERRORS], NEW, OLD)
        if after.traffic_error is not None:
            return
        if self.kept is None:
            for process in self.ever:
                process.there_at_first, process.at_first_look = True, process.counted
        for process in (pod.process for pod in self.pods.values() if pod.ready):
            if process.first_shown is None:
                process.first_shown = process.counted if process.there_at_first else (0, 0)
            process.last_shown = process.counted
        grown = self.requests.since(after)
        if self.kept is not None:
            found = deltas(self.kept, after)["errors"].candidate
            self.total = plus(self.total, (found.total, found.bad))
            self.traffic += grown[NEW.revision]
        self.kept = carry(self.kept, after)

    @property
    def happened(self) -> Pair:
        """Since the first look."""
        return (0, 0) if self.kept is None else plus(*(less(one.counted, one.at_first_look) for one in self.ever))

    @property
    def shown(self) -> Pair:
        """What of that the looks have shown; of one that was there at the first look and not ready, since it was."""
        return plus(*(less(one.last_shown, one.first_shown) for one in self.ever if one.first_shown is not None))


NAMES = ("a", "b", "c")
EVENTS = ("count", "count", "count", "come", "go", "hide", "show", "restart", "silent")
pairs = st.tuples(st.integers(0, 60), st.integers(0, 60)).map(lambda pair: (max(pair), min(pair)))
steps = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(EVENTS), pairs), max_size=25)
pasts = st.lists(st.tuples(st.booleans(), st.floats(0.5, 5000.0), pairs), min_size=1, max_size=3)
lags = st.integers(0, 5)


def world(past: Sequence[tuple[bool, float, Pair]], *, by_list: bool, lag: int) -> World:
    """Proxies that have a past, ready or not, and one that is always ready."""
    made = World(by_list, lag)
    made.pods["steady"] = Pod("steady/1", made.begin(START - 900.0, (70, 7)))
    for name, (ready, age, counted) in zip(NAMES, past, strict=False):
        made.pods[name] = Pod(f"{name}/1", made.begin(START - age, counted), ready)
    return made


def happen(made: World, name: str, what: str, count: Pair, began: float) -> None:
    pod = made.pods.get(name)
    if what == "come" and pod is None:
        made.pods[name] = Pod(f"{name}/{len(made.ever)}", made.begin(began, count))
    elif pod is None:
        return
    elif what == "go":
        del made.pods[name]
    elif what in ("hide", "show"):
        pod.ready = what == "show"
    elif what == "restart":
        pod.process = made.begin(began, count)
    elif what == "count":
        pod.process.counted = plus(pod.process.counted, count)
    made.answers = what != "silent"


@given(pasts, steps, st.booleans(), lags, st.floats(0.3, 30.0))
def test_no_more_is_counted_than_has_happened_since_the_first_look(
    past: list[tuple[bool, float, Pair]],
    history: list[tuple[str, str, Pair]],
    by_list: bool,
    lag: int,
    tick: float,
) -> None:
    made = world(past, by_list=by_list, lag=lag)
    made.look()
    for name, what, count in history:
        began = made.now + tick / 2
        made.now += tick
        happen(made, name, what, count, began)
        made.look()
        assert made.total[0] <= made.happened[0]
        assert made.total[1] <= made.happened[1]
        assert made.traffic == made.total[0]


@given(pasts, steps, lags)
def test_all_that_the_looks_have_shown_since_the_first_is_counted_once(
    past: list[tuple[bool, float, Pair]], history: list[tuple[str, str, Pair]], lag: int
) -> None:
    """The looks are so far apart that an age tells each restart. Where each of them succeeded, and nothing was counted
    between the last look at a proxy and its end, that is all that has happened."""
    made = world(past, by_list=True, lag=lag)
    made.look()
    for name, what, count in [*history, ("none", "count", (0, 0))]:
        made.now += 40.0
        happen(made, name, what, count, made.now - 20.0)
        made.look()
        assert not made.answers or made.total == made.shown
    if all(one.last_shown == one.counted for one in made.ever) and all(ready for ready, *_ in past):
        assert made.total == made.happened
