from __future__ import annotations

from dataclasses import dataclass, field

import httpx2
import pytest

from slipway.release.errors import ClusterError, LeaseHeld
from slipway.rollout.platforms.base import Role
from slipway.rollout.platforms.kubernetes.lease import KubernetesLease
from slipway.rollout.platforms.observed_lease import Clock
from tests.unit.slipway.rollout.api import NAMESPACE, Api, Json, doing, failing, unanswered, untouched

PATH = f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases/slipway-checkout"


@dataclass
class Time:
    """A clock that moves when somebody sleeps; `skew` is how far its wall clock is ahead."""

    at: float = 1_000_000.0
    skew: float = 0.0
    slept: list[float] = field(default_factory=list)

    def clock(self) -> Clock:
        return Clock(lambda: self.at + self.skew, lambda: self.at, self.sleep)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += seconds


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def time() -> Time:
    return Time()


def lease(api: Api, time: Time) -> KubernetesLease:
    return KubernetesLease(api.client(), NAMESPACE, "checkout", time.clock(), api.patience)


def test_a_free_lease_is_taken_and_says_whose_it_is(api: Api, time: Time) -> None:
    state = lease(api, time).acquire("a", 15)
    assert (state.holder, state.duration, state.expired, state.transitions) == ("a", 15, False, 0)
    held = lease(api, time).read()
    assert held is not None
    assert held.holder == "a"
    assert abs(held.renewed - time.at) < 1e-5


def test_a_held_lease_is_refused_with_holder_age_and_remedy(api: Api, time: Time) -> None:
    lease(api, time).acquire("a", 15)
    time.at += 10
    with pytest.raises(LeaseHeld) as caught:
        lease(api, time).acquire("b", 15)
    assert "held by a, renewed 10s ago by its own clock and good for 15s" in str(caught.value)
    assert "slipway abort checkout" in str(caught.value)


def test_the_same_holder_may_enter_again(api: Api, time: Time) -> None:
    lease(api, time).acquire("a", 15)
    acquired = api.objects[PATH]["spec"]["acquireTime"]
    time.at += 5
    assert lease(api, time).acquire("a", 15).transitions == 0
    assert api.objects[PATH]["spec"]["acquireTime"] == acquired


@pytest.mark.parametrize("skew", [-1e6, -31, -15, 0, 15, 31, 1e6])
def test_no_difference_of_two_hosts_clocks_takes_a_lease_from_a_live_holder(api: Api, time: Time, skew: float) -> None:
    holder, elsewhere = lease(api, time), Time(time.at, skew=skew)
    holder.acquire("a", 15)
    for _ in range(4):
        with pytest.raises(LeaseHeld):
            lease(api, elsewhere).acquire("b", 15)
        time.at += 100
        holder.renew()


def test_an_old_lease_is_taken_after_it_was_watched_for_its_duration_and_not_before(api: Api, time: Time) -> None:
    lease(api, time).acquire("a", 15)
    time.at += 100_000
    heir = lease(api, time)
    with pytest.raises(LeaseHeld):
        heir.acquire("b", 15)
    time.at += 15
    with pytest.raises(LeaseHeld):
        heir.acquire("b", 15)
    time.at += 0.1
    assert heir.acquire("b", 15).transitions == 1


def test_a_holder_that_slept_renews_when_nobody_took_it(api: Api, time: Time) -> None:
    holder = lease(api, time)
    holder.acquire("a", 15)
    time.at += 100_000
    assert holder.renew().holder == "a"


@pytest.mark.parametrize(
    ("role", "words"),
    [
        ("rollout", ["another rollout of checkout is in flight", "slipway abort checkout"]),
        ("watchdog", ["the watchdog of rollout r1", "is putting the traffic of checkout back", "wait for it"]),
        ("abort", ["`slipway abort` is putting the traffic of checkout back", "wait for it"]),
    ],
)
def test_the_refusal_says_what_the_holder_does_and_what_helps(
    api: Api, time: Time, role: Role, words: list[str]
) -> None:
    holder = lease(api, time)
    holder.acquire("r1", 15, role)
    holder.renew()
    with pytest.raises(LeaseHeld) as caught:
        lease(api, time).acquire("b", 15)
    assert all(word in str(caught.value) for word in words), str(caught.value)
    held = lease(api, time).read()
    assert held is not None
    assert held.role == role


def test_an_unknown_role_counts_as_a_rollout(api: Api, time: Time) -> None:
    lease(api, time).acquire("a", 15)
    api.change(PATH, lambda found: found["metadata"].update(annotations={"slipway.dev/role": "gardener"}))
    held = lease(api, time).read()
    assert held is not None
    assert held.role == "rollout"


def test_a_record_that_was_seen_unchanged_for_its_duration_is_expired_whatever_the_clocks_say(
    api: Api, time: Time
) -> None:
    lease(api, time).acquire("a", 15)
    behind = Time(time.at, skew=-1000)
    heir = lease(api, behind)
    for _ in range(2):
        with pytest.raises(LeaseHeld):
            heir.acquire("b", 15)
        behind.at += 7.5
    behind.at += 0.1
    assert heir.acquire("b", 15).transitions == 1


def test_a_renewal_starts_the_observation_anew(api: Api, time: Time) -> None:
    holder, heir = lease(api, time), lease(api, time)
    holder.acquire("a", 15)
    for _ in range(5):
        with pytest.raises(LeaseHeld):
            heir.acquire("b", 15)
        time.at += 10
        holder.renew()


def test_waiting_ends_when_the_lease_expires(api: Api, time: Time) -> None:
    lease(api, time).acquire("a", 15)
    began = time.at
    watcher = lease(api, time)
    assert watcher.observe_expired(60)
    assert 15 < time.at - began < 16
    watcher.acquire("b", 15)


