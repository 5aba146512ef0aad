"""The command of a plugin that is written in Python: a resource provider by path, or a policy pack."""

from __future__ import annotations

import tomllib
from pathlib import Path

from pulumi.runtime.proto import language_pb2

from sandbox.standins.errors import StandInError


def arguments(request: language_pb2.RunPluginRequest) -> list[str]:
    """The arguments after the interpreter.

    Raises:
        StandInError: the folder holds nothing that runs.
    """
    folder = Path(request.info.program_directory)
    if request.kind == "analyzer":
        return ["-u", "-m", "pulumi.policy", *request.args, str(folder)]
    if (folder / "__main__.py").is_file():
        return ["-u", str(folder), *request.args]
    return ["-u", "-m", "pulumi.run.plugin", _project_name(folder), *request.args]


def working_directory(request: language_pb2.RunPluginRequest) -> str:
    """A policy pack runs in its own folder, so that it imports its own modules; a provider in the project's."""
    return request.info.program_directory if request.kind == "analyzer" else request.pwd


def environment(request: language_pb2.RunPluginRequest) -> dict[str, str]:
    """The environment that Pulumi hands over; later entries win."""
    return dict(entry.split("=", 1) for entry in request.env if "=" in entry)


def _project_name(folder: Path) -> str:
    try:
        return str(tomllib.loads((folder / "pyproject.toml").read_text())["project"]["name"])
    except (OSError, KeyError, tomllib.TOMLDecodeError):
        raise StandInError(
            f"{folder} is no Python plugin: it has neither __main__.py nor a pyproject.toml with a project name"
        ) from None
