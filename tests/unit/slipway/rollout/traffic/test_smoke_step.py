"""The step at 0%: passed only when the data plane counted the checks at the candidate itself."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from slipway.release.errors import ClusterError
from slipway.rollout.routers.base import Split
from slipway.rollout.traffic import smoke_step
from slipway.rollout.traffic.smoke import Checked
from slipway.rollout.traffic.smoke_step import COUNTED_WITHIN, ROUNDS, open_preview, smoke
from tests.unit.slipway.rollout.examples import wanted
from tests.unit.slipway.rollout.simulation import Simulation

STRATEGY = {
    "kind": "blue-green",
    "bake": "10s",
    "preview": {"header": {"name": "X-Preview", "value": "yes"}},
    "smoke": [{"path": "/health", "times": 3}, {"path": "/cart"}],
}


class Stage:
    """A world whose checks end, round by round, as `rounds` says: the problem, and how many requests reached the
    candidate. All rounds after the last are like it."""

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        counted: float = 4.0,
        problem: str = "",
        rounds: Sequence[tuple[str, float]] = (),
    ) -> None:
        left = list(rounds or [(problem, counted)])
        self.world = Simulation(wanted(strategy=STRATEGY, gatewayUrl="http://gateway.example"))
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.total = 100.0
        monkeypatch.setattr(self.world.traffic, "requests", lambda sides: {sides[0].revision: self.total})

        def run(url: str, headers: dict[str, str], checks: object) -> Checked:
            self.asked.append((url, headers))
            said, reached = left.pop(0) if len(left) > 1 else left[0]
            self.total += reached
            return Checked(said, 2 if said else 4)  # the first request fails, and that of the other check follows

        monkeypatch.setattr(smoke_step, "run_checks", run)

    def run(self) -> str:
        split = Split(((self.world.old, 100.0), (self.world.wanted.candidate, 0.0)))
        open_preview(self.world.world, self.world.wanted, split, self.world.cancelled)
        return smoke(self.world.world, self.world.wanted, self.world.cancelled)


def test_checks_that_were_counted_at_the_candidate_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage(monkeypatch)
    assert stage.run() == ""
    assert stage.asked == [("http://gateway.example", {"Host": "checkout.example", "X-Preview": "yes"})]


def test_the_preview_is_open_before_it_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage(monkeypatch)
    stage.run()
    assert [{side.revision: share for side, share in split.shares} for split in stage.world.router.history] == [
        {"aaaaaaaa": 100.0, "bbbbbbbb": 0.0}
    ]


@pytest.mark.parametrize("counted", [0.0, 3.0])
def test_checks_that_something_else_answered_are_no_pass(monkeypatch: pytest.MonkeyPatch, counted: float) -> None:
    stage = Stage(monkeypatch, counted)
    began = stage.world.clock.now()
    assert stage.run() == "the 4 smoke request(s) passed, but the data plane did not count them at the candidate"
    assert stage.world.clock.now() - began >= COUNTED_WITHIN


def test_counters_may_come_a_little_later(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage(monkeypatch, counted=0.0)

    def scraped() -> None:
        stage.total += 4.0

    stage.world.clock.at(5.0, scraped)
    assert stage.run() == ""


FAILED = "GET /health answered 500, wanted 200"


def test_a_check_that_failed_at_the_candidate_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage(monkeypatch, counted=2.0, problem=FAILED)
    began = stage.world.clock.now()
    assert stage.run() == FAILED
    assert stage.world.clock.now() == began
    assert len(stage.asked) == 1


@pytest.mark.parametrize("elsewhere", ["", FAILED])
def test_a_preview_that_comes_into_force_late_is_asked_again(monkeypatch: pytest.MonkeyPatch, elsewhere: str) -> None:
    stage = Stage(monkeypatch, rounds=[(elsewhere, 0.0), (elsewhere, 0.0), ("", 4.0)])
    assert stage.run() == ""
    assert len(stage.asked) == 3


def test_a_failure_of_which_something_else_answered_a_part_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage(monkeypatch, rounds=[(FAILED, 1.0), ("", 4.0)])
    assert stage.run() == ""
    assert len(stage.asked) == 2


def test_what_fails_once_the_preview_is_in_force_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage(monkeypatch, rounds=[("", 0.0), (FAILED, 2.0), ("", 4.0)])
    assert stage.run() == FAILED
    assert len(stage.asked) == 2


def test_requests_of_an_earlier_round_are_no_proof_of_a_later_one(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage(monkeypatch, rounds=[("", 2.0), ("", 2.0), ("", 2.0)])
    assert "did not count them" in stage.run()
    assert len(stage.asked) == ROUNDS


def test_a_preview_that_never_answers_fails_with_what_was_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Stage(monkeypatch, counted=0.0, problem=FAILED).run() == FAILED


def test_an_interrupt_ends_the_wait_for_the_counters(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage(monkeypatch, counted=0.0)
    stage.world.clock.at(1.0, stage.world.cancelled.set)
    began = stage.world.clock.now()
    assert "did not count them" in stage.run()
    assert stage.world.clock.now() - began < 2.0


def test_counters_that_cannot_be_read_are_an_error_and_no_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage(monkeypatch)

    def away(sides: object) -> dict[str, float]:
        raise ClusterError("Prometheus is away")

    monkeypatch.setattr(stage.world.traffic, "requests", away)
    with pytest.raises(ClusterError, match="Prometheus is away"):
        stage.run()


def test_without_a_gateway_url_there_is_no_pass() -> None:
    world = Simulation(wanted(strategy=STRATEGY))
    assert smoke(world.world, world.wanted, world.cancelled) == "smoke checks need the stack setting gatewayUrl"
