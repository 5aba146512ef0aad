from __future__ import annotations

import pytest

from slipway.rollout.process.faults import Faults


def test_effects_come_in_order_each_as_often_as_it_was_asked_for() -> None:
    faults, seen = Faults(), []
    faults.next("write", ValueError("first"), times=2)
    faults.next("write", lambda: seen.append("somebody else"))
    for _ in range(2):
        with pytest.raises(ValueError, match="first"):
            faults.hit("write")
    faults.hit("read")
    assert seen == []
    faults.hit("write")
    faults.hit("write")
    assert seen == ["somebody else"]
    assert faults.calls == ["write", "write", "read", "write", "write"]


def test_an_effect_afterwards_waits_for_the_work_to_be_done() -> None:
    faults = Faults()
    faults.after("write", ValueError("no answer"), times=2)
    faults.hit("write")
    for _ in range(2):
        with pytest.raises(ValueError, match="no answer"):
            faults.done("write")
    faults.done("write")
    faults.done("read")
