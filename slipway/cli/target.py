"""Which services a command is about, and where they live."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from slipway.release.errors import EngineError
from slipway.release.project_files import (
    SERVICES,
    config_of,
    place_of_service,
    services_of,
    stack_file,
    stacks_of,
    targets_of,
)
from slipway.release.target import KubernetesTarget, Target

REMEDY = "name one with --namespace, or the stack with --stack"


def find_target(folder: Path, stack: str | None, namespace: str | None, service: str | None = None) -> Target:
    """The namespace that was named, of the environment's cluster, else the target of the stack's configuration file:
    that of the place of `service`, without one the stack's own. Pulumi is asked only which stack is selected, and only
    when no stack was named and the project has several. Raises EngineError, and ClusterError where a place has to be
    asked whether it has the service."""
    if namespace is not None:
        return KubernetesTarget(namespace=namespace)
    targets, config, path = targets_configured(folder, stack)
    if service is None:
        return targets[None]
    return target_of_service(targets, config, path, service)


def find_targets(folder: Path, stack: str | None, namespace: str | None) -> list[Target]:
    """The namespace that was named, else the targets of all places of the stack, its own first. Raises EngineError."""
    if namespace is not None:
        return [KubernetesTarget(namespace=namespace)]
    return [*targets_configured(folder, stack)[0].values()]


def target_of_service(
    targets: Mapping[str | None, Target], config: Mapping[str, Any], path: Path, service: str
) -> Target:
    """That of the place which its entry names. One that the file does not name is where its journal lies, else in the
    stack's own place."""
    declared = SERVICES in config and service in services_of(config, path)
    if declared or len(targets) == 1:
        return targets[place_of_service(config, path, service)]
    from slipway.rollout.assemble import services_in

    return next((one for one in targets.values() if service in services_in(one)), targets[None])


def targets_configured(folder: Path, stack: str | None) -> tuple[dict[str | None, Target], dict[str, Any], Path]:
    """The targets of all places of a stack, its own by None; its configuration, and where that lies. Raises
    EngineError."""
    config, path = configuration(folder, stack)
    try:
        return targets_of(config, path), config, path
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
