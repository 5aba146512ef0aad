"""The plugin's server, over gRPC: it answers whatever is in flight, and ends with its engine."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from slipway.plugin import serve
from slipway.plugin.construct import Constructor
from slipway.plugin.holdback import HoldBack
from slipway.plugin.provider import SlipwayProvider
from slipway.plugin.structs import to_struct
from slipway.plugin.version import VERSION
from slipway.release.errors import ClusterError
from slipway.release.tokens import SERVICE
from slipway.rollout.adapters import Adapters
from tests.unit.slipway.rollout.examples import wanted

MANY = 270
"""More than the pool of a fixed size once had threads."""
URN = "urn:pulumi:prod::shop::slipway:index:Rollout::checkout"


class Held:
    """A cluster whose answer takes until it is told to go on."""

    def __init__(self) -> None:
        self.arrived = threading.Semaphore(0)
        self.go = threading.Event()

    def connect(self, _: object, stack: str) -> Adapters:
        self.arrived.release()
        self.go.wait(30.0)
        raise ClusterError("the cluster is away")


@contextmanager
def served(provider: SlipwayProvider) -> Iterator[provider_pb2_grpc.ResourceProviderStub]:
    server, port = serve.start_server(provider)
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield provider_pb2_grpc.ResourceProviderStub(channel)
    server.stop(None).wait()


def test_cancel_and_plugin_info_are_answered_at_once_whatever_is_in_flight() -> None:
    held = Held()
    request = provider_pb2.UpdateRequest(urn=URN, news=to_struct(wanted().to_wire()))
    with served(SlipwayProvider(None, held.connect)) as stub:
        calls = [stub.Update.future(request) for _ in range(MANY)]
        assert all(held.arrived.acquire(timeout=30.0) for _ in calls)
        assert stub.GetPluginInfo(empty_pb2.Empty(), timeout=5.0).version == VERSION
        stub.Cancel(empty_pb2.Empty(), timeout=5.0)
        assert not any(call.done() for call in calls)
        held.go.set()
        codes = {call.code() for call in calls}  # waits for the end of each
    assert codes == {grpc.StatusCode.FAILED_PRECONDITION}


def test_components_in_flight_keep_no_rollout_from_its_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """A component ends after its Rollout: in a pool that both share they would wait for each other."""
    arrived, rolled_out = threading.Semaphore(0), threading.Event()

    def construct(self: object, request: object, context: object) -> provider_pb2.ConstructResponse:
        arrived.release()
        assert rolled_out.wait(30.0)
        return provider_pb2.ConstructResponse(urn="urn")

    monkeypatch.setattr(Constructor, "construct", construct)
    held = Held()
    held.go.set()
    provider = SlipwayProvider(None, held.connect, HoldBack(quiet=0.0))
    with served(provider) as stub:
        calls = [stub.Construct.future(provider_pb2.ConstructRequest(type=SERVICE)) for _ in range(MANY)]
        assert all(arrived.acquire(timeout=30.0) for _ in calls)
        with pytest.raises(grpc.RpcError) as caught:
            stub.Update(provider_pb2.UpdateRequest(urn=URN, news=to_struct(wanted().to_wire())), timeout=20.0)
        assert "the cluster is away" in str(caught.value.details()), "a failed rollout does not wait for its component"
        rolled_out.set()
        assert {call.result().urn for call in calls} == {"urn"}


def test_a_refusal_reaches_the_engine_as_its_reason_and_the_next_command() -> None:
    held = Held()
    held.go.set()
    request = provider_pb2.UpdateRequest(urn=URN, news=to_struct(wanted().to_wire()))
    with served(SlipwayProvider(None, held.connect)) as stub, pytest.raises(grpc.RpcError) as caught:
        stub.Update(request)
    reason, following = str(caught.value.details()).splitlines()
    assert reason == "the cluster is away"
    assert following.startswith("Next: `slipway status checkout")


def test_the_provider_ends_when_its_engine_listens_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve, "LOOK_EVERY", 0.01)
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as engine:
        address = f"127.0.0.1:{engine.getsockname()[1]}"
        thread = threading.Thread(target=serve._end_with_engine, args=(address, ended), daemon=True)
        thread.start()
        engine.accept()[0].close()
        engine.accept()[0].close()
        assert not ended.is_set()
    assert ended.wait(5.0)


def test_the_provider_ends_when_its_parent_has_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve, "LOOK_EVERY", 0.01)
    parents = iter([7])
    monkeypatch.setattr(os, "getppid", lambda: next(parents, 1))
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as engine:
        address = f"127.0.0.1:{engine.getsockname()[1]}"
        threading.Thread(target=serve._end_with_engine, args=(address, ended), daemon=True).start()
        assert ended.wait(5.0)
