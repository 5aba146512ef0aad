"""`slipway kill`, `resume` and `flags` as processes, with a kubeconfig and nothing else."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sandbox.paths import PROJECT
from slipway.release.flags.declaring import after_declaration
from slipway.release.flags.journal import DocumentKind
from slipway.rollout.flags.writer import FlagWriter
from tests.flags import BY, FLAGS, declaration
from tests.integration.flags.conftest import flag_set
from tests.integration.rollout.stage import Stage

SLIPWAY = PROJECT / ".venv" / "bin" / "slipway"
CPU_SECONDS = 2.0
"""What a kill may cost; the time on the wall depends on who else uses the machine."""


def declared(stage: Stage, name: str, document: DocumentKind = "config-map") -> FlagWriter:
    """A set with a flag of each kind, as an `up` leaves it."""
    writer = flag_set(stage, name, document).writer()
    writer.change(
        lambda head: after_declaration(head, replace(declaration(FLAGS), document=document), BY), declares=True
    )
    return writer


def run(stage: Stage, folder: Path, *arguments: str) -> dict[str, Any]:
    """A command that must succeed, in a folder without a project, without Pulumi on PATH."""
    environment = {"HOME": str(folder), "PATH": "", "SLIPWAY_KUBECONFIG": str(stage.kubeconfig)}
    done = subprocess.run(
        [str(SLIPWAY), *arguments, "--namespace", stage.namespace, "--json"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return dict(json.loads(done.stdout))


@pytest.mark.parametrize("document", ["config-map", "feature-flag"])
def test_a_kill_takes_neither_pulumi_nor_a_checkout(stage: Stage, tmp_path: Path, document: DocumentKind) -> None:
    writer = declared(stage, f"by-{document}", document)
    before = os.times()
    said = run(stage, tmp_path, "kill", "pay", "--reason", "it burns", "--set", writer.name)
    after = os.times()
    assert said["after"]["off"]
    assert after.children_user + after.children_system - before.children_user - before.children_system < CPU_SECONDS
    found = writer.read_document()
    assert found is not None
    assert found.content["flags"]["pay"]["defaultVariant"] == "off"
    assert writer.pending() is None
    shown = {one["set"]: one for one in run(stage, tmp_path, "flags")["sets"]}[writer.name]
    assert shown["flags"]["pay"]["killed"]["reason"] == "it burns"
    run(stage, tmp_path, "resume", "pay", "--reason", "mended", "--set", writer.name)
    assert writer.load().killed("pay") is None
    rows = run(stage, tmp_path, "history")["flags"][writer.name]
    assert [(row["what"], row["flag"], row["reason"]) for row in rows[:2]] == [
        ("resume", "pay", "mended"),
        ("kill", "pay", "it burns"),
    ]
