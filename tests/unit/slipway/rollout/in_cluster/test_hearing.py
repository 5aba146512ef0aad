from __future__ import annotations

import threading

import pytest

from slipway.release.errors import ClusterAway
from slipway.rollout.in_cluster.hearing import EVERY, LOST_AFTER, Hearing
from slipway.rollout.platforms.base import Intent
from tests.unit.slipway.rollout.in_cluster.job import RUN, InCluster


def hearing(world: InCluster) -> Hearing:
    return Hearing(world.world, world.runs, world.order(), threading.Event())


def word(run_id: str) -> Intent:
    return Intent("i", "cancel", "pulumi up", 0.0, "", run_id)


def test_only_the_word_for_this_order_ends_it() -> None:
    world = InCluster()
    heard = hearing(world)
    assert not heard.told_to_end()
    world.intents.write(word("another"))
    assert not heard.told_to_end()
    world.intents.write(word("order1"))
    assert heard.told_to_end()


@pytest.mark.parametrize(("rule", "ends"), [("abort", True), ("continue", False)])
def test_a_follower_that_gives_no_sign_ends_the_rollout_where_that_is_wanted(rule: str, ends: bool) -> None:
    world = InCluster(run={**RUN, "onLostFollower": rule})
    heard = hearing(world)
    world.runs.write_beat("order1", "1")
    looks = int(LOST_AFTER / EVERY)
    assert not any(heard.told_to_end() for _ in range(looks))
    world.runs.write_beat("order1", "2")
    assert not any(heard.told_to_end() for _ in range(looks))
    assert any(heard.told_to_end() for _ in range(2)) is ends


def test_it_sets_the_event_and_stops_with_the_block() -> None:
    world = InCluster()
    cancelled = threading.Event()
    world.intents.faults.next("read", ClusterAway("away"))
    world.intents.write(word("order1"))
    with Hearing(world.world, world.runs, world.order(), cancelled):
        assert cancelled.wait(5)
