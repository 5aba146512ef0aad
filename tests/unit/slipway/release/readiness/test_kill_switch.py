"""A risky feature is guarded by a declared flag, and turning that off was exercised."""

from __future__ import annotations

from datetime import timedelta

import pytest

from slipway.release.evidence import propose, receipts
from slipway.release.flags.model import DeclaredFlags
from slipway.release.readiness.gate_input import GateInput
from slipway.release.readiness.settings import KillSwitchSettings, Settings
from tests.flags import FLAGS, declared
from tests.unit.slipway.release.readiness.support import passes, refused
from tests.vouched import NOW, Vouched


def flagged(it: Vouched, **change: object) -> None:
    """The release has one risky feature that `pay` guards, and everybody has said yes to it."""
    it.manifest["scope"]["changes"] = [{"id": "A", "kind": "feature", "risk": "high", "flag": "pay", **change}]
    it.people()


def drilled(it: Vouched, flag: str = "pay", days: int = 1, outcome: str = "completed") -> None:
    """With the receipt of a drill."""
    at = NOW - timedelta(days=days)
    receipt = propose.kill_drill(it.release(), at, flag, "staging", outcome, 1.5)
    it.sign("kill.json", "stage", receipts.DRILL, receipt)
    it.manifest["evidence"]["statements"].append("kill.json")


def gate_input(it: Vouched, flags: DeclaredFlags | None = None, **changes: object) -> GateInput:
    return it.gate_input(flags=declared() if flags is None else flags, **changes)


@pytest.mark.parametrize(
    "change",
    [{"risk": "medium", "flag": None}, {"kind": "fix", "flag": None}],
    ids=["a feature of medium risk", "a risky fix"],
)
def test_only_a_risky_feature_needs_a_flag(it: Vouched, change: dict[str, object]) -> None:
    it.manifest["scope"]["changes"] = [
        {
            key: value
            for key, value in {"id": "A", "kind": "feature", "risk": "high", **change}.items()
            if value is not None
        }
    ]
    it.people()
    passes(gate_input(it))


def test_a_risky_feature_without_a_flag_is_refused(it: Vouched) -> None:
    it.manifest["scope"]["changes"] = [{"id": "A", "kind": "feature", "risk": "high"}]
    it.people()
    refused(gate_input(it), "kill-switch", "missing")


def test_a_declared_flag_whose_kill_was_drilled_passes(it: Vouched) -> None:
    flagged(it)
    drilled(it)
    passes(gate_input(it))


def test_a_flag_that_nobody_declares_is_refused(it: Vouched) -> None:
    flagged(it, flag="another")
    drilled(it, "another")
    (found,) = refused(gate_input(it), "kill-switch", "undeclared")
    assert "pay" in found.found
    refused(it.gate_input(), "kill-switch", "undeclared")


def test_files_of_flags_that_cannot_be_read_are_named(it: Vouched) -> None:
    flagged(it)
    (found,) = refused(it.gate_input(flags_problem="flags.yaml: line 3: no owner"), "kill-switch", "unreadable")
    assert "flags.yaml" in found.found


def test_an_experiment_guards_no_feature(it: Vouched) -> None:
    assert FLAGS["theme"]["kind"] == "experiment"
    flagged(it, flag="theme")
    drilled(it, "theme")
    refused(gate_input(it), "kill-switch", "wrong-kind")


def test_a_flag_that_nobody_ever_turned_off_is_refused_with_the_command(it: Vouched) -> None:
    flagged(it)
    (found,) = refused(gate_input(it), "kill-switch", "not-drilled")
    assert "slipway drill kill pay" in found.remedy
    drilled(it, "another-flag")
    refused(gate_input(it), "kill-switch", "not-drilled")


def test_a_drill_that_failed_or_is_long_ago_is_none(it: Vouched) -> None:
    flagged(it)
    drilled(it, outcome="failed")
    refused(gate_input(it), "kill-switch", "drill-failed")
    drilled(it, days=91)
    refused(gate_input(it), "kill-switch", "stale")
    it.settings = Settings(kill_switch=KillSwitchSettings(max_age=100 * 86400.0))
    passes(gate_input(it))


def test_where_it_is_drilled_no_drill_is_asked_for(it: Vouched) -> None:
    flagged(it)
    passes(gate_input(it, stack="staging"))
    passes(gate_input(it, settled=True))
    it.settings = Settings(kill_switch=KillSwitchSettings(drilled=False))
    passes(gate_input(it))


def test_a_kill_drill_is_no_drill_of_the_rollback(it: Vouched) -> None:
    drilled(it)
    it.manifest["evidence"]["statements"].remove("drill.json")
    refused(gate_input(it), "drill", "missing")
