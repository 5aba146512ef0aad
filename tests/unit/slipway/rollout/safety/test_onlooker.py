"""A Lease that is looked at again and again."""

from __future__ import annotations

from slipway.rollout.safety.holder import WATCH, Onlooker
from tests.unit.slipway.cli.examples import NOW, ScriptedLease, held


def test_a_lease_that_is_renewed_between_looks_is_alive_whatever_the_clocks_of_the_hosts_say() -> None:
    elapsed = [0.0]
    onlooker = Onlooker(lambda: elapsed[0])
    lease = ScriptedLease(held(age=-500.0), held(age=-500.0, renewed=NOW + 5), held(age=-500.0, renewed=NOW + 5))
    assert onlooker.look(lease).state == "silent"
    assert onlooker.look(lease).alive
    elapsed[0] = WATCH
    assert onlooker.look(lease).alive
    elapsed[0] = WATCH + 0.1
    assert onlooker.look(lease).state == "silent"


def test_one_that_was_renewed_a_moment_ago_is_alive_at_first_sight_and_a_free_one_is_free() -> None:
    assert Onlooker(lambda: 0.0).look(ScriptedLease(held(age=1.0))).alive
    assert Onlooker(lambda: 0.0).look(ScriptedLease(None)).state == "free"
    assert Onlooker(lambda: 0.0).look(ScriptedLease(held(age=90.0, expired=True))).state == "expired"


def test_each_look_is_one_read() -> None:
    lease = ScriptedLease(held(age=90.0))
    Onlooker(lambda: 0.0).look(lease)
    assert lease.asked == 1
