"""VictoriaLogs, for those who ask for a server of logs."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from sandbox import probes
from sandbox.context import VICTORIA_LOGS_PORT, Context
from sandbox.parts.part import Part
from sandbox.toolchain.catalog import pinned

NAME = "victoria-logs"


def part(context: Context, binary: Path) -> Part:
    """Lines come by any of its ways of insertion, such as `/insert/jsonline`; it keeps them for a day."""
    return Part(
        name=NAME,
        argv=[
            str(binary),
            f"-storageDataPath={context.paths.data / NAME}",
            f"-httpListenAddr=0.0.0.0:{VICTORIA_LOGS_PORT}",
            "-retentionPeriod=1d",
            "-memory.allowedBytes=256MB",
            "-loggerLevel=WARN",
        ],
        ready=partial(probes.http_ok, context.url(VICTORIA_LOGS_PORT, "/health")),
        niceness=5,
        version=pinned("victoria_logs", "github.com/VictoriaMetrics/VictoriaLogs"),
        listens=context.url(VICTORIA_LOGS_PORT),
    )
