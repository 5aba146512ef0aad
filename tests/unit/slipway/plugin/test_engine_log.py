"""Lines to the engine."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

from slipway.plugin.engine_log import EngineLog
from slipway.plugin.live_line import LiveLine
from slipway.rollout.status import Progress

URN = "urn:pulumi:prod::shop::slipway:index:Rollout::checkout"


class Engine(engine_pb2_grpc.EngineServicer):
    def __init__(self) -> None:
        self.got: list[engine_pb2.LogRequest] = []

    def Log(self, request: engine_pb2.LogRequest, context: grpc.ServicerContext) -> empty_pb2.Empty:  # noqa: N802
        self.got.append(request)
        return empty_pb2.Empty()


def test_a_status_line_is_ephemeral_and_an_event_stays() -> None:
    engine = Engine()
    server = grpc.server(ThreadPoolExecutor(1))
    engine_pb2_grpc.add_EngineServicer_to_server(engine, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        log = EngineLog(engine_pb2_grpc.EngineStub(channel), URN)
        log.status("step 1/3")
        log.status("step 1/3")
        log.event("25% to v2")
        log.status("step 2/3")
    server.stop(None).wait()
    assert [(one.message, one.ephemeral, one.urn) for one in engine.got] == [
        ("step 1/3", True, URN),
        ("25% to v2", False, URN),
        ("step 2/3", True, URN),
    ]


class Screen:
    """A terminal of 60 columns."""

    def __init__(self) -> None:
        self.drawn: list[str] = []

    def width(self) -> int:
        return 60

    def draw(self, line: str) -> None:
        self.drawn.append(line)


def test_how_the_rollout_stands_is_on_the_live_line_until_it_is_over() -> None:
    screen = Screen()
    log = EngineLog(None, URN, LiveLine(screen, again=600.0))
    log.progress(Progress("checkout", 1, 2, 0.0, None, "2 of 4 replicas ready", 60.0))
    log.status("checkout: smoke checks at 0%")
    log.close()
    assert screen.drawn == ["checkout 0% 1m left, 2 of 4 replicas ready", "checkout: smoke checks at 0%", ""]


def test_a_line_that_cannot_be_delivered_stops_nothing() -> None:
    with grpc.insecure_channel("127.0.0.1:1") as channel:
        EngineLog(engine_pb2_grpc.EngineStub(channel), URN).event("25% to v2")


def test_without_an_engine_lines_go_nowhere() -> None:
    EngineLog(None, URN).event("25% to v2")
