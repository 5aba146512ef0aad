"""The operator's commands as they are called, on worlds in memory."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from slipway.cli.main import cli
from slipway.release.errors import LeaseHeld
from slipway.release.records import journal
from slipway.release.records.journal import Head, Outcome, read_head
from slipway.rollout.adapters import Adapters
from slipway.rollout.platforms.base import LeaseState
from slipway.rollout.platforms.memory import MemoryIntents, MemoryJournalStore, MemoryLease, MemoryWorkloads
from slipway.rollout.routers.base import Split
from slipway.rollout.routers.memory import MemoryRouter
from slipway.rollout.safety.holder import watch_lease
from tests.unit.slipway.cli.examples import NOW, ScriptedLease, attempt, backend, head, held, world

RUNNING = head(attempt=attempt(), stack="shop/prod")


class Cluster:
    """The world that every command finds."""

    def __init__(self, found: Adapters) -> None:
        self.world = found

    @property
    def head(self) -> Head:
        stored = self.world.journal.load()
        assert stored is not None
        return read_head(stored.content)

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(cli, [*arguments, "--namespace", "shop"])

    def said(self, *arguments: str) -> dict[str, Any]:
        """The JSON of a command that must succeed."""
        result = self.run(*arguments, "--json")
        assert result.exit_code == 0, result.output
        return dict(json.loads(result.stdout))


class Renewing(MemoryLease):
    """Held by somebody who renews it each time that it is looked at."""

    def acquire(self, holder: str, duration: float, role: Any = "rollout") -> LeaseState:
        raise LeaseHeld("another rollout of checkout is in flight")

    def read(self) -> LeaseState:
        self.looks = getattr(self, "looks", 0) + 1
        return held(renewed=NOW + self.looks)


@pytest.fixture
def put(monkeypatch: pytest.MonkeyPatch) -> Any:
    def _put(found: Adapters) -> Cluster:
        monkeypatch.setattr("slipway.rollout.assemble.connect_adapters", lambda service, target: found)
        return Cluster(found)

    return _put


def abandoned(what: Head = RUNNING) -> Adapters:
    """A rollout at 25% of which nobody is left; its Lease has run out."""
    store, router, workloads = MemoryJournalStore(), MemoryRouter(), MemoryWorkloads()
    store.save(what.to_json(), None)
    for side in (backend("a"), backend("b")):
        workloads.put(side)
    if what.serving is not None:
        router.apply(what.serving.route, Split(((backend("a"), 75.0), (backend("b"), 25.0))), None)
    return Adapters(
        router=router,
        workloads=workloads,
        lease=MemoryLease(lambda: NOW),
        journal=store,
        intents=MemoryIntents(),
        now=lambda: NOW,
    )


def whole(found: Adapters) -> dict[str, float]:
    live = found.router.read()
    assert live is not None
    return {name: share for name, share in live.shares.items() if share > 0}


def test_an_abort_of_a_rollout_that_nobody_carries_out_puts_the_traffic_back_itself(put: Any) -> None:
    cluster = put(abandoned())
    said = cluster.said("abort", "checkout", "--reason", "host lost")
    assert (said["by"], said["outcome"], said["intent"]) == ("this command", "interrupted", None)
    assert said["traffic"] == "all traffic is on version-a (aaaaaaaa)"
    assert whole(cluster.world) == {"checkout-aaaaaaaa": 100.0}
    ended = cluster.head.attempt
    assert ended is not None
    assert "host lost" in ended.reason
    assert not cluster.head.unfinished
    assert cluster.world.lease.read() is None


def test_a_lease_that_was_renewed_just_before_its_holder_died_is_no_sign_of_life(
    put: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Died(MemoryLease):
        """Renewed a moment ago, and never again; another may take it."""

        def read(self) -> LeaseState:
            return held(age=0.5)

    at_once = partial(watch_lease, pause=lambda seconds: None)
    monkeypatch.setattr("slipway.cli.ending.watch_lease", at_once)
    found = replace(abandoned(), lease=Died(lambda: NOW))
    monkeypatch.setattr(MemoryLease, "acquire", lambda self, holder, duration, role="rollout": held())
    monkeypatch.setattr(MemoryLease, "release", lambda self: None)
    cluster = put(found)
    assert cluster.said("abort", "checkout")["by"] == "this command"
    assert whole(found) == {"checkout-aaaaaaaa": 100.0}


def test_an_abort_says_what_comes_next(put: Any) -> None:
    text = put(abandoned()).run("abort", "checkout").output
    assert "no process runs rollout r1 any more" in text
    assert "the traffic is back, all traffic is on version-a (aaaaaaaa); next: `pulumi up`" in text


def test_an_abort_of_a_living_rollout_is_its_own_work(put: Any) -> None:
    cluster = put(world(RUNNING, Renewing(lambda: NOW)))
    said = cluster.said("abort", "checkout")
    assert (said["by"], said["outcome"], said["acknowledged"]) == ("rollout", None, False)
    told = cluster.world.intents.read()
    assert told is not None
    assert told.action == "abort"


def test_an_abort_without_a_rollout_is_refused(put: Any) -> None:
    result = put(world(head())).run("abort", "checkout", "--json")
    assert result.exit_code == 1
    assert "no rollout is in flight" in json.loads(result.stdout)["error"]


@pytest.mark.parametrize(("more", "scope"), [((), "step"), (("--all",), "all")])
def test_a_promotion_is_of_one_step_or_of_all(put: Any, more: tuple[str, ...], scope: str) -> None:
    cluster = put(world(RUNNING))
    assert cluster.said("promote", "checkout", *more)["scope"] == scope
    told = cluster.world.intents.read()
    assert told is not None
    assert told.scope == scope


def test_only_a_promotion_can_be_of_all_steps(put: Any) -> None:
    assert put(world(RUNNING)).run("pause", "checkout", "--all").exit_code == 2


def settled(**changes: Any) -> Adapters:
    """A service that serves, with a free Lease."""
    return abandoned(head(**{"stack": "shop/prod", **changes}))


def test_a_service_is_handed_over_with_a_reason(put: Any) -> None:
    cluster = put(settled())
    said = cluster.said("hand-over", "checkout", "--to", "market/prod", "--reason", "team moved")
    assert (said["owner"], said["handedTo"]) == ("shop/prod", "market/prod")
    assert journal.owner_problem(cluster.head, "market/prod") is None
    assert "team moved" in (cluster.head.handed_by or "")
    assert cluster.world.lease.read() is None


def test_a_hand_over_to_the_owner_withdraws_the_offer(put: Any) -> None:
    cluster = put(settled(handed_to="market/prod", handed_by="somebody: because"))
    text = cluster.run("hand-over", "checkout", "--to", "shop/prod", "--reason", "a mistake").output
    assert "stays with shop/prod" in text
    assert (cluster.head.handed_to, cluster.head.handed_by) == (None, None)


def test_nothing_is_handed_over_during_a_rollout(put: Any) -> None:
    result = put(abandoned()).run("hand-over", "checkout", "--to", "market/prod", "--reason", "x")
    assert (result.exit_code, "a rollout is unfinished" in result.output) == (1, True)


def test_nothing_is_handed_over_while_another_holds_the_lease(put: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("slipway.rollout.safety.heartbeat.RENEW_EVERY", 0.01)
    found = replace(settled(), lease=Renewing(lambda: NOW))
    result = put(found).run("hand-over", "checkout", "--to", "market/prod", "--reason", "x")
    assert (result.exit_code, "is in flight" in result.output) == (1, True)


@pytest.mark.parametrize("to", ["prod", "shop/", "a b/c", "shop/prod/x"])
def test_a_hand_over_names_project_and_stack(put: Any, to: str) -> None:
    result = put(settled()).run("hand-over", "checkout", "--to", to, "--reason", "x")
    assert (result.exit_code, "name project and stack" in result.output) == (1, True)


def test_what_was_never_released_cannot_be_handed_over(put: Any) -> None:
    found = abandoned()
    found.journal.delete()
    cluster = put(found)
    assert "nothing was released here" in cluster.run("hand-over", "checkout", "--to", "a/b", "--reason", "x").output
    assert found.lease.read() is None


def test_what_serves_nothing_is_forgotten(put: Any) -> None:
    cluster = put(abandoned(head(serving=None, attempt=attempt(outcome=Outcome.ABORTED))))
    assert cluster.run("forget", "checkout").exit_code == 2, "nobody can be asked"
    assert cluster.said("forget", "checkout", "--yes")["ok"]
    assert cluster.world.journal.load() is None
    assert cluster.world.router.read() is None


def test_what_serves_is_not_forgotten(put: Any) -> None:
    cluster = put(settled())
    result = cluster.run("forget", "checkout", "--yes")
    assert (result.exit_code, "version-a (aaaaaaaa) serves" in result.output) == (1, True)
    assert cluster.world.journal.load() is not None


def test_a_first_release_in_flight_is_not_forgotten(put: Any) -> None:
    cluster = put(world(head(serving=None, attempt=attempt()), ScriptedLease(held())))
    assert cluster.run("forget", "checkout", "--yes").exit_code == 1
    assert cluster.world.journal.load() is not None


def test_the_folder_of_a_project_is_not_needed_with_a_namespace(put: Any, tmp_path: Path) -> None:
    cluster = put(abandoned())
    assert cluster.run("abort", "checkout", "--cwd", str(tmp_path)).exit_code == 0
