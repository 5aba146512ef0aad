"""What may be cleared after a kill, and what may not."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest

from slipway.cli.engine_records import Lock, Pending, Resource, State
from slipway.cli.recover_view import Findings, Found, as_json, as_text, next_step, services_of_stack
from slipway.rollout.safety.holder import Holding
from tests.unit.slipway.cli.examples import attempt, head

URN = "urn:pulumi:prod::releases::slipway:index:Canary$slipway:index:Rollout::checkout"
SILENT = Holding("silent", "someone", 9.0)
ALIVE = Holding("renewed", "someone", 1.0)
FREE = Holding("free")


def dead_process() -> int:
    done = subprocess.Popen(["true"])
    done.wait()
    return done.pid


def lock(pid: int, host: str | None = None) -> Lock:
    return Lock("ada", host or socket.gethostname(), pid, "2026-11-23T16:28:46Z")


def findings(**changes: Any) -> Findings:
    unfinished = Found("checkout", "shop", head(attempt=attempt()), SILENT)
    settled = Found("payments", "shop", head(), FREE)
    values: dict[str, Any] = {"locks": (lock(dead_process()),), "pending": (Pending("updating", URN),)}
    return Findings("prod", services=changes.pop("services", (unfinished, settled)), **{**values, **changes})


def test_what_a_dead_process_left_may_be_cleared() -> None:
    assert findings().refusal() is None
    assert findings().to_clear == "lock and 1 pending operation(s)"


def test_nothing_is_cleared_while_a_lease_is_renewed() -> None:
    living = Found("payments", "shop", head(attempt=attempt()), ALIVE)
    refusal = findings(services=(Found("checkout", "shop", head(), FREE), living)).refusal()
    assert refusal is not None
    assert "payments: its Lease is held by someone, renewed now" in refusal


def test_the_lease_of_a_service_that_was_not_asked_for_counts_as_well() -> None:
    services = (Found("checkout", "shop", head(), FREE), Found("payments", "shop", head(), ALIVE))
    found = findings(services=services, only=("checkout",))
    assert [one.service for one in found.shown] == ["checkout"]
    assert found.refusal() is not None


def test_nothing_is_cleared_while_the_process_of_the_lock_lives() -> None:
    refusal = findings(locks=(lock(os.getpid()),)).refusal()
    assert refusal is not None
    assert str(os.getpid()) in refusal


def test_a_process_of_another_machine_is_not_looked_for_here() -> None:
    assert findings(locks=(lock(os.getpid(), "elsewhere"),)).refusal() is None


def test_a_lock_of_a_service_backend_names_no_process() -> None:
    assert findings(locks=(Lock(),)).refusal() is None
    assert "lock        held" in as_text(findings(locks=(Lock(),)))


def test_everything_that_was_found_is_shown() -> None:
    text = as_text(findings())
    assert "ada@" in text
    assert "which does not run here" in text
    assert f"updating {URN}" in text
    assert "checkout in shop: rollout to version-b (bbbbbbbb) since" in text
    assert "Lease held by someone, not renewed for 9s" in text
    assert "payments in shop: version-a (aaaaaaaa) serves; Lease free" in text


def test_the_next_step_is_named() -> None:
    told = next_step(findings(), cleared=True)
    assert told.startswith("cleared the lock and 1 pending operation(s); next: pulumi up --stack prod")
    assert "settles the traffic of checkout" in told


def test_with_nothing_to_clear_an_unfinished_rollout_still_has_a_next_step() -> None:
    assert "nothing to clear; next: pulumi up" in next_step(findings(locks=(), pending=()), cleared=False)


def test_with_nothing_left_behind_there_is_no_next_step() -> None:
    settled = (Found("checkout", "shop", head(), FREE),)
    assert next_step(findings(locks=(), pending=(), services=settled), cleared=False) == "nothing to clear"


def test_machines_get_the_same_as_plain_json() -> None:
    told = json.loads(json.dumps(as_json(findings())))
    assert told["locks"][0]["alive"] is False
    assert told["pendingOperations"] == [{"operation": "updating", "urn": URN}]
    assert told["services"][0]["unfinished"]["candidate"]["version"] == "version-b"
    assert told["services"][1]["unfinished"] is None
    assert told["next"] == "pulumi up --stack prod"


@pytest.mark.parametrize(
    ("config", "wanted"),
    [
        ({}, [("checkout", "old")]),
        ({"releases:namespace": "shop", "releases:services": {"new": {}}}, [("checkout", "old"), ("new", "shop")]),
        ({"releases:namespace": "shop", "releases:services": {"checkout": {}}}, [("checkout", "old")]),
        (
            {"releases:target": {"name": "eu", "namespace": "shop"}, "releases:services": {"new": {}}},
            [("checkout", "old"), ("new", "eu/shop")],
        ),
    ],
)
def test_services_come_from_the_state_and_from_the_configuration(
    config: dict[str, Any], wanted: list[tuple[str, str]]
) -> None:
    outputs = {"service": "checkout", "namespace": "old"}
    resources = (Resource(URN, "slipway:index:Rollout", outputs), Resource("u", "slipway:index:Rollout", {}))
    found = services_of_stack(State(resources, ()), config, Path("Pulumi.prod.yaml"))
    assert [(service, str(target)) for service, target in found] == wanted


def test_each_service_is_looked_for_in_its_place(tmp_path: Path) -> None:
    config = {
        "releases:namespace": "shop",
        "releases:services": {"checkout": {"manifest": "1.yaml"}, "cart": {"manifest": "2.yaml", "place": "eu"}},
        "releases:places": {"eu": {"target": {"name": "eu", "namespace": "carts"}}},
    }
    found = services_of_stack(State((), ()), config, tmp_path)
    assert [(service, str(target)) for service, target in found] == [("cart", "eu/carts"), ("checkout", "shop")]
