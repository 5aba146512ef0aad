from __future__ import annotations

import pytest

from release.errors import ClusterError, Conflict
from release.manifest.route import Route
from rollout.routers.base import Split
from rollout.routers.memory import MemoryRouter
from tests.unit.rollout.examples import ROUTE, backend

OLD, NEW = backend("old"), backend("new")
PLAIN = Route.model_validate(ROUTE)


def test_it_compares_and_swaps_and_remembers_every_split() -> None:
    router = MemoryRouter()
    assert router.read() is None
    first = router.apply(PLAIN, Split.whole(OLD), None)
    split = Split(((OLD, 75.0), (NEW, 25.0)))
    second = router.apply(PLAIN, split, first.version)
    for stale in (first.version, None):
        with pytest.raises(Conflict):
            router.apply(PLAIN, Split.whole(NEW), stale)
    assert router.read() == second
    assert dict(second.shares) == {OLD.service: 75.0, NEW.service: 25.0}
    assert second.body == router.body(PLAIN)
    assert router.history == [Split.whole(OLD), split]
    router.delete()
    assert router.read() is None


def test_somebody_else_can_write_and_the_gateway_can_refuse() -> None:
    router = MemoryRouter()
    live = router.apply(PLAIN, Split.whole(OLD), None)
    router.drift({NEW.service: 100.0})
    with pytest.raises(Conflict):
        router.apply(PLAIN, Split.whole(OLD), live.version)
    router.judge("no such listener")
    found = router.read()
    assert found is not None
    assert (found.accepted, found.problem) == (False, "no such listener")
    assert not router.apply(PLAIN, Split.whole(OLD), found.version).accepted
    router.judge()
    found = router.read()
    assert found is not None
    assert found.accepted


def test_a_foreign_route_is_left_alone_and_failures_come_on_demand() -> None:
    router = MemoryRouter()
    router.drift({"else": 100.0}, managed=False)
    found = router.read()
    assert found is not None
    with pytest.raises(ClusterError, match="somebody else"):
        router.apply(PLAIN, Split.whole(OLD), found.version)
    router.faults.next("read", ClusterError("away"), times=2)
    for _ in range(2):
        with pytest.raises(ClusterError, match="away"):
            router.read()
    assert router.read() is not None
