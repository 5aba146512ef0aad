"""`status`, the intents, and `recover` on a real rollout."""

from __future__ import annotations

from pathlib import Path

from sandbox.stage.project import kill
from tests.integration.cli.conftest import FAST, SLOW, Slipway, StartLoad
from tests.integration.releases.service import Service, failures, traffic_at, until


def test_a_rollout_obeys_its_operator(service: Service, load: StartLoad, slipway: Slipway, tmp_path: Path) -> None:
    service.released("v1", FAST)
    assert "no rollout is in flight, v1" in slipway("abort", "checkout", code=1)["error"]
    service.configure("v2", SLOW)
    with load(rate=200) as traffic:
        process = service.stage.start_up(tmp_path / "up.log")
        traffic_at(traffic, "v2")
        assert slipway("pause", "checkout", "--wait", "--reason", "look at it")["acknowledged"]
        (seen,) = slipway("status")["services"]
        assert (seen["inFlight"], seen["paused"], seen["lease"]["state"]) == (True, True, "renewed")
        assert sorted(seen["route"]["weights"].values()) == [50.0, 50.0]
        assert [step["weight"] for step in seen["attempt"]["steps"]] == [50.0]
        refused = slipway("rollback", "checkout", "--plan", code=1)
        assert "the rollback aborts it first" in refused["error"]
        held = slipway("recover", "--yes", code=1)
        assert "its Lease is held by" in held["error"]
        assert slipway("resume", "checkout", "--wait")["outcome"] == "running"
        assert slipway("promote", "checkout", "--wait")["acknowledged"]
        until(lambda: len(service.head().attempt.steps) == 2, "the next step")  # type: ignore[union-attr]
        assert process.wait(60) == 0
        assert failures(traffic) == []
    assert service.serving() == "v2"
    log = (tmp_path / "up.log").read_text()
    assert "pause by" in log
    assert "look at it" in log


def test_an_abort_puts_the_traffic_back_before_it_says_so(
    service: Service, load: StartLoad, slipway: Slipway, tmp_path: Path
) -> None:
    service.released("v1", FAST)
    service.configure("v2", SLOW)
    with load(rate=200) as traffic:
        process = service.stage.start_up(tmp_path / "up.log")
        traffic_at(traffic, "v2")
        assert slipway("abort", "checkout", "--wait", "--reason", "wrong colour")["outcome"] == "aborted"
        assert service.serving() == "v1"
        assert process.wait(60) != 0
        assert failures(traffic) == []
    text = service.stage.slipway("status", "checkout", "--stack", "test").output
    assert "quarantined  v2" in text
    assert "wrong colour" in text


def test_a_rollback_during_a_rollout_aborts_it_and_goes_back_in_one_command(
    service: Service, load: StartLoad, slipway: Slipway, tmp_path: Path
) -> None:
    service.released("v1", FAST)
    service.configure("v2", SLOW)
    with load(rate=200) as traffic:
        process = service.stage.start_up(tmp_path / "up.log")
        traffic_at(traffic, "v2")
        done = slipway("rollback", "checkout", "--yes", "--reason", "wrong colour")
        assert (done["to"]["version"], done["movesTraffic"]) == ("v1", False)
        assert process.wait(60) != 0
        assert failures(traffic) == []
    assert service.serving() == "v1"
    assert service.stage.services()["checkout"] == {"manifest": service.paths["v1"]}
    until(lambda: len(service.deployments()) == 1, "the candidate that was aborted is gone")
    assert service.stage.preview("--expect-no-changes").code == 0


def test_what_a_kill_leaves_behind_is_shown_and_cleared(
    service: Service, load: StartLoad, slipway: Slipway, tmp_path: Path
) -> None:
    service.released("v1", FAST)
    service.configure("v2", SLOW)
    with load(rate=200) as traffic:
        process = service.stage.start_up(tmp_path / "up.log")
        traffic_at(traffic, "v2")
        kill(process)
        until(lambda: not service.head().unfinished, "the watchdog has put the traffic back")
        until(lambda: service.world.lease.read() is None, "the watchdog gives the Lease back")
        listed = service.stage.slipway("recover", "--stack", "test")
        assert (listed.code, "nothing was cleared, --yes clears it" in listed.output) == (0, True)
        found = slipway("recover", "--yes")
        assert [lock["pid"] for lock in found["locks"]] == [process.pid]
        assert {one["operation"] for one in found["pendingOperations"]} == {"updating"}
        assert (found["cleared"], found["next"]) == (True, "pulumi up --stack test")
        again = slipway("recover", "--yes")
        assert (again["locks"], again["pendingOperations"], again["cleared"]) == ([], [], False)
        done = slipway("rollback", "checkout", "--yes")
        assert (done["to"]["version"], done["movesTraffic"]) == ("v1", False)
        assert failures(traffic) == []
    assert service.serving() == "v1"
    until(lambda: len(service.deployments()) == 1, "the candidate that was interrupted is gone")
