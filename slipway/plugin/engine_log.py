"""Lines to the engine: the status of a resource while it is updated, and lines that stay in the output."""

from __future__ import annotations

import contextlib

import grpc
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc


class EngineLog:
    """A Reporter for one resource. A line that cannot be delivered never stops a rollout."""

    def __init__(self, engine: engine_pb2_grpc.EngineStub | None, urn: str) -> None:
        self._engine = engine
        self._urn = urn
        self._last = ""

    def status(self, line: str) -> None:
        """Replace the resource's status line."""
        if line != self._last:
            self._last = line
            self._log(line, engine_pb2.INFO, ephemeral=True)

    def event(self, line: str) -> None:
        """Add a line that stays."""
        self._log(line, engine_pb2.INFO, ephemeral=False)

    def warning(self, line: str) -> None:
        """Add a warning of the resource."""
        self._log(line, engine_pb2.WARNING, ephemeral=False)

    def error(self, line: str) -> None:
        """Add an error of the resource. It ends nothing: a preview goes on and shows it."""
        self._log(line, engine_pb2.ERROR, ephemeral=False)

    def _log(self, line: str, severity: engine_pb2.LogSeverity.ValueType, *, ephemeral: bool) -> None:
        if self._engine is None:
            return
        request = engine_pb2.LogRequest(severity=severity, message=line, urn=self._urn, ephemeral=ephemeral)
        with contextlib.suppress(grpc.RpcError):
            self._engine.Log(request, timeout=5)
