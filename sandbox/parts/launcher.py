"""Start parts, keep those that run as they should, wait until they are ready, end them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sandbox import process
from sandbox.errors import SandboxError, log_tail
from sandbox.namespace import Namespace
from sandbox.parts.part import Part
from sandbox.paths import StatePaths
from sandbox.state import ProcessRecord, State, save

READY_WITHIN = 120.0
"""Seconds that a part may take until it answers; a warm start needs a tenth of it even beside a build."""
TERM_GRACE = 1.0
"""Seconds between SIGTERM and SIGKILL for a part that is restarted."""
KEEP_LOG = 20 * 1024 * 1024
"""Bytes from which on a part's log is put aside before it is started again."""


@dataclass(frozen=True)
class Launcher:
    """Launches into one namespace and records in one state."""

    paths: StatePaths
    namespace: Namespace
    state: State

    def launch(self, part: Part) -> bool:
        """Start ``part`` unless it runs as described already; whether it was started."""
        record = self.state.parts.get(part.name)
        if record is not None and record.alive:
            if record.fingerprint == part.fingerprint:
                return False
            process.end([record.pid], grace=TERM_GRACE)
        # A state file that was lost does not hide a part: one that still runs would hold the ports of the new one.
        process.end(process.running(Path(part.argv[0]).name, self.namespace.inode("pid")), grace=TERM_GRACE)
        part.write_files()
        self._rotate(part.name)
        pid = self.namespace.spawn(_with_priority(part), self.paths.log(part.name), part.environment)
        started = process.start_time(pid) if pid else None
        if started is None:
            raise self._died(part)
        self.state.parts[part.name] = ProcessRecord(
            pid=pid,
            started=started,
            fingerprint=part.fingerprint,
            version=part.version,
            listens=part.listens,
        )
        save(self.paths, self.state)
        return True

    def await_ready(self, parts: Sequence[Part], within: float = READY_WITHIN) -> None:
        """Return when every part answers; a part that ends or takes too long is an error with its log's tail."""
        deadline = time.monotonic() + within
        waiting = list(parts)
        while waiting := [part for part in waiting if not self._answers(part)]:
            for part in waiting:
                if time.monotonic() > deadline:
                    log = self.paths.log(part.name)
                    remedy = f"look at {log}; slipway sandbox down and up starts it anew"
                    raise SandboxError(part.name, f"not ready within {within:.0f} s", remedy, log_tail(log))
            time.sleep(process.POLL_LIMIT)

    def _answers(self, part: Part) -> bool:
        if not self.state.parts[part.name].alive:
            raise self._died(part)
        return part.ready()

    def _died(self, part: Part) -> SandboxError:
        log = self.paths.log(part.name)
        remedy = f"look at {log}; slipway sandbox up tries again"
        return SandboxError(part.name, "ended while starting", remedy, log_tail(log))

    def _rotate(self, name: str) -> None:
        log = self.paths.log(name)
        if log.exists() and log.stat().st_size > KEEP_LOG:
            log.rename(log.with_suffix(".old"))


def _with_priority(part: Part) -> list[str]:
    """nice(1) executes the part, which so keeps its process id; without the right to raise it, it only warns."""
    command = [*part.wrapper, *part.argv]
    return ["nice", "-n", str(part.niceness), *command] if part.niceness else command
