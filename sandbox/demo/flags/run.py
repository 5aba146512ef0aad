"""The order of the acts, and what is left behind."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from sandbox.demo.flags import acts
from sandbox.demo.flags.summary import FlagsSummary
from sandbox.demo.narrator import Narrator
from sandbox.stage.project import Stage
from sandbox.stage.shop import Shop

HOSTNAME = "flagged.example"
CHANGES = 50
KILLS = 20
SEED = 7
CASES = ((5.0, 0.2), (25.0, 0.2))
"""Percent of the users, and the share of their requests that fails."""


def play(variables: Mapping[str, str], out: Path, narrator: Narrator, summary: FlagsSummary, *, keep: bool) -> None:
    """Play every act. Raises SandboxError when something of the sandbox fails."""
    folder = out / "flags"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    stage = Stage(folder / "project", "flags", "slipway-flags", variables)
    with Shop.open(stage, HOSTNAME, keep=keep) as shop:
        narrator.act("A flag", "Declared by the stack; pods read it through the real OpenFeature provider.")
        shop.declare(100, "on for all users, without a guard", guarded=False)
        stage.checked("up", "--yes", "--skip-preview")
        shop.place(0.0)
        narrator.act("From a change to its effect", f"{CHANGES} kills, each measured by the clients' own clock.")
        acts.change_to_effect(shop, narrator, summary, CHANGES)
        narrator.act("Writers that die", f"{KILLS} kills whose writer gets SIGKILL at a random instant.")
        acts.survive(shop, narrator, summary, KILLS, SEED)
        narrator.act("A guard that dies", "pulumi up gets SIGKILL while it exposes the feature.")
        acts.guard_dies(shop, narrator, summary, folder / "killed.log")
        for exposure, fault in CASES:
            narrator.act("A feature that fails", f"{exposure:g}% of the users get it; only the guard watches.")
            acts.guarded(shop, narrator, summary, exposure, fault)
        narrator.act("A kill, then an up", "slipway kill; the program still declares the exposure.")
        acts.kept_off(shop, narrator, summary, folder / "load-up.jsonl")
