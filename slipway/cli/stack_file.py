"""The stack's configuration file, as bytes: found, replaced whole, and put back exactly as it was."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from slipway.release.errors import EngineError

SERVICES = "releases:services"
NAMESPACE = "releases:namespace"
SUFFIXES = (".yaml", ".yml", ".json")


def project_file(folder: Path) -> Path:
    """`Pulumi.yaml` in this folder or the nearest one above it, as the CLI looks for it."""
    start = folder.resolve()
    for place in (start, *start.parents):
        for suffix in SUFFIXES:
            if (found := place / f"Pulumi{suffix}").is_file():
                return found
    raise EngineError(f"no Pulumi.yaml in {start} or above it; go to the project's folder, or name it with --cwd")


def project_name(folder: Path) -> str:
    """The name in Pulumi.yaml."""
    return str(_mapping(project_file(folder)).get("name", ""))


def stack_file(folder: Path, stack: str) -> Path:
    """Where the configuration of a stack lies; the file may be missing."""
    project = project_file(folder)
    settings = _mapping(project)
    place = settings.get("stackConfigDir")
    if place is None and isinstance(settings.get("config"), str):
        place = settings["config"]
    name = f"{project.stem}.{stack.rpartition('/')[2]}{project.suffix}"
    return project.parent / (place or "") / name


def stacks_of(folder: Path) -> list[str]:
    """The stacks that have a configuration file in this project."""
    some = stack_file(folder, "*")
    return sorted(found.name.removeprefix("Pulumi.").removesuffix(some.suffix) for found in some.parent.glob(some.name))


def config_of(path: Path) -> dict[str, Any]:
    """The plain configuration in a stack file; values of secrets stay encrypted."""
    config = _mapping(path).get("config") or {}
    if not isinstance(config, dict):
        raise EngineError(f"{path.name}: config must be a mapping")
    return config


def services_of(config: Mapping[str, Any], path: Path) -> dict[str, dict[str, Any]]:
    """The entries of the services in a stack file's configuration."""
    services = config.get(SERVICES)
    if not isinstance(services, dict) or not all(isinstance(entry, dict) for entry in services.values()):
        raise EngineError(f"{path.name}: {SERVICES} must map each service to {{manifest: path}}")
    return services


def _mapping(path: Path) -> dict[str, Any]:
    try:
        data = yaml.safe_load(path.read_bytes())
    except OSError as error:
        raise EngineError(f"{path.name} cannot be read: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise EngineError(f"{path.name} is not readable as YAML: {' '.join(str(error).split())}") from None
    return data if isinstance(data, dict) else {}


@dataclass(slots=True)
class StackFile:
    """One stack's file with the bytes that it had at first."""

    path: Path
    before: bytes
    written: bytes | None = None

    @classmethod
    def read(cls, path: Path) -> StackFile:
        """Raises EngineError when there is none."""
        try:
            return cls(path, path.read_bytes())
        except OSError as error:
            raise EngineError(f"{path.name} cannot be read: {error.strerror}") from None

    @contextmanager
    def draft(self, kind: str = "draft") -> Iterator[Path]:
        """A copy beside it, with its rights, that is gone after the block unless it took the file's place. Drafts of
        several kinds may exist at once."""
        draft = self.path.with_name(f".{self.path.stem}.{kind}.{os.getpid()}{self.path.suffix}")
        try:
            draft.touch(mode=0o600)
            draft.write_bytes(self.before)
            draft.chmod(self.path.stat().st_mode & 0o777)
            yield draft
        finally:
            with suppress(FileNotFoundError):
                draft.unlink()

    def replace_by(self, draft: Path) -> None:
        """Put the draft in the file's place. Raises EngineError when somebody edited the file in between."""
        if self.path.read_bytes() != self.before:
            raise EngineError(f"{self.path.name} was edited in between; run the command again")
        self.written = draft.read_bytes()
        draft.replace(self.path)

    def put_back(self) -> bool:
        """Restore the first bytes, if the file still is what `replace_by` wrote; whether it did."""
        if self.written is None or self.path.read_bytes() != self.written:
            return False
        with self.draft() as draft:
            draft.replace(self.path)
        self.written = None
        return True
