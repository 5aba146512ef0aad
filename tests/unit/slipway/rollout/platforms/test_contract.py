"""What a rollout relies on, whatever the platform: the same sentences for each of them."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest

from slipway.release.errors import ClusterError, Conflict, LeaseHeld, LeaseLost
from slipway.release.rollout_inputs import Backend
from slipway.rollout.assemble import PLATFORMS
from slipway.rollout.platforms.base import (
    Action,
    Autoscalers,
    Document,
    Intent,
    Lease,
    LeaseState,
    Reason,
    Role,
    StoredDocument,
)
from slipway.rollout.process.fence import UNFENCED, Fence
from tests.unit.slipway.rollout.examples import backend, scaled_backend
from tests.unit.slipway.rollout.platforms.contract import STANDS, Stand

BACKEND = backend()
INTENT = Intent("i1", "abort", "me", 1234.5, "it burns", "r1")


@pytest.fixture(params=STANDS.values(), ids=list(STANDS))
def stand(request: pytest.FixtureRequest) -> Stand:
    made: Stand = request.param()
    return made


def test_every_platform_is_held_to_the_contract() -> None:
    assert set(PLATFORMS) < set(STANDS)


def held(lease: Lease) -> LeaseState:
    """What is held, by somebody."""
    found = lease.read()
    assert found is not None
    return found


# Workloads


def test_a_workload_with_all_replicas_ready_has_no_problem(stand: Stand) -> None:
    stand.put(BACKEND)
    found = stand.workloads().readiness(BACKEND)
    assert (found.desired, found.ready, found.endpoints_ready) == (3, 3, 3)
    assert (found.problem, found.reason, found.fatal) == (None, None, False)


def test_a_workload_that_is_not_there_has_no_replicas_and_cannot_be_scaled(stand: Stand) -> None:
    workloads = stand.workloads()
    found = workloads.readiness(BACKEND)
    assert (found.reason, found.desired, found.endpoints_ready) == (Reason.MISSING, 0, 0)
    assert found.problem
    assert (workloads.replicas(BACKEND), workloads.running(BACKEND)) == (0, 0)
    with pytest.raises(ClusterError):
        workloads.scale(BACKEND, 1)


def test_a_workload_without_replicas_is_never_scaled(stand: Stand) -> None:
    if stand.scales:
        pytest.skip("the platform has replicas")
    stand.put(BACKEND)
    with pytest.raises(ClusterError, match="has no replicas to scale"):
        stand.workloads().scale(BACKEND, 7)
    assert (stand.workloads().replicas(BACKEND), stand.workloads().running(BACKEND)) == (3, 3)


def test_only_the_workload_that_is_named_is_scaled(stand: Stand) -> None:
    if not stand.scales:
        pytest.skip("the platform has no replicas")
    other = backend("bbbbbbbb")
    stand.put(BACKEND)
    stand.put(other)
    stand.workloads().scale(BACKEND, 7)
    assert [stand.workloads().replicas(one) for one in (BACKEND, other)] == [7, 3]


def test_nothing_is_scaled_without_the_right_to_write(stand: Stand) -> None:
    if not stand.scales:
        pytest.skip("the platform has no replicas")
    stand.put(BACKEND)
    with pytest.raises(LeaseLost):
        stand.workloads(Fence()).scale(BACKEND, 7)
    assert stand.workloads().replicas(BACKEND) == 3


# Autoscalers


@pytest.fixture(params=["hpa", "keda"])
def scaled(request: pytest.FixtureRequest) -> Backend:
    return scaled_backend("cccccccc", 2, 9, request.param)


@pytest.fixture
def scaling(stand: Stand, scaled: Backend) -> Stand:
    """One with an autoscaler, where the platform has them."""
    if stand.autoscalers() is None:
        pytest.skip("the platform scales nothing by its load yet")
    stand.put(scaled)
    stand.autoscale(scaled)
    return stand


def scalers(stand: Stand, fence: Fence = UNFENCED) -> Autoscalers:
    found = stand.autoscalers(fence)
    assert found is not None
    return found


def test_a_minimum_is_raised_and_never_lowered_until_the_declared_one_is_restored(
    scaling: Stand, scaled: Backend
) -> None:
    assert scalers(scaling).minimum(scaled) == 2
    scalers(scaling).raise_to(scaled, 6)
    scalers(scaling).raise_to(scaled, 4)
    assert scalers(scaling).minimum(scaled) == 6
    scalers(scaling).restore(scaled)
    scalers(scaling).restore(scaled)
    assert scalers(scaling).minimum(scaled) == 2


def test_an_autoscaler_that_is_gone_has_no_minimum_and_its_writes_are_no_error(stand: Stand, scaled: Backend) -> None:
    if (found := stand.autoscalers()) is None:
        pytest.skip("the platform scales nothing by its load yet")
    assert found.minimum(scaled) is None
    assert not found.wants_fewer(scaled)
    found.raise_to(scaled, 6)
    found.restore(scaled)
    assert found.minimum(scaled) is None


def test_no_minimum_is_written_without_the_right_to_write(scaling: Stand, scaled: Backend) -> None:
    with pytest.raises(LeaseLost):
        scalers(scaling, Fence()).raise_to(scaled, 6)
    scalers(scaling).raise_to(scaled, 5)
    with pytest.raises(LeaseLost):
        scalers(scaling, Fence()).restore(scaled)
    assert scalers(scaling).minimum(scaled) == 5


# Lease


@pytest.mark.parametrize("role", get_args(Role))
def test_a_free_lease_is_taken_and_every_process_sees_whose_it_is(stand: Stand, role: Role) -> None:
    assert stand.lease().read() is None
    assert stand.lease().observe_expired(0)
    state = stand.lease().acquire("a", 15, role)
    assert (state.holder, state.duration, state.expired, state.transitions) == ("a", 15, False, 0)
    assert (held(stand.lease()).holder, held(stand.lease()).role) == ("a", role)


def test_a_lease_that_is_renewed_is_refused_to_others_for_as_long_as_it_is(stand: Stand) -> None:
    holder, other = stand.lease(), stand.lease()
    holder.acquire("a", 15)
    for _ in range(4):
        with pytest.raises(LeaseHeld, match="held by a"):
            other.acquire("b", 15)
        stand.now += 10
        holder.renew()
    assert held(other).holder == "a"


def test_the_same_holder_may_enter_again(stand: Stand) -> None:
    stand.lease().acquire("a", 15)
    assert stand.lease().acquire("a", 15).transitions == 0


def test_who_watches_a_lease_that_nobody_renews_for_its_duration_may_take_it_and_the_former_holder_learns_of_it(
    stand: Stand,
) -> None:
    holder, heir = stand.lease(), stand.lease()
    holder.acquire("a", 15)
    with pytest.raises(LeaseHeld):
        heir.acquire("b", 15)
    stand.now += 15.1
    assert heir.acquire("b", 15).transitions == 1
    with pytest.raises(LeaseHeld):
        holder.renew()
    holder.release()
    holder.delete()
    assert held(heir).holder == "b"


def test_what_is_given_back_or_deleted_by_its_holder_is_free(stand: Stand) -> None:
    first, second = stand.lease(), stand.lease()
    first.acquire("a", 15)
    first.release()
    assert second.read() is None
    assert second.acquire("b", 15).holder == "b"
    second.delete()
    second.delete()
    assert first.read() is None


# Journal


def test_the_head_comes_back_with_the_version_that_was_returned(stand: Stand) -> None:
    assert stand.journal().load() is None
    version = stand.journal().save({"a": [1, None, "é"]}, None)
    assert stand.journal().load() == StoredDocument({"a": [1, None, "é"]}, version)


def test_only_the_version_that_is_there_can_be_replaced(stand: Stand) -> None:
    store = stand.journal()
    with pytest.raises(Conflict):
        store.save({}, "7")
    first = store.save({"n": 1}, None)
    second = stand.journal().save({"n": 2}, first)
    for stale in (first, None):
        with pytest.raises(Conflict):
            store.save({"n": 3}, stale)
    assert store.load() == StoredDocument({"n": 2}, second)


def test_nothing_is_recorded_without_the_right_to_write(stand: Stand) -> None:
    with pytest.raises(LeaseLost):
        stand.journal(Fence()).save({}, None)
    with pytest.raises(LeaseLost):
        stand.journal(Fence()).append("r1", [{}])
    assert (stand.journal().load(), stand.journal().records("r1")) == (None, [])


def test_records_keep_their_order_and_rollouts_are_apart(stand: Stand) -> None:
    store = stand.journal()
    store.append("r1", [{"n": 0}, {"n": 1}])
    store.append("r2", [{"n": 9}])
    store.append("r1", [{"n": 2}])
    for reader in (store, stand.journal()):
        assert reader.records("r1") == [{"n": 0}, {"n": 1}, {"n": 2}]
        assert reader.records("r2") == [{"n": 9}]
        assert reader.records("r3") == []
        assert [reader.latest(name) for name in ("r1", "r2", "r3")] == [{"n": 2}, {"n": 9}, None]


def test_few_records_stay_as_they_were_written(stand: Stand) -> None:
    def condense(records: object) -> list[Document]:
        raise AssertionError("there is nothing to condense")

    store = stand.journal()
    store.append("r1", [{"n": 0}, {"n": 1}])
    store.condense("r1", condense)
    assert store.records("r1") == [{"n": 0}, {"n": 1}]


def test_pruning_keeps_what_it_is_told_to_keep(stand: Stand) -> None:
    store = stand.journal()
    for name in ("r1", "r2", "r3"):
        store.append(name, [{"of": name}])
    version = store.save({}, None)
    store.prune({"r2"})
    assert [store.records(name) for name in ("r1", "r2", "r3")] == [[], [{"of": "r2"}], []]
    assert store.load() == StoredDocument({}, version)


def test_deleting_the_journal_leaves_nothing_and_may_be_repeated(stand: Stand) -> None:
    store = stand.journal()
    store.save({}, None)
    store.append("r1", [{}])
    store.delete()
    store.delete()
    assert (store.load(), store.records("r1")) == (None, [])


def test_a_number_that_is_none_is_refused_before_it_damages_the_record(stand: Stand) -> None:
    store = stand.journal()
    with pytest.raises(ValueError, match="JSON"):
        store.append("r1", [{"x": float("nan")}])
    with pytest.raises(ValueError, match="JSON"):
        store.save({"x": float("inf")}, None)
    assert store.records("r1") == []


# Intents


def test_the_last_intent_is_read_back(stand: Stand) -> None:
    assert stand.intents().read() is None
    for number, action in enumerate(get_args(Action)):
        wanted = replace(INTENT, id=f"i{number}", action=action)
        stand.intents().write(wanted)
        assert stand.intents().read() == wanted


def test_deleting_an_intent_may_be_repeated(stand: Stand) -> None:
    stand.intents().write(INTENT)
    stand.intents().delete()
    stand.intents().delete()
    assert stand.intents().read() is None
