"""Lines to the engine: the status of a resource while it is updated, and lines that stay in the output."""

from __future__ import annotations

import contextlib

import grpc
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

from slipway.plugin.live_line import LiveLine
from slipway.rollout.status import Progress


class EngineLog:
    """A Reporter for one resource. A line that cannot be delivered never stops a rollout."""

    def __init__(self, engine: engine_pb2_grpc.EngineStub | None, urn: str, live: LiveLine | None = None) -> None:
        """`live` gets each status too."""
        self._engine = engine
        self._urn = urn
        self._live = live or LiveLine(None)
        self._last = ""

    def status(self, line: str) -> None:
        """Replace the resource's status line."""
        self._live.show(self._urn, lambda width: line[:width])
        self._status(line)

    def progress(self, progress: Progress) -> None:
        """Replace it by how the rollout stands."""
        self._live.show(self._urn, progress.fitted)
        self._status(progress.line())

    def close(self) -> None:
        """The rollout is over."""
        self._live.end(self._urn)

    def _status(self, line: str) -> None:
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
