"""Which services a command is about, and where they live."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from slipway.release.errors import EngineError
from slipway.release.project_files import config_of, stack_file, stacks_of, target_of
from slipway.release.target import KubernetesTarget, Target

REMEDY = "name one with --namespace, or the stack with --stack"


def find_target(folder: Path, stack: str | None, namespace: str | None) -> Target:
    """The namespace that was named, of the environment's cluster, else the target of the stack's configuration file.
    Pulumi is asked only which stack is selected, and only when no stack was named and the project has several."""
    if namespace is not None:
        return KubernetesTarget(namespace=namespace)
    config, path = configuration(folder, stack)
    try:
        return target_of(config, path)
    except EngineError as error:
        raise EngineError(f"{error}; {REMEDY}") from None


def configuration(folder: Path, stack: str | None) -> tuple[dict[str, Any], Path]:
    """The configuration in the file of a stack, and that file's path. Raises EngineError."""
    path = stack_file(folder, stack or only_stack(folder))
    return config_of(path), path


def only_stack(folder: Path) -> str:
    """The stack of the project when it has one, else the selected one. Raises EngineError."""
    stacks = stacks_of(folder)
    if len(stacks) == 1:
        return stacks[0]
    from slipway.cli.engine import Engine

    try:
        return Engine(folder).stack
    except EngineError:
        raise EngineError(f"which namespace? {REMEDY} (here are {', '.join(stacks) or 'no stacks'})") from None


def path_in_project(project: Path, folder: Path, path: Path) -> str:
    """The path in the project of a file that was named from `folder` or from the project's own; one outside of it stays
    as it was given, and its reader refuses it."""
    whole = (folder / path).absolute()
    if not whole.exists() and (project / path).exists():
        whole = (project / path).absolute()
    try:
        return str(whole.relative_to(project.absolute()))
    except ValueError:
        return str(path)
