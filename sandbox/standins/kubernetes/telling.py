"""What the user sees while something goes on: status lines and warnings through the engine."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import grpc
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc


class Engine:
    """The engine's log. Nothing here may fail an operation: an engine that has gone is told nothing."""

    def __init__(self, address: str) -> None:
        self._stub = engine_pb2_grpc.EngineStub(grpc.insecure_channel(address)) if address else None

    def status(self, urn: str) -> Callable[[str], None]:
        """Shows a line beside the resource, in place of the one before; repeats are dropped."""
        last: list[str] = [""]

        def say(text: str) -> None:
            if text != last[0]:
                last[0] = text
                self._log(urn, text, engine_pb2.INFO, ephemeral=True)

        return say

    def warning(self, urn: str) -> Callable[[str], None]:
        """Leaves a warning in the update's record."""

        def warn(text: str) -> None:
            self._log(urn, text, engine_pb2.WARNING, ephemeral=False)

        return warn

    def _log(self, urn: str, text: str, severity: engine_pb2.LogSeverity.ValueType, *, ephemeral: bool) -> None:
        if self._stub is None:
            return
        request = engine_pb2.LogRequest(severity=severity, message=text, urn=urn, ephemeral=ephemeral)
        with contextlib.suppress(grpc.RpcError):
            self._stub.Log(request, timeout=5)
