from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest
from google.protobuf import struct_pb2

from sandbox.standins.flagd.flags import Flags
from sandbox.standins.flagd.service import SERVICE, SyncService, field, flags_message, metadata_message

WITHIN = 60.0


@pytest.fixture
def flags() -> Flags:
    return Flags()


@pytest.fixture
def channel(flags: Flags) -> Iterator[grpc.Channel]:
    """To a server with two threads: a stream that did not end would soon block the next ones."""
    server = grpc.server(ThreadPoolExecutor(max_workers=2))
    SyncService(flags).register(server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as made:
        yield made
    flags.close()
    server.stop(grace=None).wait()


def call(channel: grpc.Channel, method: str) -> bytes:
    answer: bytes = channel.unary_unary(f"/{SERVICE}/{method}", bytes, bytes)(b"", timeout=WITHIN)
    return answer


def stream(channel: grpc.Channel) -> Any:
    """An iterator over answers that can be cancelled."""
    return channel.unary_stream(f"/{SERVICE}/SyncFlags", bytes, bytes)(b"", timeout=WITHIN)


def test_a_stream_gets_the_document_at_once_and_after_each_change(flags: Flags, channel: grpc.Channel) -> None:
    flags.publish("{}")
    seen = stream(channel)
    assert next(seen) == flags_message("{}")
    assert not flags.publish("{}")
    assert flags.publish('{"flags": {}}')
    assert next(seen) == flags_message('{"flags": {}}')


def test_a_stream_says_nothing_before_the_first_document(flags: Flags, channel: grpc.Channel) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        call(channel, "FetchAllFlags")
    assert refused.value.code() == grpc.StatusCode.UNAVAILABLE
    seen = stream(channel)
    threading.Timer(0.05, flags.publish, ["{}"]).start()
    assert next(seen) == flags_message("{}")
    assert call(channel, "FetchAllFlags") == flags_message("{}")


def test_a_stream_that_its_client_ends_lets_go_of_its_thread(flags: Flags, channel: grpc.Channel) -> None:
    flags.publish("{}")
    for _ in range(8):
        seen = stream(channel)
        assert next(seen) == flags_message("{}")
        seen.cancel()
    assert call(channel, "FetchAllFlags") == flags_message("{}")


def test_metadata_is_there_though_empty_since_providers_die_without_it(channel: grpc.Channel) -> None:
    answer = call(channel, "GetMetadata")
    assert answer == metadata_message()
    assert answer == bytes([2 << 3 | 2, 0])  # field 2, a message of no bytes: proto3 tells it from an absent one


def test_fields_are_in_protobufs_wire_format_whatever_their_length() -> None:
    for length in (0, 1, 127, 128, 300, 70_000):
        text = "x" * length
        parsed = struct_pb2.Value.FromString(field(3, text.encode()))  # string_value is its field 3
        assert parsed.string_value == text
