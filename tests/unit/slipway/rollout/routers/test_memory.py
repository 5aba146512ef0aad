from __future__ import annotations

import pytest

from slipway.release.errors import ClusterError, Conflict, LeaseLost
from slipway.release.manifest.route import Route
from slipway.rollout.process.fence import Fence
from slipway.rollout.routers.base import Split
from slipway.rollout.routers.memory import MemoryRouter
from tests.unit.slipway.rollout.examples import ROUTE, backend

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
    assert dict(second.shares) == {OLD.entry: 75.0, NEW.entry: 25.0}
    assert second.settings_hash == router.settings_hash(PLAIN)
    assert router.history == [Split.whole(OLD), split]
    router.delete()
    assert router.read() is None


def test_somebody_else_can_write_and_the_gateway_can_refuse() -> None:
    router = MemoryRouter()
    live = router.apply(PLAIN, Split.whole(OLD), None)
    router.drift({NEW.entry: 100.0})
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
    with pytest.raises(ClusterError, match="not made by Slipway"):
        router.apply(PLAIN, Split.whole(OLD), found.version)
    router.faults.next("read", ClusterError("away"), times=2)
    for _ in range(2):
        with pytest.raises(ClusterError, match="away"):
            router.read()
    assert router.read() is not None


def test_a_claim_stamps_the_route_and_makes_every_older_version_a_conflict() -> None:
    fence = Fence()
    fence.arm("r1")
    fence.note_renewal(fence.now(), 15)
    router = MemoryRouter(fence, "shop/prod")
    assert router.claim() is None
    live = router.apply(PLAIN, Split.whole(OLD), None)
    assert (live.writer, live.owner) == ("r1", "shop/prod")
    fence.arm("r2")
    fence.note_renewal(fence.now(), 15)
    claimed = router.claim()
    assert claimed is not None
    assert (claimed.writer, dict(claimed.shares)) == ("r2", dict(live.shares))
    with pytest.raises(Conflict):
        router.apply(PLAIN, Split.whole(NEW), live.version)
    fence.lose("another took it")
    for write in (lambda: router.apply(PLAIN, Split.whole(NEW), claimed.version), router.claim, router.delete):
        with pytest.raises(LeaseLost, match="another took it"):
            write()
    assert router.read() == claimed


def test_the_route_of_another_stack_is_refused_with_both_names_until_it_is_claimed() -> None:
    router = MemoryRouter(stack="shop/prod")
    live = router.apply(PLAIN, Split.whole(OLD), None)
    router.stack = "store/prod"
    with pytest.raises(ClusterError, match=r"stack shop/prod, and this is store/prod.*--to store/prod"):
        router.apply(PLAIN, Split.whole(NEW), live.version)
    claimed = router.claim()
    assert claimed is not None
    assert router.apply(PLAIN, Split.whole(NEW), claimed.version).owner == "store/prod"


def test_a_write_whose_answer_is_lost_has_happened() -> None:
    fence = Fence()
    fence.arm("r1")
    fence.note_renewal(fence.now(), 15)
    router = MemoryRouter(fence)
    router.faults.after("apply", ClusterError("no answer"))
    with pytest.raises(ClusterError, match="no answer"):
        router.apply(PLAIN, Split.whole(OLD), None)
    found = router.read()
    assert found is not None
    assert dict(found.shares) == {OLD.entry: 100.0}
    assert router.apply(PLAIN, Split.whole(OLD), None) == found
    with pytest.raises(Conflict):
        router.apply(PLAIN, Split.whole(NEW), None)
