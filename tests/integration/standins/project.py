"""A throwaway Pulumi project on the real CLI, with a home and a file backend of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

VIRTUALENV = Path(sys.prefix)
LIMIT = 120.0
"""Seconds a command may take before a test gives up on it."""


@dataclass
class Project:
    """One project folder with one stack called ``dev``."""

    folder: Path
    environment: dict[str, str]
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def pulumi(self, *arguments: str, succeed: bool = True) -> subprocess.CompletedProcess[str]:
        """Run one command to its end; with ``succeed`` anything but exit code 0 fails the test with the output."""
        result = subprocess.run(
            ["pulumi", *arguments, "--non-interactive", "--color=never"],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=LIMIT,
            check=False,
        )
        if succeed:
            assert result.returncode == 0, f"pulumi {' '.join(arguments)}:\n{result.stdout}\n{result.stderr}"
        return result

    def up(self, *arguments: str) -> dict[str, int]:
        """Update without a preview; how many resources were created, updated, deleted, replaced or left unchanged."""
        return summary(self.pulumi("up", "--yes", "--skip-preview", *arguments).stdout)

    def planned(self, *arguments: str) -> dict[str, int]:
        """What a preview announces, by operation (``create``, ``same``, ``update``, ...)."""
        described = json.loads(self.pulumi("preview", "--json", *arguments).stdout)
        return {str(name): int(count) for name, count in described["changeSummary"].items()}

    def resources(self) -> list[dict[str, Any]]:
        exported = json.loads(self.pulumi("stack", "export", "--show-secrets").stdout)
        return list(exported["deployment"].get("resources", []))

    def outputs(self) -> dict[str, Any]:
        return dict(json.loads(self.pulumi("stack", "output", "--json", "--show-secrets").stdout))

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """A command left running, in a session of its own, its output in ``output.log``."""
        with (self.folder / "output.log").open("w") as log:
            process = subprocess.Popen(
                ["pulumi", *arguments, "--non-interactive", "--color=never"],
                cwd=self.folder,
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
        self.started.append(process)
        return process

    def output(self) -> str:
        return (self.folder / "output.log").read_text()

    def close(self) -> None:
        for process in self.started:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
                process.wait(LIMIT)


def summary(text: str) -> dict[str, int]:
    """The counts under ``Resources:`` of an update's output."""
    block = text.rpartition("Resources:")[2]
    words = re.findall(r"(\d+) (created|updated|deleted|replaced|unchanged|imported)", block)
    return {word: int(count) for count, word in words}


def await_true(condition: Callable[[], bool], what: str, limit: float = 20.0) -> float:
    """Wait for ``condition``; the seconds it took. Fails the test after ``limit``."""
    start = time.monotonic()
    while not condition():
        assert time.monotonic() - start < limit, f"not within {limit} s: {what}"
        time.sleep(0.02)
    return time.monotonic() - start


def running(pid: int) -> bool:
    """Whether a process exists and is no zombie."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def base_environment(home: Path) -> dict[str, str]:
    """The caller's environment without Pulumi's own variables, with a home under ``home``."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PULUMI_")}
    return kept | {
        "PULUMI_HOME": str(home / "pulumi"),
        "PULUMI_CONFIG_PASSPHRASE": "for tests",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    }