def test_waiting_ends_as_soon_as_the_holder_shows_that_it_lives(api: Api, time: Time) -> None:
    holder = lease(api, time)
    holder.acquire("a", 15)
    watcher = lease(api, time)
    api.before.extend([untouched, doing(holder.renew)])
    assert not watcher.observe_expired(60)
    assert len(time.slept) == 1


def test_waiting_is_bounded_and_a_free_lease_needs_none(api: Api, time: Time) -> None:
    assert lease(api, time).observe_expired(60)
    assert time.slept == []
    lease(api, time).acquire("a", 15)
    assert not lease(api, time).observe_expired(3)
    assert sum(time.slept) == pytest.approx(3)


def test_a_holder_that_lost_it_is_told_who_has_it(api: Api, time: Time) -> None:
    first = lease(api, time)
    first.acquire("a", 15)
    heir = lease(api, time)
    assert heir.observe_expired(60)
    heir.acquire("b", 15)
    with pytest.raises(LeaseHeld, match="is lost, b holds it now"):
        first.renew()
    first.release()
    held = first.read()
    assert held is not None
    assert held.holder == "b"


def test_a_released_lease_is_free_and_counts_its_transitions(api: Api, time: Time) -> None:
    first = lease(api, time)
    first.acquire("a", 15)
    first.release()
    assert first.read() is None
    with pytest.raises(LeaseHeld, match="is lost"):
        first.renew()
    assert lease(api, time).acquire("b", 15).transitions == 1


def test_somebody_who_takes_it_in_between_wins(api: Api, time: Time) -> None:
    lease(api, time).acquire("a", 15)
    rival, other = lease(api, time), lease(api, time)
    for one in (rival, other):
        one.read()
    time.at += 15.1
    api.before.extend([untouched, doing(lambda: rival.acquire("b", 15))])
    with pytest.raises(LeaseHeld, match="held by b"):
        other.acquire("c", 15)


def test_a_status_of_the_holders_own_that_came_in_between_is_no_loss(api: Api, time: Time) -> None:
    holder = lease(api, time)
    holder.acquire("a", 15)
    api.before.append(doing(lambda: api.change(PATH, lambda found: found["metadata"].update(x="y"))))
    assert holder.renew().holder == "a"


def test_a_renewal_is_one_request_and_the_first_after_a_failure_looks_again(api: Api, time: Time) -> None:
    holder = lease(api, time)
    holder.acquire("a", 15)
    for _ in range(3):
        api.requests.clear()
        holder.renew()
        assert [request.method for request in api.requests] == ["PUT"]
    api.before.extend([failing(httpx2.ReadTimeout("slow"))] * 5)
    with pytest.raises(ClusterError, match="did not answer in time"):
        holder.renew()
    api.requests.clear()
    holder.renew()
    assert [request.method for request in api.requests] == ["GET", "PUT"]


def test_a_renewal_whose_answers_were_all_lost_does_not_stop_the_next(api: Api, time: Time) -> None:
    holder = lease(api, time)
    holder.acquire("a", 15)
    api.before.extend([unanswered(api), *[failing(httpx2.ReadTimeout("slow"))] * 4])
    with pytest.raises(ClusterError, match="whether it was done cannot be seen"):
        holder.renew()
    assert holder.renew().holder == "a"
    holder.release()
    assert holder.read() is None


def test_a_lease_that_vanished_is_lost(api: Api, time: Time) -> None:
    holder = lease(api, time)
    holder.acquire("a", 15)
    api.objects.clear()
    with pytest.raises(LeaseHeld, match="is lost"):
        holder.renew()
    assert api.objects == {}


def test_the_times_are_written_with_exactly_six_digits(api: Api, time: Time) -> None:
    lease(api, time).acquire("a", 15)
    assert api.objects[PATH]["spec"]["renewTime"] == "1970-01-12T13:46:40.000001Z"


def test_an_object_of_somebody_else_is_left_alone(api: Api, time: Time) -> None:
    foreign: Json = {"metadata": {"labels": {}}, "spec": {}}
    api.put(PATH, foreign)
    with pytest.raises(ClusterError, match="is not that of service checkout"):
        lease(api, time).acquire("a", 15)
    with pytest.raises(ClusterError, match="is not that of service checkout"):
        lease(api, time).delete()


def test_delete_leaves_the_lease_of_another(api: Api, time: Time) -> None:
    first = lease(api, time)
    first.acquire("a", 15)
    first.release()
    lease(api, time).acquire("b", 15)
    first.delete()
    assert api.objects[PATH]["spec"]["holderIdentity"] == "b"


def test_delete_removes_it_and_is_content_when_there_is_none(api: Api, time: Time) -> None:
    made = lease(api, time)
    made.delete()
    made.acquire("a", 15)
    made.delete()
    assert api.objects == {}


def test_a_renewal_reads_nothing_while_nobody_else_writes(api: Api, time: Time) -> None:
    held = lease(api, time)
    held.acquire("a", 15)
    api.requests.clear()
    time.at += 2
    assert held.renew().renewed == pytest.approx(time.at, abs=1e-5)
    assert [request.method for request in api.requests] == ["PUT"]


def test_a_renewal_after_a_write_of_somebody_else_reads_what_is_there(api: Api, time: Time) -> None:
    held = lease(api, time)
    held.acquire("a", 15)
    api.change(PATH, lambda found: found["metadata"].setdefault("annotations", {}).update(note="x"))
    assert held.renew().holder == "a"
    api.change(PATH, lambda found: found["spec"].update(holderIdentity="b"))
    with pytest.raises(LeaseHeld, match="b holds it now"):
        held.renew()
