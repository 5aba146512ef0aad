"""flagd.sync.v1.FlagSyncService over gRPC.

The three answers have one or two fields each, so they are written by hand here: the generated modules would bring a
version of protobuf that is not this project's.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator

import grpc

from sandbox.standins.flagd.flags import Flags

SERVICE = "flagd.sync.v1.FlagSyncService"
LENGTH_DELIMITED = 2


def field(number: int, content: bytes) -> bytes:
    """A length-delimited field of protobuf's wire format: string, bytes or message."""
    return bytes([number << 3 | LENGTH_DELIMITED]) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    parts = bytearray()
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    parts.append(value)
    return bytes(parts)


def flags_message(document: str) -> bytes:
    """``SyncFlagsResponse`` and ``FetchAllFlagsResponse``: field 1 is the document."""
    return field(1, document.encode())


def metadata_message() -> bytes:
    """``GetMetadataResponse``: field 2 is an empty ``Struct``. Without it, providers' threads end without a word."""
    return field(2, b"")


class SyncService:
    """The methods; requests carry nothing that matters here, since there is one document for all."""

    def __init__(self, flags: Flags) -> None:
        self._flags = flags

    def register(self, server: grpc.Server) -> None:
        """Add the service to a server."""
        methods: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {
            "SyncFlags": grpc.unary_stream_rpc_method_handler(self.sync_flags),
            "FetchAllFlags": grpc.unary_unary_rpc_method_handler(self.fetch_all_flags),
            "GetMetadata": grpc.unary_unary_rpc_method_handler(self.get_metadata),
        }
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, methods),))

    def sync_flags(self, _request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
        """The document now and after each change. Before the first one the stream says nothing."""
        ended = threading.Event()

        def end() -> None:
            ended.set()
            self._flags.wake()

        context.add_callback(end)
        for document in self._flags.stream(ended):
            yield flags_message(document)

    def fetch_all_flags(self, _request: bytes, context: grpc.ServicerContext) -> bytes:
        """The document now; UNAVAILABLE before the first."""
        document = self._flags.latest
        if document is None:
            context.abort(grpc.StatusCode.UNAVAILABLE, "the source has not been read yet")
        return flags_message(document)

    def get_metadata(self, _request: bytes, _context: grpc.ServicerContext) -> bytes:
        """Nothing about the source, in a form that providers take."""
        return metadata_message()
