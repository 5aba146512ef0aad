"""A stack that declares flags, by the real engine: a kill between two updates, beside one, and under a dying one."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from sandbox.chaos.flag_writers import FlagSet
from sandbox.chaos.processes import Checkout
from sandbox.stage.project import Stage
from slipway.release.flags.journal import after_change
from slipway.rollout.flags.writer import FlagWriter
from tests.flags import BATCH, FLAGS, PAY, kill, text

MORE = {**FLAGS, "batch": {**BATCH, "exposure": {"steps": [{"percent": 90}]}}}
OFF = {"pay": {**PAY, "default": "off"}}


def declare(project: Stage, flags: dict[str, Any]) -> None:
    """Write the file of flags; nothing guarded is among them."""
    wanted = {key: value for key, value in flags.items() if key != "new-cart"}
    (project.folder / "flags.yaml").write_text(text(wanted))


def writer_of(project: Stage) -> FlagWriter:
    """For this process."""
    return FlagSet(project.namespace, "flags", "config-map", Path(project.environment["KUBECONFIG"])).writer()


def pay(writer: FlagWriter) -> str:
    """What every caller gets of the kill switch."""
    found = writer.read_document()
    assert found is not None
    content = found.content["flags"]["pay"]
    assert "targeting" not in content
    return str(content["defaultVariant"])


@pytest.fixture
def flags(project: Stage) -> FlagWriter:
    """The set of a stack after its first update."""
    declare(project, FLAGS)
    first = project.up()
    assert first.code == 0, first.output
    return writer_of(project)


def test_a_killed_flag_stays_off_through_preview_and_update_until_it_is_resumed(
    project: Stage, flags: FlagWriter
) -> None:
    assert pay(flags) == "on"
    told = project.slipway("kill", "pay", "--reason", "it burns", "--stack", project.stack)
    assert (told.code, pay(flags)) == (0, "off"), told.output
    preview = project.preview()
    assert "pay is off since" in preview.output
    assert "(it burns)" in preview.output
    declare(project, MORE)
    second = project.up()
    assert (second.code, pay(flags)) == (0, "off"), second.output
    told = project.slipway("resume", "pay", "--reason", "mended", "--stack", project.stack)
    assert (told.code, pay(flags)) == (0, "on"), told.output


def test_a_rise_of_a_killed_flag_and_the_end_of_a_live_one_are_refused_in_preview(
    project: Stage, flags: FlagWriter
) -> None:
    flags.change(lambda head: after_change(head, kill("batch")))
    declare(project, {key: value for key, value in MORE.items() if key != "pay"})
    refused = project.preview()
    assert refused.code != 0
    assert "`slipway resume batch --reason ...` first" in refused.output
    assert "pay is on for some callers" in refused.output
    declare(project, {**FLAGS, **OFF})
    assert project.up().code == 0
    declare(project, {key: value for key, value in FLAGS.items() if key != "pay"})
    assert project.up().code == 0


def test_a_foreign_write_is_shown_and_put_right(project: Stage, flags: FlagWriter) -> None:
    flags.change(lambda head: after_change(head, kill("pay")))
    found = flags.read_document()
    assert found is not None
    changed = {"flags": {**found.content["flags"], "pay": {**found.content["flags"]["pay"], "defaultVariant": "on"}}}
    flags.documents["config-map"].write(changed, found.version)
    preview = project.preview()
    assert "changed pay; the update writes" in preview.output
    assert project.up().code == 0
    assert pay(flags) == "off"
    assert project.run("preview", "--expect-no-changes").code == 0


def test_a_set_is_destroyed_once_its_flags_are_off(project: Stage, flags: FlagWriter) -> None:
    refused = project.run("destroy", "--yes", "--skip-preview")
    assert refused.code != 0
    assert "pay is on for some callers" in refused.output
    for key in ("pay", "theme", "batch"):
        flags.change(lambda head, key=key: after_change(head, kill(key, key)))  # type: ignore[misc]
    assert project.run("destroy", "--yes", "--skip-preview").code == 0
    assert flags.read_document() is None
    assert flags.load().killed("pay") is not None


@pytest.mark.parametrize("after", [0.0, 0.05])
def test_an_update_that_dies_at_any_instant_beside_a_kill_turns_nothing_on(
    project: Stage, flags: FlagWriter, after: float, tmp_path: Path
) -> None:
    journal = flags.journal.read()
    assert journal is not None
    declare(project, MORE)
    checkout = Checkout(Path(project.environment["KUBECONFIG"]))
    update = project.start_up(tmp_path / "up.log")
    while (now := flags.journal.read()) is not None and now.version == journal.version and update.poll() is None:
        time.sleep(0.005)
    time.sleep(after)
    for provider in _providers(update.pid):
        os.kill(provider, signal.SIGKILL)
    flags.change(lambda head: after_change(head, kill("pay")))
    assert pay(flags) == "off"
    update.wait(60)
    assert checkout is not None
    project.run("cancel", "--yes")
    last = project.up()
    assert (last.code, pay(flags)) == (0, "off"), last.output


def _providers(group: int) -> list[int]:
    """The plugins of an update, which share its process group."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                same = os.getpgid(int(entry.name)) == group
                arguments = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if same and b"/slipway/plugin" in arguments:
                found.append(int(entry.name))
    return found
