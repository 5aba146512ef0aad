"""A Pulumi project in a folder of its own, with one stack on the sandbox: the program is this project's own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sandbox.errors import SandboxError
from sandbox.paths import PROJECT
from slipway.cli.program_files import program_files

GATES_OFF = {"mode": "off", "reason": "a local stage without evidence, thrown away afterwards"}
PULUMI_LIMIT = 600.0
ENDS_WITHIN = 60.0
_SLIPWAY = str(PROJECT / ".venv" / "bin" / "slipway")


@dataclass(frozen=True, slots=True)
class Result:
    """What a finished command printed, and its exit code."""

    code: int
    output: str


class Stage:
    """One project folder with one stack. Nothing here asks: every command runs as in CI."""

    def __init__(self, folder: Path, stack: str, namespace: str, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self.stack = stack
        self.namespace = namespace
        self.gates: Mapping[str, Any] = GATES_OFF
        self.run_setting: Mapping[str, Any] | None = None
        """`releases:run`; None for rollouts on the host."""
        self.access: Mapping[str, Any] | None = None
        """`releases:access`; None where the accounts are none of the stack's."""
        self.escalation: Mapping[str, Any] | None = None
        """`releases:escalation`; None where no owner is told."""
        self.flags: Mapping[str, Any] | None = None
        self.slos: Mapping[str, Any] | None = None
        """`releases:slos`; None where the stack declares no alarms."""
        self.databases: Mapping[str, Any] | None = None
        """`releases:databases`; None where Slipway runs no migration."""
        self.metrics: Mapping[str, Any] | None = None
        """`releases:metrics`; None for the sandbox's Prometheus."""
        self.environment = {**os.environ, **environment, "PULUMI_ERROR_OUTPUT_STRING": "1"}

    def create(self) -> None:
        """Write the project and make namespace and stack."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for name, text in program_files(self.folder).items():
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / name).write_text(text)
        self._make_namespace()
        self.checked("stack", "init", self.stack)
        self._write_config({})

    def checkout(self, folder: Path) -> Stage:
        """Another checkout of the same project, for the same stack, namespace and backend."""
        shutil.copytree(self.folder, folder)
        made = Stage(folder, self.stack, self.namespace, self.environment)
        made.gates, made.flags, made.run_setting = self.gates, self.flags, self.run_setting
        made.access, made.escalation = self.access, self.escalation
        made.databases, made.metrics, made.slos = self.databases, self.metrics, self.slos
        return made

    def configure(self, service: str, manifest: str, standby: str | None = None, place: str | None = None) -> None:
        """Set one service's entry in the stack's configuration."""
        services, given = self.services(), {"standby": standby, "place": place}
        services[service] = {"manifest": manifest} | {key: value for key, value in given.items() if value is not None}
        self._write_config(services)

    def services(self) -> dict[str, Any]:
        """The entries of the stack's configuration."""
        config = yaml.safe_load(self.config_file.read_text())["config"]
        return dict(config.get("releases:services", {}))

    @property
    def config_file(self) -> Path:
        """The stack's configuration."""
        return self.folder / f"Pulumi.{self.stack}.yaml"

    def _write_config(self, services: Mapping[str, Any]) -> None:
        kept = yaml.safe_load(self.config_file.read_text()) if self.config_file.exists() else {}
        config = {
            **self.place(),
            "releases:metrics": self._metrics(),
            "releases:services": dict(services),
            "releases:gates": dict(self.gates),
        }
        optional = {"flags": self.flags, "run": self.run_setting, "access": self.access, "escalation": self.escalation}
        optional |= {"databases": self.databases, "slos": self.slos}
        config |= {f"releases:{key}": dict(value) for key, value in optional.items() if value is not None}
        self.config_file.write_text(yaml.safe_dump({**(kept or {}), "config": config}, sort_keys=False))

    def place(self) -> dict[str, Any]:
        """Where the services are released and reached."""
        url = self.environment["SLIPWAY_GATEWAY_URL"]
        return {"releases:namespace": self.namespace, "releases:gatewayUrl": url}

    def _metrics(self) -> dict[str, Any]:
        if self.metrics is not None:
            return dict(self.metrics)
        found: dict[str, Any] = {"kind": "prometheus", "url": self.environment["SLIPWAY_PROMETHEUS_URL"]}
        if profile := self.environment.get("SLIPWAY_METRICS_PROFILE"):
            found["profile"] = profile
        if log := self.environment.get("SLIPWAY_ACCESS_LOG"):
            found["accessLog"] = {"path": log}
        return found

    # -- commands ------------------------------------------------------------------------------------------

    def up(self, *more: str) -> Result:
        """`pulumi up`, without a question."""
        return self.run("up", "--yes", "--skip-preview", *more)

    def preview(self, *more: str) -> Result:
        """`pulumi preview`."""
        return self.run("preview", *more)

    def start_up(self, log: Path, *more: str) -> subprocess.Popen[bytes]:
        """`pulumi up` as a process of a group of its own, to be interrupted or killed; its output goes to `log`."""
        return self._start(self._command("up", "--yes", "--skip-preview", *more), log)

    def start_slipway(self, log: Path, *arguments: str) -> subprocess.Popen[bytes]:
        """A `slipway` command as a process of a group of its own; its output goes to `log`."""
        return self._start([_SLIPWAY, *arguments], log)

    def run(self, *arguments: str) -> Result:
        """One Pulumi command on this stack."""
        return self._finish(self._command(*arguments))

    def slipway(self, *arguments: str) -> Result:
        """One `slipway` command in the project's folder."""
        return self._finish([_SLIPWAY, *arguments])

    def checked(self, *arguments: str) -> str:
        """A Pulumi command that must succeed. Raises SandboxError with its output."""
        result = self.run(*arguments)
        if result.code != 0:
            raise SandboxError(f"pulumi {arguments[0]}", "it failed", "see its output", result.output.splitlines())
        return result.output

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs."""
        return dict(json.loads(self.checked("stack", "output", "--json")))

    def deployment(self) -> dict[str, Any]:
        """The stack's exported state."""
        return dict(json.loads(self.checked("stack", "export")))

    def destroy(self) -> None:
        """Everything of this stage: resources, stack, namespace."""
        self.run("cancel", "--yes")
        self.run("destroy", "--yes", "--skip-preview")
        self.run("stack", "rm", "--yes", "--force")
        self._remove_namespace()

    def abandon(self) -> None:
        """Only the namespace goes, with everything in it: for a stage whose backend is thrown away as well, and whose
        processes have ended. Three runs of the engine less than `destroy`."""
        self._remove_namespace()

    def _make_namespace(self) -> None:
        self._kubectl("create", "namespace", self.namespace)

    def _remove_namespace(self) -> None:
        self._kubectl("delete", "namespace", self.namespace, "--ignore-not-found", "--wait=false")

    def _command(self, *arguments: str) -> list[str]:
        stacked = [] if arguments[:2] == ("stack", "init") else ["--stack", self.stack]
        coloured = ["--color", "never", "--non-interactive"]
        return ["pulumi", *arguments, *stacked, *coloured]

    def _kubectl(self, *arguments: str) -> None:
        result = self._finish(["kubectl", *arguments])
        if result.code != 0:
            raise SandboxError("kubectl", "it failed", "see its output", result.output.splitlines())

    def _start(self, command: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
        with log.open("wb") as out:
            return subprocess.Popen(
                command,
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _finish(self, command: Sequence[str]) -> Result:
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PULUMI_LIMIT,
            check=False,
        )
        return Result(done.returncode, done.stdout)


def interrupt(process: subprocess.Popen[bytes]) -> int:
    """Ctrl-C: SIGINT to the whole group, as a terminal does. Returns the exit code."""
    os.killpg(process.pid, signal.SIGINT)
    return process.wait(ENDS_WITHIN)


def kill(process: subprocess.Popen[bytes]) -> None:
    """`kill -9` of the CLI alone; what belongs to it has to notice by itself."""
    process.kill()
    process.wait(ENDS_WITHIN)
