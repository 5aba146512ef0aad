"""Ctrl-C and kill -9 at awkward moments: traffic is whole on one ready version, and the next run understands."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import psutil
import pytest

from sandbox.sample.load import Load
from sandbox.stage import manifests
from sandbox.stage.project import interrupt, kill
from slipway.release.records.journal import Outcome
from tests.integration.releases.conftest import StartLoad
from tests.integration.releases.service import Service, failures, traffic_at, until

LONG = {"kind": "canary", "steps": [{"weight": 50, "bake": "120s"}, {"weight": 100, "bake": "2s"}]}
SAFE_WITHIN = 60.0


def providers_of(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """The rollout plugin below the CLI, without its watchdog."""
    children = psutil.Process(process.pid).children(recursive=True)
    return [child for child in children if any(part.endswith("/slipway/plugin") for part in _words(child))]


def watchdogs_of(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """The watchdogs of the plugins below the CLI."""
    children = psutil.Process(process.pid).children(recursive=True)
    return [child for child in children if "slipway.rollout.safety.watchdog" in _words(child)]


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def in_flight(service: Service, traffic: Load, log: Path, version: str = "v2") -> subprocess.Popen[bytes]:
    """`pulumi up` of this version, stopped by the test in its first step."""
    service.configure(version, LONG)
    process = service.stage.start_up(log)
    traffic_at(traffic, version)
    return process


def whole_on(service: Service, version: str) -> None:
    until(lambda: service.serving() == version, f"traffic whole on {version}", SAFE_WITHIN)


def test_ctrl_c_puts_the_traffic_back_and_leaves_no_traceback(
    service: Service, load: StartLoad, tmp_path: Path
) -> None:
    service.released("v1")
    with load(rate=100) as traffic:
        process = in_flight(service, traffic, tmp_path / "log")
        assert interrupt(process) != 0
        assert service.serving() == "v1"
        assert failures(traffic) == []
    output = (tmp_path / "log").read_text()
    assert "interrupted" in output
    assert "Traceback" not in output
    attempt = service.head().attempt
    assert attempt is not None
    assert (attempt.outcome, attempt.by) == (Outcome.INTERRUPTED, "executor")
    assert service.head().quarantined == {}


@pytest.mark.parametrize("victims", ["cli", "provider", "both"])
def test_after_kill_9_the_watchdog_makes_the_traffic_whole(
    service: Service, load: StartLoad, tmp_path: Path, victims: str
) -> None:
    service.released("v1")
    with load(rate=100) as traffic:
        process = in_flight(service, traffic, tmp_path / "log")
        providers = providers_of(process)
        assert providers
        if victims != "cli":
            for provider in providers:
                provider.kill()
        if victims != "provider":
            kill(process)
        process.wait(60)
        whole_on(service, "v1")
        assert failures(traffic) == []
    until(lambda: not service.head().unfinished, "the journal is settled")
    attempt = service.head().attempt
    assert attempt is not None
    assert (attempt.outcome, attempt.by) == (Outcome.INTERRUPTED, "watchdog")
    service.stage.run("cancel", "--yes")
    service.back_to("v1")
    result = service.stage.up()
    assert result.code == 0, result.output
    until(lambda: len(service.deployments()) == 1, "the old workload is gone")
    assert service.stage.preview("--expect-no-changes").code == 0


@pytest.mark.parametrize("then", ["v1", "v2"])
def test_with_the_watchdog_killed_too_the_next_up_repairs_before_it_deletes(
    service: Service, load: StartLoad, tmp_path: Path, then: str
) -> None:
    service.released("v1")
    with load(rate=300) as traffic:
        process = in_flight(service, traffic, tmp_path / "log")
        dogs = watchdogs_of(process)
        assert dogs
        for dog in dogs:
            dog.suspend()  # Killed first, it would be replaced.
        for provider in providers_of(process):
            provider.kill()
        kill(process)
        for dog in dogs:
            dog.kill()
        assert service.head().unfinished
        assert len(service.live().shares) == 2
        service.stage.run("cancel", "--yes")
        if then == "v1":
            service.back_to("v1")
        else:
            service.configure("v2", manifests.CANARY)
        result = service.stage.up()
        assert result.code == 0, result.output
        assert service.serving() == then
        assert failures(traffic) == []
    until(lambda: len(service.deployments()) == 1, "the old workload is gone")
    assert service.stage.preview("--expect-no-changes").code == 0


def test_a_second_up_beside_a_live_one_is_refused_by_the_lease(
    service: Service, load: StartLoad, tmp_path: Path
) -> None:
    service.released("v1")
    with load(rate=100) as traffic:
        process = in_flight(service, traffic, tmp_path / "log")
        service.stage.run("cancel", "--yes")
        service.configure("v3")
        second = service.stage.up()
        assert second.code != 0
        assert "another rollout" in second.output
        assert len(service.live().shares) == 2
        interrupt(process)
        assert service.serving() == "v1"
        assert failures(traffic) == []


def test_a_kill_after_the_commit_leaves_the_traffic_on_the_new_version(
    service: Service, load: StartLoad, tmp_path: Path
) -> None:
    service.released("v1")
    with load(rate=300) as traffic:
        service.configure("v2")
        process = service.stage.start_up(tmp_path / "log")
        until(lambda: _committed(service), "the commit", 120)
        process.send_signal(signal.SIGKILL)
        process.wait(60)
        whole_on(service, "v2")
        service.stage.run("cancel", "--yes")
        result = service.stage.up()
        assert result.code == 0, result.output
        assert service.serving() == "v2"
        assert failures(traffic) == []
    assert service.stage.preview("--expect-no-changes").code == 0


def _committed(service: Service) -> bool:
    serving = service.head().serving
    return serving is not None and serving.backend.version == "v2"


def test_after_a_kill_past_the_commit_the_old_manifest_returns_in_one_switch(
    service: Service, load: StartLoad, tmp_path: Path
) -> None:
    service.released("v1")
    with load(rate=300) as traffic:
        service.configure("v2")
        process = service.stage.start_up(tmp_path / "log")
        until(lambda: _committed(service), "the commit", 120)
        os.kill(process.pid, signal.SIGKILL)
        process.wait(60)
        service.stage.run("cancel", "--yes")
        service.back_to("v1")
        result = service.stage.up()
        assert result.code == 0, result.output
        assert service.serving() == "v1"
        assert failures(traffic) == []
