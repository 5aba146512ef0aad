"""The only caller of Pulumi: its Automation API, and its CLI where that lacks something.

Everything raises EngineError with one clear line.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pulumi import automation

from slipway.cli import process
from slipway.cli.engine_records import Lock, Run, StackUpdate, State, leaves, locks_in, state_of, update_of
from slipway.cli.process import OnLine
from slipway.release.errors import EngineError
from slipway.release.project_files import SERVICES, project_file

HISTORY = 100
"""Past updates that are looked at."""
NO_CLI = 'no `pulumi` on PATH: install it, or take the sandbox\'s with eval "$(slipway sandbox env)"'
_DEBUG = {"PULUMI_DEBUG_COMMANDS": "true"}
"""Makes the CLI take --event-log."""
_GUESSED = re.compile(r"[-+]?[0-9]+|true|false")
"""Texts that the CLI takes for numbers or booleans unless it is told the type."""
_LOCKED = ("the stack is currently locked by", "Another update is currently in progress")


@dataclass(frozen=True, slots=True)
class Scope:
    """What an update is about: `config_file` in place of the stack's own, and URNs or patterns of them (`**::pay`)
    outside of which the engine checks, changes and deletes nothing; none for the whole stack."""

    config_file: Path | None = None
    targets: tuple[str, ...] = ()

    def options(self) -> list[str]:
        """For the command line."""
        config = ["--config-file", str(self.config_file)] if self.config_file is not None else []
        return config + [option for target in self.targets for option in ("--target", target)]


WHOLE = Scope()


class CommandFailed(EngineError):
    """A command of the CLI ended with an error; the message is its own first line of it."""

    def __init__(self, ended: process.Ended) -> None:
        self.said = ended.stderr.partition("error: ")[2] or ended.stderr or ended.stdout
        lines = [line.strip() for line in self.said.splitlines() if line.strip()]
        super().__init__(f"pulumi: {lines[0] if lines else f'exit code {ended.code}'}")


class StackLocked(EngineError):
    """Another update holds the stack, or one died that held it."""

    def __init__(self, said: str) -> None:
        self.locks = locks_in(said) or [Lock()]
        super().__init__("the stack is locked by another update; `slipway recover` says by whom, and whether it lives")


class Engine:
    """One stack of the project in a folder. Opening it changes nothing, not even which stack is selected."""

    def __init__(
        self, folder: Path, stack: str | None = None, environment: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        """`environment` is what its commands are told beside this process's own variables."""
        self._environment = {**_DEBUG, **environment}
        self.project = project_file(folder).parent
        self._command = _Command()
        self._workspace = _Workspace(work_dir=str(self.project), pulumi_command=self._command)
        self.stack = stack or self._selected()
        self._stack = automation.Stack.select(self.stack, self._workspace)

    # -- reading -------------------------------------------------------------------------------------------

    def history(self) -> list[StackUpdate]:
        """Past updates, the newest first."""
        found = self._stack.history(page_size=HISTORY, show_secrets=False)
        return [update_of(one, SERVICES) for one in found if one.kind == "update"]

    def state(self) -> State:
        """Resources and pending operations."""
        return state_of(self._stack.export_stack().deployment or {})

    def locks(self) -> list[Lock]:
        """Who holds the stack. On a file backend the CLI itself is asked, by a command that can only fail: renaming
        the stack to its own name ends at a lock, else at the name that is taken."""
        for one in self._workspace.list_stacks():
            if one.name == self.stack and one.update_in_progress is not None:
                return [Lock()] if one.update_in_progress else []
        try:
            self._cli("stack", "rename", self.stack)
        except StackLocked as error:
            return error.locks
        except CommandFailed as error:
            if "already exists" not in error.said:
                raise
        return []

    # -- writing -------------------------------------------------------------------------------------------

    def cancel(self) -> None:
        """Take the lock away, as `pulumi cancel` does. On a file backend nothing reaches a live update."""
        self._stack.cancel()

    def clear_pending(self) -> None:
        """Drop the pending operations from the state; the resources in it stay as they are."""
        exported = self._stack.export_stack()
        kept = {key: value for key, value in (exported.deployment or {}).items() if key != "pending_operations"}
        self._stack.import_stack(automation.Deployment(exported.version, kept))

    def write_entry(self, file: Path, service: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
        """Turn a service's entry in this configuration file from `before` into `after`, by the CLI itself, which
        keeps comments."""
        where = ("--config-file", str(file), "--path")
        changed = [item for item in sorted({*before, *after}) if before.get(item) != after.get(item)]
        plain: list[str] = []
        for item in changed:
            path = f'{SERVICES}["{service}"]["{item}"]'
            if item in before and (item not in after or isinstance(before[item], dict | list)):
                self._cli("config", "rm", *where, path)
            for below, value in leaves(after.get(item)):
                if isinstance(value, str) and not _GUESSED.fullmatch(value):
                    plain += ["--plaintext", f"{path}{below}={value}"]
                else:
                    text = value if isinstance(value, str) else json.dumps(value)
                    self._cli("config", "set", *where, "--type", _type(value), path + below, text)
        if plain:
            self._cli("config", "set-all", *where, *plain)

    def preview(self, scope: Scope = WHOLE, on_line: OnLine | None = None) -> Run:
        """Plan an update. Nothing is written."""
        return self._engine("preview", *scope.options(), tell=on_line)

    def up(self, message: str, scope: Scope = WHOLE, on_line: OnLine | None = None) -> Run:
        """Carry an update out. Ctrl-C and SIGTERM reach the engine as one interrupt each, and its end is awaited."""
        return self._engine("up", "--yes", "--skip-preview", "--message", message, *scope.options(), tell=on_line)

    # -- helpers -------------------------------------------------------------------------------------------

    def _selected(self) -> str:
        for one in self._workspace.list_stacks():
            if one.current:
                return str(one.name)
        raise EngineError("no stack is selected: name one with --stack")

    def _cli(self, *arguments: str, tell: OnLine | None = None) -> None:
        self._command.run([*arguments, "--stack", self.stack], str(self.project), self._environment, tell)

    def _engine(self, *arguments: str, tell: OnLine | None) -> Run:
        """A failure of the engine is a result, that it could not begin is an error. Not by the Automation API, whose
        `up` reads outputs and history afterwards: three more commands, while an operator waits for the rollback."""
        error: str | None = None
        with tempfile.TemporaryDirectory(prefix="slipway-") as folder:
            log = Path(folder) / "events.jsonl"
            try:
                self._cli(*arguments, "--color", "never", "--event-log", str(log), tell=tell)
            except CommandFailed as failed:
                error = str(failed)
            lines = log.read_text().splitlines() if log.exists() else []
        return Run.of((json.loads(line) for line in lines), error)


class _Workspace(automation.LocalWorkspace):
    """A workspace that leaves alone which stack the user has selected: every command names its own."""

    def select_stack(self, stack_name: str) -> None:
        """Nothing to do."""


class _Command(automation.PulumiCommand):
    """The CLI, run so that an interrupt reaches it exactly once and it can end in order."""

    def __init__(self) -> None:
        """The base class would run `pulumi version` first; here every command counts."""
        if shutil.which("pulumi") is None:
            raise EngineError(NO_CLI)
        self.command = "pulumi"
        self.version = None

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: automation.OnOutput | None = None,
        on_error: automation.OnOutput | None = None,
    ) -> automation.CommandResult:
        """One command to its end. Raises CommandFailed or StackLocked."""
        environment = {**os.environ, **additional_env, "PULUMI_AUTOMATION_API": "true"}
        command = [self.command, "--non-interactive", *args]
        try:
            ended = process.run(command, cwd, environment, on_output, on_error)
        except OSError as error:
            raise EngineError(f"the `pulumi` on PATH cannot be started: {error.strerror}") from None
        if ended.code == 0:
            return automation.CommandResult(ended.stdout, ended.stderr, ended.code)
        if any(words in ended.stderr for words in _LOCKED):
            raise StackLocked(ended.stderr)
        raise CommandFailed(ended)


def _type(value: object) -> str:
    return {bool: "bool", int: "int", float: "float"}.get(type(value), "string")
