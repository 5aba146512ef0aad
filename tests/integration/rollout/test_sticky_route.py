"""Clients that keep cookies, a real gateway and its data plane: who draws what, who stays, who moves."""

from __future__ import annotations

import math
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx2
import pytest
from lightkube import Client

from slipway.release.manifest.route import HeaderMatch, Match, Route
from slipway.release.rollout_inputs import Backend
from slipway.rollout.routers.base import ClientAssignment, LiveRoute, Split
from slipway.rollout.routers.gateway_api import GatewayApiRouter
from tests.integration.rollout.stage import PORT, SERVICE, Stage, eventually

VERSION_HEADER = "x-sample-version"
SERVICE_NAME = "kubernetes.io/service-name"
CLIENTS = 400
BOUNDS = (5.0, 25.0, 50.0, 100.0)
Ask = Callable[[], list[str]]


@pytest.fixture(scope="module")
def old(stage: Stage, images: Mapping[str, str]) -> Backend:
    return stage.ready(stage.deploy("old", images["v1"], replicas=1))


@pytest.fixture(scope="module")
def new(stage: Stage, images: Mapping[str, str]) -> Backend:
    return stage.ready(stage.deploy("new", images["v2"], replicas=1))


@pytest.fixture
def router(client: Client, stage: Stage, old: Backend, new: Backend) -> GatewayApiRouter:
    made = GatewayApiRouter(client, stage.namespace, SERVICE)
    made.delete()
    return made


@pytest.fixture
def http(variables: Mapping[str, str], host: str) -> Iterator[Callable[[], httpx2.Client]]:
    """A client with a cookie jar of its own each time; they share their connections."""
    transport = httpx2.HTTPTransport()
    url = variables["SLIPWAY_GATEWAY_URL"]
    yield lambda: httpx2.Client(base_url=url, headers={"Host": host}, transport=transport, timeout=5.0)
    transport.close()


class Ramp:
    """The writes of one draw, each in force when the method returns."""

    def __init__(self, router: GatewayApiRouter, route: Route, old: Backend, new: Backend, cookie: str) -> None:
        self._router = router
        self._route = route
        self._sides = (old, new)
        self.draw = ClientAssignment(cookie, new.entry, BOUNDS, 3600)

    def to(self, weight: float) -> LiveRoute:
        old, new = self._sides
        live = self._router.read()
        split = Split(((old, 100.0 - weight), (new, weight)), None, self.draw)
        self._router.apply(self._route, split, live.version if live is not None else None)
        found = eventually(self._router.read, lambda seen: seen is not None and seen.accepted)
        assert found is not None
        assert found.shares == {old.entry: 100.0 - weight, new.entry: weight}
        assert found.settings_hash == self._router.settings_hash(self._route, None, split.sticky)
        return found


def once_each(clients: Sequence[httpx2.Client], path: str = "/") -> list[str]:
    """The version that answered each client; in place of one that did not answer with 200, its status."""
    answers = [client.get(path) for client in clients]
    return [
        answer.headers[VERSION_HEADER] if answer.status_code == 200 else str(answer.status_code) for answer in answers
    ]


def in_force(ask: Ask, wanted: set[str]) -> None:
    """The data plane obeys a moment after the gateway's acceptance."""
    eventually(lambda: set(ask()), lambda seen: seen == wanted)


def drawn(clients: Sequence[httpx2.Client], cookie: str) -> list[int]:
    return [int(client.cookies[cookie]) for client in clients]


def fits(count: int, of: int, share: float) -> bool:
    """Within six standard deviations of a binomial share: one failure in 500 million runs."""
    return abs(count - of * share) <= 6 * math.sqrt(of * share * (1 - share))


def test_clients_draw_once_stay_move_only_to_the_candidate_and_are_all_back_after_a_restore(
    router: GatewayApiRouter, route: Route, old: Backend, new: Backend, http: Callable[[], httpx2.Client]
) -> None:
    ramp = Ramp(router, route, old, new, "side-0000000001")
    ramp.to(0.0)
    in_force(lambda: once_each([http() for _ in range(20)]), {"v1"})
    ramp.to(25.0)
    in_force(lambda: once_each([http() for _ in range(100)]), {"v1", "v2"})
    clients = [http() for _ in range(CLIENTS)]
    at_25 = once_each(clients)
    numbers = drawn(clients, ramp.draw.cookie)
    counts = Counter(numbers)
    for number, width in enumerate((0.05, 0.20, 0.25, 0.50)):
        assert fits(counts[number], CLIENTS, width), counts
    assert at_25 == ["v2" if number < 2 else "v1" for number in numbers]
    for _ in range(3):
        assert once_each(clients) == at_25
    ramp.to(50.0)
    at_50 = ["v2" if number < 3 else "v1" for number in numbers]
    eventually(lambda: once_each(clients), lambda seen: seen == at_50)
    stayed = [version for before, version in zip(at_25, at_50, strict=True) if before == "v2"]
    others = [version for before, version in zip(at_25, at_50, strict=True) if before == "v1"]
    assert set(stayed) == {"v2"}
    assert fits(others.count("v2"), len(others), 1 / 3)
    assert once_each(clients) == at_50
    assert drawn(clients, ramp.draw.cookie) == numbers
    ramp.to(0.0)
    eventually(lambda: once_each(clients), lambda seen: set(seen) == {"v1"})
    assert len(router._get(SERVICE)["spec"]["rules"]) == 1  # type: ignore[index]  # it was just written


