"""The fence: whatever happens in whatever order, no write after another may have the Lease."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.release.errors import LeaseLost, LeaseStale
from slipway.rollout.process.fence import UNFENCED, Fence, boot_clock
from slipway.rollout.safety.heartbeat import LEASE_SECONDS, RENEW_EVERY

WAIT = st.tuples(st.just("wait"), st.floats(0.0, 40.0))
RENEWAL = st.tuples(st.sampled_from(["answered", "failed"]), st.floats(0.0, 40.0))
"""How a renewal ends, and how many seconds after it was begun: the process may have slept meanwhile."""
LOSS = st.tuples(st.just("lost"), st.just(0.0))
EVENTS = st.lists(st.one_of(WAIT, WAIT, RENEWAL, RENEWAL, LOSS), max_size=12)


def writable(fence: Fence) -> bool:
    try:
        fence.check()
    except (LeaseLost, LeaseStale):
        return False
    return True


class Holder:
    """A fence, its clock, and what the server knows of its renewals."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.fence = Fence(lambda: self.now)
        self.fence.arm("r1")
        self.fence.note_renewal(self.now, LEASE_SECONDS)
        self.begun = self.now
        """When the last renewal that succeeded was begun: the server has it no earlier."""
        self.lost = False

    def play(self, event: str, seconds: float) -> None:
        begun = self.fence.now()
        self.now += seconds
        if event == "answered":
            self.fence.note_renewal(begun, LEASE_SECONDS)
            self.begun = begun
        if event == "lost":
            self.fence.lose("r2 holds it")
            self.lost = True


@given(EVENTS)
def test_nothing_is_written_later_than_the_margin_before_another_may_have_the_lease(
    events: list[tuple[str, float]],
) -> None:
    holder = Holder()
    for event, seconds in events:
        holder.play(event, seconds)
        good = holder.now - holder.begun <= LEASE_SECONDS - Fence.MARGIN
        assert writable(holder.fence) == (good and not holder.lost)


@given(EVENTS, EVENTS)
def test_what_another_took_does_not_come_back(before: list[tuple[str, float]], after: list[tuple[str, float]]) -> None:
    holder = Holder()
    for event, seconds in [*before, ("lost", 0.0), *after]:
        holder.play(event, seconds)
    assert not writable(holder.fence)
    with pytest.raises(LeaseLost, match="r2 holds it"):
        holder.fence.check()


def test_a_write_that_has_passed_has_time_and_a_few_renewals_may_fail() -> None:
    assert Fence.MARGIN >= RENEW_EVERY
    assert LEASE_SECONDS - Fence.MARGIN >= 3 * RENEW_EVERY


def test_without_a_lease_nothing_is_written() -> None:
    with pytest.raises(LeaseLost, match="no Lease is held"):
        Fence().check()


def test_a_new_lease_opens_a_fence_whose_former_one_was_lost() -> None:
    holder = Holder()
    holder.play("lost", 0.0)
    holder.fence.arm("r2")
    assert not writable(holder.fence)  # taken, but for how long is not known yet
    holder.fence.note_renewal(holder.fence.now(), LEASE_SECONDS)
    holder.fence.check()
    assert (holder.fence.writer, holder.fence.lost) == ("r2", None)


def test_the_first_reason_of_a_loss_stays() -> None:
    holder = Holder()
    holder.fence.lose("r2 holds it")
    holder.fence.lose("given back")
    assert holder.fence.lost == "r2 holds it"


def test_the_clock_counts_the_time_for_which_the_machine_sleeps(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def clock(which: int) -> float:
        asked.append(which)
        return 5.0

    monkeypatch.setattr("time.clock_gettime", clock)
    assert boot_clock() == 5.0
    assert asked == [7]  # CLOCK_BOOTTIME of Linux


def test_those_who_only_read_are_never_refused_and_own_nothing() -> None:
    UNFENCED.arm("r1")
    UNFENCED.lose("r2 holds it")
    UNFENCED.check()
    assert (UNFENCED.writer, UNFENCED.lost) == ("", None)


def test_a_lease_that_was_not_renewed_is_told_with_the_reason_until_it_is() -> None:
    holder = Holder()
    holder.fence.note_failure("the API server did not answer in time")
    holder.now += 12.0
    with pytest.raises(LeaseStale, match=r"not be renewed for 12s \(the API server did not answer in time\)"):
        holder.fence.check()
    holder.fence.note_renewal(holder.now, LEASE_SECONDS)
    holder.now += 12.0
    with pytest.raises(LeaseStale, match="not be renewed for 12s, so nothing"):
        holder.fence.check()
