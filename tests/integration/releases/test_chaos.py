"""Random kills in a row during rollouts, from one seed. `make chaos` does twenty; the suite does a few."""

from __future__ import annotations

import os
import random
from pathlib import Path

import psutil

from sandbox.stage import manifests
from tests.integration.releases.conftest import StartLoad
from tests.integration.releases.service import Service, failures, until

KILLS = int(os.environ.get("SLIPWAY_CHAOS_KILLS", "3"))
SEED = int(os.environ.get("SLIPWAY_CHAOS_SEED", "20261123"))
LONGEST_WAIT = 25.0
VICTIMS = ("cli", "provider", "both", "all")


def _strike(process: psutil.Popen, victims: str) -> None:
    """kill -9 of the named; `all` takes the watchdog as well, which is stopped first: killed first, it is replaced."""
    children = process.children(recursive=True)
    plugins = [child for child in children if "/rollout " in _line(child)]
    dogs = [child for child in children if "rollout.watchdog" in _line(child)] if victims == "all" else []
    for dog in dogs:
        dog.suspend()
    if victims != "cli":
        for plugin in plugins:
            plugin.kill()
    if victims != "provider":
        process.kill()
    for dog in dogs:
        dog.kill()
    process.wait(60)


def _line(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline()) + " "
    except psutil.NoSuchProcess:
        return ""


def test_random_kills_leave_no_stuck_state_and_cost_no_request(
    service: Service, load: StartLoad, tmp_path: Path
) -> None:
    dice = random.Random(SEED)  # noqa: S311 - reproducible chaos
    versions = ("v1", "v2", "v3", "v4", "v5")
    service.released("v1")
    current = "v1"
    with load(rate=300, duration=1800.0) as traffic:
        for number in range(KILLS):
            image = versions[(number + 1) % len(versions)]
            name = f"{image}-{number}"
            workload = manifests.workload(replicas=2, env={"RELEASE": str(number)})
            service.configure(name, image=image, workload=workload)
            victims, delay = dice.choice(VICTIMS), dice.uniform(1.0, LONGEST_WAIT)
            told = f"kill {number} (seed {SEED}): {victims} after {delay:.1f}s"
            process = psutil.Popen(
                ["pulumi", "up", "--yes", "--skip-preview", "--non-interactive", "--stack", "test"],
                cwd=service.stage.folder,
                env=service.stage.environment,
                stdin=-3,
                stdout=(tmp_path / f"{number}.log").open("wb"),
                stderr=-2,
                start_new_session=True,
            )
            try:
                process.wait(delay)
            except psutil.TimeoutExpired:
                _strike(process, victims)
            if victims != "all":
                until(lambda: not service.head().unfinished and service.serving() != "split", told, 30)
            service.stage.run("cancel", "--yes")
            if dice.random() < 0.5 and _serving(service) == current:
                service.back_to(current)
            result = service.stage.up()
            assert result.code == 0, f"{told}\n{result.output}"
            current = _serving(service)
            assert not service.head().unfinished, told
            assert failures(traffic) == [], told
    assert service.stage.preview("--expect-no-changes").code == 0


def _serving(service: Service) -> str:
    serving = service.head().serving
    assert serving is not None
    return serving.backend.version
