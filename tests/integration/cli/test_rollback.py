"""`slipway rollback` on the real engine and cluster."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

from sandbox.paths import PROJECT
from sandbox.stage import manifests
from tests.integration.cli.conftest import FAST, Slipway, StartLoad
from tests.integration.releases.service import Service, failures, until

WAITING = manifests.workload(replicas=2, readyWithin="15s")


def stack_file(service: Service) -> Path:
    return service.stage.folder / "Pulumi.test.yaml"


def first_and_second(service: Service, load: StartLoad, standby: str | None = "v1") -> None:
    service.released("v1", FAST, workload=WAITING)
    with load(rate=200):
        service.released("v2", FAST, workload=WAITING, standby=standby)


def no_room(service: Service) -> None:
    """From now on the namespace takes no new pod."""
    service.kubectl("create", "quota", "full", "--hard=pods=2")


def test_a_rollback_to_a_warm_release_is_one_switch_that_deletes_nothing(
    service: Service, load: StartLoad, slipway: Slipway
) -> None:
    first_and_second(service, load)
    with load(rate=200) as traffic:
        done = slipway("rollback", "checkout", "--yes", "--reason", "INC-7")
        assert failures(traffic) == []
    assert service.serving() == "v1"
    assert (done["from"]["version"], done["to"]["version"], done["warm"]) == ("v2", "v1", True)
    assert done["steps"] == "return to a known good revision: 100% for 0s"
    assert {change["op"] for change in done["changes"]} == {"update"}
    assert "slipway:index:Rollout" in {change["type"] for change in done["changes"]}
    assert done["otherChanges"] == []
    assert service.stage.services()["checkout"] == {"manifest": service.paths["v1"], "standby": service.paths["v2"]}
    assert len(service.deployments()) == 2
    assert service.stage.preview("--expect-no-changes").code == 0
    assert "slipway rollback checkout: v2 -> v1: INC-7" in service.stage.checked("stack", "history")
    refused = slipway("rollback", "checkout", "--yes", code=1)
    assert "no earlier good release is known here; --to can name v2" in refused["error"]
    again = slipway("rollback", "checkout", "--yes", "--to", "v2")
    assert again["entry"]["after"] == {"manifest": service.paths["v2"], "standby": service.paths["v1"]}
    assert service.serving() == "v2"


def test_a_plan_writes_nothing(service: Service, load: StartLoad, slipway: Slipway) -> None:
    first_and_second(service, load)
    before, objects = stack_file(service).read_bytes(), service.written()
    assert slipway("rollback", "checkout", "--plan")["to"]["version"] == "v1"
    unasked = service.stage.slipway("rollback", "checkout", "--stack", "test")
    assert (unasked.code, "add --yes" in unasked.output) == (2, True)
    assert stack_file(service).read_bytes() == before
    assert service.written() == objects


def test_a_rollback_to_a_release_that_cannot_become_ready_leaves_everything_as_it_was(
    service: Service, load: StartLoad, slipway: Slipway
) -> None:
    first_and_second(service, load, standby=None)
    no_room(service)
    before = stack_file(service).read_bytes()
    with load(rate=100) as traffic:
        failed = slipway("rollback", "checkout", "--yes", code=1)
        assert failures(traffic) == []
    assert "not ready within 15s" in failed["error"]
    assert "Pulumi.test.yaml is as it was" in failed["error"]
    assert stack_file(service).read_bytes() == before
    assert service.serving() == "v2"


def test_an_interrupt_during_a_rollback_leaves_everything_as_it_was(service: Service, load: StartLoad) -> None:
    first_and_second(service, load, standby=None)
    no_room(service)
    before = stack_file(service).read_bytes()
    command = [str(PROJECT / ".venv/bin/slipway"), "rollback", "checkout", "--stack", "test", "--yes"]
    with subprocess.Popen(
        command,
        cwd=service.stage.folder,
        env=service.stage.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        until(lambda: service.head().unfinished, "the rollout back is in flight")
        os.killpg(process.pid, signal.SIGINT)
        output = process.communicate()[0]
    assert process.returncode == 1, output
    assert "interrupted" in output.splitlines()[-1]
    assert "Traceback" not in output
    assert stack_file(service).read_bytes() == before
    assert service.serving() == "v2"
    assert not service.head().unfinished


def test_after_an_abort_the_configuration_returns_to_what_serves(
    service: Service, load: StartLoad, slipway: Slipway
) -> None:
    first_and_second(service, load)
    assert service.release("never-ready", FAST, workload=WAITING, standby="v2").code != 0
    assert len(service.deployments()) == 3
    with load(rate=100) as traffic:
        done = slipway("rollback", "checkout", "--yes")
        assert failures(traffic) == []
    assert (done["to"]["version"], done["movesTraffic"]) == ("v2", False)
    assert service.stage.services()["checkout"] == {"manifest": service.paths["v2"], "standby": service.paths["v1"]}
    assert service.serving() == "v2"
    until(lambda: len(service.deployments()) == 2, "the candidate that was aborted is gone")
