"""What is done to a flag, seen by the pods that read it."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.chaos import outages
from sandbox.chaos.faults import WRITES, Fault, Kind
from sandbox.chaos.flag_writers import FlagSet, strike
from sandbox.chaos.proxy import ApiProxy
from sandbox.paths import state_paths
from sandbox.pki import Pki
from sandbox.stage.shop import FLAG, SET, Shop

KILLS = 6
FEATURE_FLAG = ("featureflags.core.openfeature.dev", SET)


@pytest.fixture
def pods(shop: Shop) -> list[str]:
    """The pods, which give every caller the new behaviour."""
    shop.resume()
    began = time.monotonic()
    shop.expose(100)
    found = shop.running.pods()
    shop.running.await_effect(found, "on", began)
    return found


@pytest.fixture
def proxied(shop: Shop, tmp_path: Path) -> Iterator[tuple[ApiProxy, FlagSet]]:
    """The set of flags behind a proxy that loses answers."""
    with ApiProxy.before(shop.flags.kubeconfig, Pki(state_paths().pki), tmp_path) as proxy:
        yield proxy, FlagSet(shop.flags.namespace, SET, shop.flags.document, proxy.kubeconfig)


def document(shop: Shop) -> dict[str, object]:
    """The flag as every evaluator sees it."""
    found = json.loads(shop.running.kubectl("get", *FEATURE_FLAG, "-o", "json"))
    flag: dict[str, object] = found["spec"]["flagSpec"]["flags"][FLAG]
    return flag


def test_a_kill_by_the_command_is_in_force_at_every_pod_and_up_keeps_it(
    shop: Shop, pods: list[str], tmp_path: Path
) -> None:
    with shop.load(tmp_path / "load.jsonl") as load:
        load.await_counts(lambda seen: seen.count("on") > 50, 30, "requests that get the feature")
        began = time.monotonic()
        killed = shop.slipway("kill", FLAG, "--reason", "it fails")
        assert killed.code == 0, killed.output
        off = shop.running.await_effect(pods, "off", began)
        shop.declare(100, "declared once more", guarded=False)
        result = shop.stage.up()
        sent = load.snapshot().sent
        counts = load.await_counts(lambda seen: seen.sent - sent > 100, 30, "requests after the up")
    last = counts.last_response("on")
    assert last is not None
    assert last <= off + 0.5
    assert counts.failures == ()
    assert document(shop)["defaultVariant"] == "off"
    assert "killed" in result.output


def test_what_a_second_writer_turns_on_again_is_off_after_the_next_up(shop: Shop, pods: list[str]) -> None:
    shop.kill()
    on = {"spec": {"flagSpec": {"flags": {FLAG: {"defaultVariant": "on"}}}}}
    shop.running.kubectl("patch", *FEATURE_FLAG, "--type=merge", "-p", json.dumps(on))
    began = time.monotonic()
    assert FLAG in shop.stage.preview().output
    assert shop.stage.up().code == 0
    shop.running.await_effect(pods, "off", began)
    assert document(shop)["defaultVariant"] == "off"


def test_while_the_sync_server_is_away_pods_keep_what_they_have_and_then_catch_up(shop: Shop, pods: list[str]) -> None:
    began = time.monotonic()
    shop.server.stop()
    try:
        shop.kill()
        assert {shop.running.changes(pod)[-1].variant for pod in pods} == {"on"}
    finally:
        shop.server.start()
    shop.running.await_effect(pods, "off", began, within=30)


def test_no_kill_is_lost_whatever_instant_its_writer_dies_at_and_whichever_answers_are_lost(
    shop: Shop, proxied: tuple[ApiProxy, FlagSet]
) -> None:
    proxy, flags = proxied
    dice = random.Random(11)  # noqa: S311 - no secret
    found = shop.running.pods()
    for _ in range(KILLS):
        shop.resume()
        began = time.monotonic()
        shop.expose(100)
        shop.running.await_effect(found, "on", began)
        lost = proxy.faults.inject(Fault(Kind.LOST_ANSWER, WRITES, f"/{SET}|flags-{SET}", share=0.5))
        began = time.monotonic()
        if not strike(flags, FLAG, dice):
            shop.kill()
        lost.end()
        shop.running.await_effect(found, "off", began)
        assert shop.writer.load().killed(FLAG) is not None
        assert document(shop)["defaultVariant"] == "off"


@pytest.mark.alone
def test_an_api_server_that_is_away_changes_nothing_for_callers_and_a_kill_works_after_it(
    shop: Shop, pods: list[str], tmp_path: Path
) -> None:
    with shop.load(tmp_path / "load.jsonl") as load:
        load.await_counts(lambda seen: seen.count("on") > 50, 30, "requests that get the feature")
        with outages.frozen(outages.API_SERVER):
            sent = load.snapshot().sent
            counts = load.await_counts(lambda seen: seen.sent - sent > 300, 30, "3 s of requests")
            assert counts.failures == ()
            assert counts.count("off") == 0
        began = time.monotonic()
        shop.kill()
        shop.running.await_effect(pods, "off", began)
