"""Targets are asked for their health; the overlay still fits moto."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from sandbox.aws.elb import overlay
from sandbox.aws.elb.health import Health, matches
from sandbox.aws.elb.view import Group, Listener, Rule, View

GROUP = Group("arn/shop", "shop", "/ready", "200-299", "traffic-port", 0.05, 2, 2, 2, 30, ())


class Service(BaseHTTPRequestHandler):
    status = 200

    def do_GET(self) -> None:
        self.send_response(type(self).status)
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        """Silent."""


@pytest.fixture
def port() -> Iterator[int]:
    Service.status = 200
    server = HTTPServer(("127.0.0.1", 0), Service)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def view(port: int | None, *, used: bool = True) -> View:
    targets = () if port is None else (("127.0.0.1", port),)
    forward = Rule(None, (), ({"Type": "forward", "TargetGroupArn": GROUP.arn},))
    listeners = (Listener("l", "lb", 80, (forward,)),) if used else ()
    return View(listeners, {GROUP.arn: replace(GROUP, targets=targets)})


def settle(health: Health, known: View, port: int, state: str) -> None:
    """Look until a target has a state; a test that never sees it ends by the time of the test."""
    while health.state(GROUP.arn, "127.0.0.1", port)[0] != state:
        health.look(known)


def test_a_target_that_answers_well_becomes_healthy_and_one_that_does_not_unhealthy(port: int) -> None:
    health = Health(dict)
    settle(health, view(port), port, "healthy")
    Service.status = 503
    settle(health, view(port), port, "unhealthy")
    assert "503" in str(health.state(GROUP.arn, "127.0.0.1", port)[2])


def test_a_target_of_a_group_in_no_rule_is_unused(port: int) -> None:
    health = Health(dict)
    health.look(view(port, used=False))
    assert health.state(GROUP.arn, "127.0.0.1", port)[0] == "unused"


def test_a_target_that_leaves_drains_while_requests_are_in_flight(port: int) -> None:
    busy = {("shop", f"127.0.0.1:{port}"): 1}
    health = Health(lambda: busy)
    settle(health, view(port), port, "healthy")
    health.look(view(None))
    assert health.state(GROUP.arn, "127.0.0.1", port)[0] == "draining"
    busy.clear()
    settle(health, view(None), port, "unused")
    assert health.there(GROUP.arn) == {}


@pytest.mark.parametrize(("status", "good"), [(200, True), (302, True), (304, False), (500, False)])
def test_codes_are_a_list_of_numbers_and_ranges(status: int, *, good: bool) -> None:
    assert matches("200,301-303", status) is good


def test_the_overlay_fits_this_moto() -> None:
    overlay.check()


def test_the_overlay_says_what_another_moto_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overlay.BACKEND, "describe_target_health", None)
    with pytest.raises(RuntimeError, match=r"ELBv2Backend\.describe_target_health"):
        overlay.check()
