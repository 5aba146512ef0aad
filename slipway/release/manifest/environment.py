"""What the release needs from the environment that it goes to, and how that differs from staging."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from slipway.release.manifest.base import FrozenModel, Name


class Dependency(FrozenModel):
    """Something in the environment that the release needs in order to work."""

    name: Name
    kind: Literal["service", "database", "queue", "flag", "secret", "infrastructure", "other"] = "service"
    needs: str | None = None
    """What exactly, such as a version or a schema."""
    ready: bool
    """Whether it is in place in the target environment."""


class Difference(FrozenModel):
    """A declared difference between staging and this environment."""

    field: Name
    """Path in the manifest, such as `workload.replicas`; covers everything below it."""
    reason: Annotated[str, Field(min_length=10)]


class Environment(FrozenModel):
    """What the release needs from its environment. `dependencies: []` is an answer; leaving it out is not."""

    dependencies: tuple[Dependency, ...]
    dependents: tuple[Name, ...] = ()
    """Services that call this one: part of the blast radius."""
    differences: tuple[Difference, ...] = ()
