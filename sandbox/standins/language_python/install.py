"""``pulumi install``: the virtual environment of a program and its requirements, by its own toolchain."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from sandbox.standins.errors import StandInError
from sandbox.standins.language_python.runtime import PythonRuntime

Step = list[str]


def steps(runtime: PythonRuntime) -> Iterator[Step]:
    """The commands, to be run in the program's folder one after the other; later ones may need the earlier."""
    if runtime.toolchain == "uv":
        yield ["uv", "sync"]
    elif runtime.toolchain == "poetry":
        yield ["poetry", "install", "--no-ansi"]
    else:
        yield from _pip(runtime)


def _pip(runtime: PythonRuntime) -> Iterator[Step]:
    if runtime.virtualenv is not None and not (runtime.virtualenv / "bin" / "python").is_file():
        yield [_base_python(), "-m", "venv", str(runtime.virtualenv)]
    pip = [runtime.interpreter(), "-m", "pip", "install", "--disable-pip-version-check"]
    if (runtime.program / "requirements.txt").is_file():
        yield [*pip, "-r", "requirements.txt"]
    elif (runtime.program / "pyproject.toml").is_file():
        yield [*pip, "-e", "."]


def _base_python() -> str:
    named = os.environ.get("PULUMI_PYTHON_CMD")
    if named:
        return named
    base = Path(sys.base_prefix) / "bin" / "python3"
    if not base.is_file():
        raise StandInError("no Python to make a virtual environment with: set PULUMI_PYTHON_CMD")
    return str(base)
