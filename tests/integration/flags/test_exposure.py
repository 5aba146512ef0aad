"""The exposure of a guarded flag by the real engine: a good one, a bad one, and one whose provider dies."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.chaos.processes import Checkout, kill_but_watchdogs
from sandbox.stage.project import Stage
from slipway.rollout.flags.writer import FlagWriter
from tests.flags import NEW_CART, text
from tests.integration.flags.counting import GUARDRAIL, Counts, serving
from tests.integration.flags.test_engine import writer_of

KEY = "new-cart"
WITHIN = 60.0


def declare(project: Stage, *steps: float, bake: str = "6s") -> None:
    """Write the file with the one flag."""
    analysis = {"tick": "1s", "dwell": "5s", "errorGrace": "10s", "expected": {"rate": 400, "badShare": "0.1%"}}
    exposure = {"steps": [{"percent": step, "bake": bake} for step in steps], "analysis": analysis}
    flag: dict[str, Any] = {**NEW_CART, "exposure": exposure, "guardrails": [GUARDRAIL]}
    (project.folder / "flags.yaml").write_text(text({KEY: flag}))


@pytest.fixture
def counts(project: Stage) -> Iterator[Counts]:
    """What the metrics of the project's stack are."""
    made = Counts(KEY)
    with serving(made) as url:
        content = yaml.safe_load(project.config_file.read_text())
        content["config"]["releases:metrics"] = {"kind": "prometheus", "url": url}
        project.config_file.write_text(yaml.safe_dump(content))
        made.writer = writer_of(project)
        yield made


def percent(writer: FlagWriter) -> float:
    """How many get the new behaviour."""
    reached = writer.load().reached.get(KEY)
    return reached.percent if reached is not None else 0.0


def test_a_healthy_feature_is_exposed_step_by_step_and_then_nothing_is_left_to_do(
    project: Stage, counts: Counts
) -> None:
    declare(project, 25, 100)
    preview = project.preview()
    assert "0% -> 100%, on instead of off: 25% for 6s, 100% for 6s" in preview.output
    done = project.up()
    assert done.code == 0, done.output
    assert "new-cart: 25% get on" in done.output
    writer = writer_of(project)
    assert percent(writer) == 100.0
    document = writer.read_document()
    assert document is not None
    assert "fractional" in str(document.content["flags"][KEY]["targeting"])
    assert project.run("preview", "--expect-no-changes").code == 0


def test_a_feature_that_fails_is_killed_by_its_guard_and_stays_off(project: Stage, counts: Counts) -> None:
    declare(project, 25, 100)
    counts.bad = 0.2
    failed = project.up()
    assert failed.code != 0
    assert "new-cart is off for all users until `slipway resume new-cart`" in failed.output
    assert "no user is measured to get on any more" in failed.output
    writer = writer_of(project)
    kill = writer.load().killed(KEY)
    assert kill is not None
    assert kill.by == "guard"
    counts.bad = 0.0
    again = project.up()
    assert again.code == 0, again.output
    assert "killed by guard" in again.output
    assert percent(writer) == 0.0
    resumed = project.slipway("resume", KEY, "--reason", "mended", "--stack", project.stack)
    assert resumed.code == 0, resumed.output
    assert project.up().code == 0
    assert percent(writer) == 100.0


def test_an_exposure_whose_provider_dies_is_turned_back_by_the_watchdog(
    project: Stage, counts: Counts, tmp_path: Path
) -> None:
    declare(project, 25, 100, bake="120s")
    own = tmp_path / "kubeconfig"  # by which the processes of this update alone are known
    own.write_bytes(Path(project.environment["KUBECONFIG"]).read_bytes())
    project.environment |= {"KUBECONFIG": str(own), "SLIPWAY_KUBECONFIG": str(own)}
    update = project.start_up(tmp_path / "up.log")
    writer = writer_of(project)
    await_percent(writer, 25.0)
    kill_but_watchdogs(Checkout(own))
    await_percent(writer, 0.0)
    update.wait(60)
    project.run("cancel", "--yes")
    assert writer.load().killed(KEY) is None
    declare(project, 25, 100)
    done = project.up()
    assert done.code == 0, done.output
    assert percent(writer) == 100.0


def await_percent(writer: FlagWriter, wanted: float) -> None:
    """Until the journal says so."""
    deadline = time.monotonic() + WITHIN
    while percent(writer) != wanted:
        assert time.monotonic() < deadline, f"{percent(writer):g}%, not {wanted:g}%"
        time.sleep(0.1)