def test_another_rollout_draws_afresh(
    router: GatewayApiRouter, route: Route, old: Backend, new: Backend, http: Callable[[], httpx2.Client]
) -> None:
    first, second = (Ramp(router, route, old, new, f"side-000000000{number}") for number in (2, 3))
    first.to(50.0)
    in_force(lambda: once_each([http() for _ in range(40)]), {"v1", "v2"})
    clients = [http() for _ in range(200)]
    before = once_each(clients)
    second.to(50.0)
    eventually(lambda: http().get("/").headers["set-cookie"], lambda seen: seen.startswith(second.draw.cookie))
    after = once_each(clients)
    both = sum(a == b == "v2" for a, b in zip(before, after, strict=True))
    assert fits(both, len(clients), 0.25)
    assert once_each(clients) == after


def test_every_match_keeps_its_clients_and_a_client_without_cookies_is_drawn_at_each_request(
    router: GatewayApiRouter, route: Route, old: Backend, new: Backend, http: Callable[[], httpx2.Client]
) -> None:
    matches = (
        Match(path="/api"),
        Match(path="/api", headers=(HeaderMatch(name="x-a", value="1"),)),
        Match(path="/exact", path_type="Exact", method="GET"),
    )
    ramp = Ramp(router, route.model_copy(update={"matches": matches}), old, new, "side-0000000004")
    ramp.to(50.0)
    eventually(lambda: http().get("/api").status_code, lambda status: status == 200)
    clients = [http() for _ in range(60)]
    seen = once_each(clients, "/api")
    assert set(seen) == {"v1", "v2"}
    for path in ("/api/deeper", "/exact"):
        assert once_each(clients, path) == seen
    for client in clients:
        client.headers["x-a"] = "1"
        client.headers["cookie"] = f"first=1; {ramp.draw.cookie}={client.cookies[ramp.draw.cookie]}; last=2"
    assert once_each(clients, "/api") == seen
    for client, version in zip(clients, seen, strict=True):
        own = client.headers.pop("cookie").split("; ")
        client.cookies.clear()
        answer = client.get("/api", headers=[("cookie", one) for one in own])
        assert answer.headers[VERSION_HEADER] == version
        assert "set-cookie" not in answer.headers
    forgetful = http()
    answers = []
    for _ in range(200):
        answers += once_each([forgetful], "/api")
        forgetful.cookies.clear()
    assert fits(answers.count("v2"), 200, 0.5)


class OwnCookies(BaseHTTPRequestHandler):
    """A service that sets two cookies of its own."""

    def do_GET(self) -> None:
        self.send_response(200)
        for cookie in ("session=abc; Path=/", "theme=dark"):
            self.send_header("Set-Cookie", cookie)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""


def reached_from(url: str) -> str:
    """This machine's address as the gateway sees it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((httpx2.URL(url).host, 9))
        return str(probe.getsockname()[0])


@pytest.fixture
def own(stage: Stage, variables: Mapping[str, str]) -> Iterator[Backend]:
    address = reached_from(variables["SLIPWAY_GATEWAY_URL"])
    server = ThreadingHTTPServer((address, 0), OwnCookies)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    found = stage.backend("own")
    stage.make("v1", "Service", found.entry, {"spec": {"ports": [{"port": PORT, "name": "http"}]}})
    content = {
        "metadata": {"name": found.entry, "namespace": stage.namespace, "labels": {SERVICE_NAME: found.entry}},
        "addressType": "IPv4",
        "ports": [{"name": "http", "port": server.server_port}],
        "endpoints": [{"addresses": [address], "conditions": {"ready": True}}],
    }
    stage.make("discovery.k8s.io/v1", "EndpointSlice", found.entry, content)
    yield found
    server.shutdown()
    server.server_close()


def test_the_services_own_cookies_stay(
    router: GatewayApiRouter, route: Route, own: Backend, new: Backend, http: Callable[[], httpx2.Client]
) -> None:
    ramp = Ramp(router, route, new, own, "side-0000000006")
    ramp.to(50.0)
    wanted = {"session", "theme", ramp.draw.cookie}
    eventually(lambda: set(cookies_of(http())), lambda seen: seen == wanted)


def cookies_of(client: httpx2.Client) -> list[str]:
    client.get("/")
    return list(client.cookies)


def test_no_request_is_lost_while_the_weights_of_a_sticky_route_move(
    router: GatewayApiRouter, route: Route, old: Backend, new: Backend, http: Callable[[], httpx2.Client]
) -> None:
    ramp = Ramp(router, route, old, new, "side-0000000005")
    ramp.to(0.0)
    in_force(lambda: once_each([http() for _ in range(20)]), {"v1"})
    ended = threading.Event()
    statuses: Counter[int] = Counter()

    def use() -> None:
        returning = http()
        while not ended.is_set():
            for client in (returning, http()):
                statuses[client.get("/").status_code] += 1

    users = [threading.Thread(target=use) for _ in range(4)]
    for user in users:
        user.start()
    try:
        for weight in (5.0, 25.0, 50.0, 100.0, 50.0, 5.0, 0.0):
            ramp.to(weight)
            passed = statuses.total()
            eventually(statuses.total, lambda now, passed=passed: now >= passed + 100)  # type: ignore[misc]
    finally:
        ended.set()
        for user in users:
            user.join()
    assert set(statuses) == {200}, statuses
