"""Two writers of one service: one is stopped between any two requests, and wakes up when the other has taken over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import httpx2
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from slipway.release.errors import SlipwayError
from slipway.rollout.process.fence import Fence
from slipway.rollout.routers.base import Split
from tests.unit.slipway.rollout.api import Api, Json
from tests.unit.slipway.rollout.platforms.kubernetes.writes import (
    DEPLOYMENT,
    HALVES,
    NEW,
    OLD,
    WITH_PREVIEW,
    Adaptors,
    deploy,
)

Act = Callable[[Adaptors], object]
PROGRAM: dict[str, Act] = {
    "save": lambda made: made.save({"by": "a"}),
    "append": lambda made: made.journal.append("a", [{"n": 1}]),
    "whole": lambda made: made.shift(Split.whole(NEW)),
    "halves": lambda made: made.shift(HALVES),
    "preview": lambda made: made.shift(WITH_PREVIEW),
    "claim": lambda made: made.router.claim(),
    "up": lambda made: made.workloads.scale(OLD, 7),
    "down": lambda made: made.workloads.scale(OLD, 0),
    "delete route": lambda made: made.router.delete(),
    "delete journal": lambda made: made.journal.delete(),
    "renew": lambda made: made.lease.renew(),
}
HEIR: dict[str, tuple[Act, ...]] = {
    "goes on": (lambda made: made.shift(Split.whole(OLD)), lambda made: made.save({"by": "b"})),
    "previews": (lambda made: made.save({"by": "b"}), lambda made: made.shift(WITH_PREVIEW)),
    "only claims": (lambda made: made.save({"by": "b"}),),
    "removes everything": (
        lambda made: made.router.delete(),
        lambda made: made.journal.delete(),
        lambda made: made.lease.release(),
        lambda made: made.lease.delete(),
    ),
}


class Two:
    """`stop` is the request, counted from 0, around which the sleeper is stopped; `answered` when that was served."""

    def __init__(self, heir: str, stop: int, *, answered: bool) -> None:
        self.now = 1e6
        self.api = Api()
        self.heir = heir
        self.left: dict[str, Json] | None = None
        self.scaled = 0
        deploy(self.api)
        fence = Fence(lambda: self.now)
        self.sleeper = Adaptors(self.api, fence, lambda: self.now)
        self.sleeper.take("a")
        fence.arm("a")
        fence.note_renewal(self.now, 15)
        self.sleeper.save({"by": "a", "n": 0})
        self.sleeper.shift(Split.whole(OLD))
        self.first = len(self.api.requests) + stop
        if answered:
            self.api.on_answer = self.stop
        else:
            self.api.on_request = self.stop

    def stop(self, _: httpx2.Request) -> None:
        if len(self.api.requests) > self.first:
            self.api.on_request = self.api.on_answer = lambda _: None
            self.take_over()

    def take_over(self) -> None:
        """As `hold_lease` and what runs in it do: wait for the Lease, claim the route, then go on."""
        fence = Fence(lambda: self.now)
        made = Adaptors(self.api, fence, lambda: self.now)
        made.lease.read()
        self.now += 15.1
        made.lease.acquire("b", 15)
        fence.arm("b")
        fence.note_renewal(self.now, 15)
        made.router.claim()
        for act in HEIR[self.heir]:
            act(made)
        self.left, self.scaled = self.seen, self.replicas
        self.api.requests.clear()

    @property
    def seen(self) -> dict[str, Json]:
        """Everything but the sleeper's own records of what it measured, which nobody else writes or decides by, and the
        replicas."""
        found = {path: one for path, one in self.api.content.items() if ".a." not in path}
        found[DEPLOYMENT]["spec"].pop("replicas")
        return found

    @property
    def replicas(self) -> int:
        return int(self.api.objects[DEPLOYMENT]["spec"]["replicas"])

    @property
    def unchanged(self) -> bool:
        """Whether all is as the heir left it. Replicas may be more: a scale that came late is not taken back then."""
        return self.seen == self.left and self.replicas >= self.scaled


def wake(two: Two, program: list[str]) -> None:
    for name in program:
        try:
            PROGRAM[name](two.sleeper)
        except SlipwayError:
            # The worst that a process can do: it goes on with whatever comes next.
            continue


@settings(max_examples=400)
@given(
    program=st.lists(st.sampled_from(list(PROGRAM)), min_size=1, max_size=5),
    heir=st.sampled_from(list(HEIR)),
    stop=st.integers(0, 30),
    answered=st.booleans(),
)
@example(program=["whole"], heir="goes on", stop=1, answered=False)
@example(program=["delete route", "whole"], heir="removes everything", stop=5, answered=False)
@example(program=["preview"], heir="goes on", stop=1, answered=False)
@example(program=["down"], heir="only claims", stop=1, answered=False)
def test_who_slept_while_another_took_over_changes_nothing(
    program: list[str], heir: str, stop: int, answered: bool
) -> None:
    two = Two(heir, stop, answered=answered)
    wake(two, program)
    if two.left is None:
        return  # It was done before it was stopped.
    assert two.unchanged
    # One write may have been under way, and is refused or taken back; nothing is begun.
    assert len([one for one in two.api.writes if ".a." not in one.url.path]) <= 2


@dataclass(frozen=True)
class Sent:
    """What the sleeper sent after it woke up."""

    writes: int
    same: bool


def tried(act: str, stop: int, *, answered: bool, heir: str = "goes on") -> Sent | None:
    two = Two(heir, stop, answered=answered)
    wake(two, [act])
    return None if two.left is None else Sent(len(two.api.writes), two.unchanged)


@pytest.mark.parametrize("heir", HEIR)
@pytest.mark.parametrize("act", [name for name in PROGRAM if name != "append"])
def test_wherever_one_write_is_stopped_it_changes_nothing(act: str, heir: str) -> None:
    found = [tried(act, stop, answered=answered, heir=heir) for stop in range(12) for answered in (False, True)]
    reached = [one for one in found if one is not None]
    assert len(reached) >= 2
    assert all(one.same for one in reached)
    # Only where it was stopped with a write under way is one sent, and at most one more to take it back.
    assert sum(one.writes == 0 for one in reached) >= len(reached) // 2
