"""The real OpenFeature provider in the sample service, on flags from the stand-in of flagd."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest

from sandbox.ports import free_port
from sandbox.sample.flagged import PROGRAM
from sandbox.standins.flagd.flags import Flags
from sandbox.standins.flagd.service import SyncService
from sandbox.toolchain import ensure_openfeature
from sandbox.toolchain.packages import isolated_python

WITHIN = 30.0
SERIES = r'http_requests_total\{feature_flag_key="new-cart",feature_flag_result_variant="(\w+)",code="(\d+)"\} (\d+)'
KEYS = [f"user-{number}" for number in range(200)]


def document(percent: int) -> str:
    targeting = {"fractional": [["on", percent], ["off", 100 - percent]]}
    flag = {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "off"}
    return json.dumps({"flags": {"new-cart": {**flag, "targeting": targeting}}})


class SyncServer:
    """On loopback, at a port that it keeps."""

    def __init__(self) -> None:
        self.flags = Flags()
        self.port = free_port()
        self._server: grpc.Server | None = None

    def start(self) -> None:
        self._server = grpc.server(ThreadPoolExecutor(max_workers=4), options=[("grpc.so_reuseport", 0)])
        SyncService(self.flags).register(self._server)
        self._server.add_insecure_port(f"127.0.0.1:{self.port}")
        self._server.start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.stop(grace=None).wait()
            self._server = None


class Service:
    """The program as its image runs it."""

    def __init__(self, sync_port: int, **variables: str) -> None:
        self.port = free_port()
        command, own = isolated_python(ensure_openfeature())
        told = {
            "FLAG": "new-cart",
            "FLAGD_HOST": "127.0.0.1",
            "FLAGD_SYNC_PORT": str(sync_port),
            "PORT": str(self.port),
        }
        environment = os.environ | dict(own) | told | {"FLAGD_RETRY_BACKOFF_MAX_MS": "200"}
        self.process = subprocess.Popen([*command, str(PROGRAM)], env=environment | variables)

    def get(self, path: str = "/", key: str | None = None) -> tuple[int, str, Mapping[str, str]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=WITHIN)
        try:
            connection.request("GET", path, headers={"x-client": key} if key is not None else {})
            answer = connection.getresponse()
            return answer.status, answer.read().decode(), dict(answer.getheaders())
        finally:
            connection.close()

    def status(self, path: str) -> int:
        """0 where nothing answers."""
        try:
            return self.get(path)[0]
        except OSError:
            return 0

    def variants(self) -> list[str]:
        return [self.get(key=key)[2]["x-sample-version"] for key in KEYS]

    def await_ready(self) -> None:
        eventually(lambda: self.status("/readyz") == 200)

    def await_changes(self, number: int) -> list[Any]:
        eventually(lambda: len(json.loads(self.get("/changes")[1])) >= number)
        found: list[Any] = json.loads(self.get("/changes")[1])
        return found


def eventually(question: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WITHIN
    while not question():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def server() -> Iterator[SyncServer]:
    made = SyncServer()
    yield made
    made.flags.close()
    made.stop()


@pytest.fixture
def start(server: SyncServer) -> Iterator[Callable[..., Service]]:
    running: list[Service] = []

    def start(**variables: str) -> Service:
        running.append(Service(server.port, **variables))
        return running[-1]

    yield start
    for service in running:
        service.process.kill()
        service.process.wait()


def test_a_caller_gets_its_variant_and_a_change_reaches_the_running_service(
    server: SyncServer, start: Callable[..., Service]
) -> None:
    server.start()
    server.flags.publish(document(25))
    service = start()
    service.await_ready()
    before = service.variants()
    assert 20 < before.count("on") < 80
    sent = time.monotonic()
    server.flags.publish(document(0))
    (at, variant) = service.await_changes(1)[-1]
    assert variant == "off"
    assert sent <= at <= time.monotonic()
    assert set(service.variants()) == {"off"}
    server.flags.publish(document(25))
    service.await_changes(2)
    assert service.variants() == before


def test_a_service_without_flags_is_not_ready(server: SyncServer, start: Callable[..., Service]) -> None:
    service = start()
    eventually(lambda: service.status("/readyz") == 503)
    server.start()
    assert service.get(key="user-1")[2]["x-sample-version"] == "code-default"
    server.flags.publish(document(100))
    service.await_ready()
    assert service.get(key="user-1")[2]["x-sample-version"] == "on"


def test_while_the_sync_server_is_away_the_last_flags_stay(server: SyncServer, start: Callable[..., Service]) -> None:
    server.start()
    server.flags.publish(document(25))
    service = start()
    service.await_ready()
    before = service.variants()
    server.stop()
    assert service.variants() == before
    assert service.status("/readyz") == 200
    server.flags.publish(document(0))
    server.start()
    eventually(lambda: set(service.variants()) == {"off"})


def test_requests_are_counted_by_variant_and_only_the_faulty_one_fails(
    server: SyncServer, start: Callable[..., Service]
) -> None:
    server.start()
    server.flags.publish(document(25))
    service = start(FAULT_VARIANT="on", FAULT_SHARE="1")
    service.await_ready()
    variants = service.variants()
    metrics = service.get("/metrics")[1]
    counted = {(variant, code): int(count) for variant, code, count in re.findall(SERIES, metrics)}
    failed, served = variants.count("on"), variants.count("off")
    assert counted == {("on", "200"): 0, ("on", "500"): failed, ("off", "200"): served, ("off", "500"): 0}


def test_a_service_that_is_asked_to_end_drains_first(server: SyncServer, start: Callable[..., Service]) -> None:
    server.start()
    server.flags.publish(document(25))
    service = start(DRAIN_SECONDS="3600")
    service.await_ready()
    service.process.send_signal(signal.SIGTERM)
    eventually(lambda: service.status("/readyz") == 503)
    status, _, headers = service.get(key="user-1")
    assert (status, headers["Connection"]) == (200, "close")
    service.process.send_signal(signal.SIGTERM)
    assert service.process.wait(WITHIN) == 0


def test_the_drain_ends_after_its_time(server: SyncServer, start: Callable[..., Service]) -> None:
    server.start()
    server.flags.publish(document(25))
    service = start(DRAIN_SECONDS="0.1")
    service.await_ready()
    service.process.send_signal(signal.SIGTERM)
    assert service.process.wait(WITHIN) == 0
