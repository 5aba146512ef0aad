"""Which services a command is about, and where they live."""

from __future__ import annotations

from pathlib import Path

from slipway.release.errors import EngineError
from slipway.release.project_files import NAMESPACE, config_of, stack_file, stacks_of

REMEDY = "name one with --namespace, or the stack with --stack"


def namespace_of(folder: Path, stack: str | None, namespace: str | None) -> str:
    """The namespace that was named, else that of the stack's configuration file. Pulumi is asked only which stack is
    selected, and only when no stack was named and the project has several."""
    if namespace is not None:
        return namespace
    path = stack_file(folder, stack or _only(folder))
    found = config_of(path).get(NAMESPACE)
    if not isinstance(found, str):
        raise EngineError(f"{path.name} has no {NAMESPACE}; {REMEDY}")
    return found


def _only(folder: Path) -> str:
    stacks = stacks_of(folder)
    if len(stacks) == 1:
        return stacks[0]
    from slipway.cli.engine import Engine

    try:
        return Engine(folder).stack
    except EngineError:
        raise EngineError(f"which namespace? {REMEDY} (here are {', '.join(stacks) or 'no stacks'})") from None
