"""Which Python runs a program: the ``toolchain`` and ``virtualenv`` options of Pulumi.yaml and its relatives.

The rules are those of https://www.pulumi.com/docs/iac/languages-sdks/python/#toolchain: pip with a virtual environment
relative to the root folder, uv and poetry with their own, chosen by lock file when the option is absent.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.protobuf import json_format
from pulumi.runtime.proto import language_pb2

from sandbox.standins.errors import InvalidInputError, StandInError

_CHECKERS = ("mypy", "pyright")
_TOOLCHAINS = ("pip", "uv", "poetry")


@dataclass(frozen=True)
class PythonRuntime:
    """One resolved choice; ``virtualenv`` is None for the Python on PATH."""

    toolchain: str
    root: Path
    program: Path
    virtualenv: Path | None
    typechecker: str | None

    def interpreter(self) -> str:
        """The path of the interpreter.

        Raises:
            StandInError: the virtual environment does not exist, or there is no Python on PATH.
        """
        if self.virtualenv is None:
            return _python_on_path()
        python = self.virtualenv / "bin" / "python"
        if not python.is_file():
            raise StandInError(
                f"the runtime option 'virtualenv' means {self.virtualenv}, which is not a virtual environment: "
                "run `pulumi install`, or create it and install the requirements into it"
            )
        return str(python)

    def environment(self, base: Mapping[str, str]) -> dict[str, str]:
        """``base`` with the virtual environment activated as its own ``activate`` script would."""
        result = dict(base)
        if self.virtualenv is not None:
            result.pop("PYTHONHOME", None)
            result["VIRTUAL_ENV"] = str(self.virtualenv)
            binaries = str(self.virtualenv / "bin")
            result["PATH"] = os.pathsep.join([binaries, *filter(None, [base.get("PATH")])])
        return result


def resolve(info: language_pb2.ProgramInfo, *, plugin: bool = False) -> PythonRuntime:
    """The runtime of a program or, with ``plugin``, of a plugin: there pip without a virtualenv means ``venv``.

    Raises:
        InvalidInputError: an option has a value that no Pulumi would take.
    """
    options: dict[str, Any] = json_format.MessageToDict(info.options)
    root, program = Path(info.root_directory), Path(info.program_directory)
    explicit = _choice(options, "toolchain", _TOOLCHAINS)
    toolchain = explicit or _detected_toolchain(program)
    named = options.get("virtualenv", "")
    if not isinstance(named, str):
        raise InvalidInputError("runtime option 'virtualenv' must be a string: the path of the virtual environment")
    if plugin and explicit == "pip" and not named:
        named = "venv"
    return PythonRuntime(
        toolchain=toolchain,
        root=root,
        program=program,
        virtualenv=root / named if named else _own_virtualenv(toolchain, program),
        typechecker=_choice(options, "typechecker", _CHECKERS),
    )


def _choice(options: Mapping[str, Any], name: str, allowed: tuple[str, ...]) -> str | None:
    value = options.get(name)
    if value is None or value in allowed:
        return value
    raise InvalidInputError(f"runtime option {name!r} is {value!r}: use one of {', '.join(allowed)}")


def _detected_toolchain(program: Path) -> str:
    for toolchain, lock in (("uv", "uv.lock"), ("poetry", "poetry.lock")):
        if _upwards(program, lock) is not None:
            return toolchain
    return "pip"


def _own_virtualenv(toolchain: str, program: Path) -> Path | None:
    if toolchain == "uv":
        home = _upwards(program, "uv.lock") or _upwards(program, "pyproject.toml") or program
        return home / os.environ.get("UV_PROJECT_ENVIRONMENT", ".venv")
    if toolchain == "poetry":
        found = subprocess.run(
            ["poetry", "env", "info", "--path"], cwd=program, capture_output=True, text=True, check=False
        )
        if found.returncode == 0 and found.stdout.strip():
            return Path(found.stdout.strip())
        raise StandInError(f"poetry knows no virtual environment for {program}: run `pulumi install`")
    return None


def _upwards(folder: Path, name: str) -> Path | None:
    return next((place for place in (folder, *folder.parents) if (place / name).exists()), None)


def _python_on_path() -> str:
    named = os.environ.get("PULUMI_PYTHON_CMD")
    for candidate in [named] if named else ["python3", "python"]:
        if found := shutil.which(candidate):
            return found
    raise StandInError("no Python on PATH: install one, or set the runtime option 'virtualenv'")
