"""`slipway release` on the real engine and cluster."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import yaml

from sandbox.paths import PROJECT
from sandbox.stage import manifests
from tests.integration.cli.conftest import FAST, SLOW, Slipway, StartLoad
from tests.integration.releases.service import Service, failures, until

SMALL = manifests.workload(replicas=2, readyWithin="15s")


def test_forward_is_one_command_from_the_first_release_on(service: Service, load: StartLoad, slipway: Slipway) -> None:
    first = slipway("release", "checkout", service.declare("v1", FAST, workload=SMALL), "--yes")
    assert (first["from"], first["to"]["version"]) == (None, "v1")
    assert service.serving() == "v1"
    before = service.stage.config_file.read_bytes()
    second = service.declare("v2", FAST, workload=SMALL)
    planned = slipway("release", "checkout", second, "--dry-run")
    assert planned["entry"]["after"] == {"manifest": second, "standby": service.paths["v1"]}
    assert service.stage.config_file.read_bytes() == before
    with load(rate=200) as traffic:
        done = slipway("release", "checkout", second, "--yes", "--reason", "CHG-7")
        assert failures(traffic) == []
    assert service.serving() == "v2"
    assert done["otherChanges"] == []
    assert service.stage.services()["checkout"] == planned["entry"]["after"]
    assert service.stage.preview("--expect-no-changes").code == 0
    assert "slipway release checkout: v1 -> v2: CHG-7" in service.stage.checked("stack", "history")
    again = slipway("release", "checkout", second, "--yes", code=1)
    assert "serves already" in again["error"]


def test_an_aborted_release_leaves_the_file_as_it_was(service: Service, load: StartLoad, slipway: Slipway) -> None:
    slipway("release", "checkout", service.declare("v1", FAST, workload=SMALL), "--yes")
    before = service.stage.config_file.read_bytes()
    with load(rate=100) as traffic:
        failed = slipway("release", "checkout", service.declare("never-ready", FAST, workload=SMALL), "--yes", code=1)
        assert failures(traffic) == []
    assert "Pulumi.test.yaml is as it was" in failed["error"]
    assert service.stage.config_file.read_bytes() == before
    assert service.serving() == "v1"


def test_a_release_that_is_killed_is_gone_on_with_by_the_next_command(
    service: Service, load: StartLoad, slipway: Slipway
) -> None:
    slipway("release", "checkout", service.declare("v1", FAST, workload=SMALL), "--yes")
    second = service.declare("v2", SLOW, workload=SMALL)
    command = [str(PROJECT / ".venv/bin/slipway"), "release", "checkout", second, "--stack", "test", "--yes"]
    with (
        load(rate=100) as traffic,
        subprocess.Popen(
            command,
            cwd=service.stage.folder,
            env=service.stage.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as process,
    ):
        until(lambda: service.serving() == "split", "both versions have traffic")
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        until(lambda: service.serving() == "v1", "the traffic is back")
        assert failures(traffic) == []
        locked = slipway("release", "checkout", second, "--yes", code=1)
        assert "`slipway recover`" in locked["error"]
        slipway("recover", "--yes")
        slipway("release", "checkout", service.declare("v2", FAST, workload=SMALL), "--yes")
        assert failures(traffic) == []
    assert service.serving() == "v2"
    assert service.stage.services()["checkout"] == {"manifest": second, "standby": service.paths["v1"]}


def test_a_rollback_is_drilled_under_traffic_and_the_stack_is_as_it_was(
    service: Service, load: StartLoad, slipway: Slipway, tmp_path: Path
) -> None:
    slipway("release", "checkout", service.declare("v1", FAST, workload=SMALL), "--yes")
    with load(rate=100) as traffic:
        slipway("release", "checkout", service.declare("v2", FAST, workload=SMALL), "--yes")
        config = yaml.safe_load(service.stage.config_file.read_text())
        config["config"]["releases:probe"] = {"rate": 10, "path": "/"}
        service.stage.config_file.write_text(yaml.safe_dump(config))
        before = service.stage.config_file.read_bytes()
        place = ("--manifest", service.paths["v2"], "--out", str(tmp_path / "drill.json"), "--unsigned", "--yes")
        done = slipway("drill", "rollback", *place)["predicate"]
        assert failures(traffic) == []
    assert (done["procedure"], done["outcome"], done["failedRequests"]) == ("rollback", "completed", 0)
    assert done["requests"] > 0
    assert service.serving() == "v2"
    assert service.stage.config_file.read_bytes() == before
    rows = slipway("history", "checkout")["services"]["checkout"]
    outcomes = [row["outcome"] for row in rows]
    assert [outcomes.count(one) for one in ("drill completed", "rolled-back (drill)", "rolled-back")] == [1, 2, 0]
    measures = slipway("history", "checkout", "--dora")["checkout"]
    assert [measures["failRate"][key] for key in ("cases", "of")] == [0, 2], "a rehearsal is no failure"
    assert slipway("audit", "checkout")["ok"]
