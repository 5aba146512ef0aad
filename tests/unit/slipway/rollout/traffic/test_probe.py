"""The traffic probe: its rate, its host, and that it ends."""

from __future__ import annotations

import threading

import httpx2
import pytest

from slipway.release.manifest.route import Route
from slipway.release.rollout_inputs import TrafficProbe
from slipway.rollout.traffic.probe import Probe
from tests.unit.slipway.rollout.examples import ROUTE

CLIENT = httpx2.Client
ROUNDS = 5


class Waits(threading.Event):
    """An event whose waiting takes no time; it is set after ROUNDS of them."""

    def __init__(self) -> None:
        super().__init__()
        self.over = threading.Event()
        self.waited: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waited.append(timeout)
        if len(self.waited) > ROUNDS:
            self.set()
            self.over.set()
        return self.is_set()


def sent(
    monkeypatch: pytest.MonkeyPatch,
    rate: float,
    *,
    fails: bool = False,
    hostname: str = "checkout.example",
    status: int = 503,
) -> tuple[list[httpx2.Request], list[float | None]]:
    """The requests of ROUNDS rounds, and how long the probe waited before each."""
    asked: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        if fails:
            raise httpx2.ConnectError("refused")
        return httpx2.Response(status)

    def make(**options: object) -> httpx2.Client:
        return CLIENT(transport=httpx2.MockTransport(answer), **options)  # type: ignore[arg-type]

    monkeypatch.setattr("slipway.rollout.traffic.probe.httpx2.Client", make)
    waits = Waits()
    route = Route.model_validate({**ROUTE, "hostnames": [hostname]})
    probe = Probe(TrafficProbe(rate=rate, path="/cart"), "http://gateway.example", route)
    monkeypatch.setattr(probe, "_stop", waits)
    probe.start()
    assert waits.over.wait(10.0)
    probe.stop()
    assert (probe.sent, probe.failed) == (ROUNDS, 0 if status < 500 and not fails else ROUNDS)
    return asked, waits.waited


@pytest.mark.parametrize(("rate", "pause"), [(4.0, 0.25), (0.5, 2.0), (50.0, 0.02)])
def test_requests_go_to_the_service_at_the_declared_rate(
    monkeypatch: pytest.MonkeyPatch, rate: float, pause: float
) -> None:
    asked, waited = sent(monkeypatch, rate)
    assert set(waited) == {pause}
    assert [str(request.url) for request in asked] == ["http://gateway.example/cart"] * ROUNDS
    assert {request.headers["Host"] for request in asked} == {"checkout.example"}


def test_answers_of_any_kind_and_none_go_on_and_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(sent(monkeypatch, 4.0)[0]) == ROUNDS
    assert len(sent(monkeypatch, 4.0, status=404)[0]) == ROUNDS
    assert len(sent(monkeypatch, 4.0, fails=True)[0]) == ROUNDS


def test_a_wildcard_is_asked_by_the_name_below_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, _ = sent(monkeypatch, 4.0, hostname="*.checkout.example")
    assert {request.headers["Host"] for request in asked} == {"checkout.example"}
