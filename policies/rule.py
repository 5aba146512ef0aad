"""What a rule is: metadata for people, and a pure function for the pack, the command line and tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from slipway.release.findings import Finding
from slipway.release.gating.catalog import Gate, ReleaseGate
from slipway.release.manifest.release import Release
from slipway.release.slo.routing import Routing
from slipway.release.tokens import RELEASE

UNUSUAL = (TypeError, ValueError, KeyError, AttributeError, IndexError, RecursionError)
"""What a rule raises at a resource of another shape than it knows: such a resource is refused as `malformed`."""


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource that a program registers. `props` raises at unknown values when it comes from a preview."""

    type: str
    name: str
    urn: str
    props: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a rule may compare a resource with: the manifests that the stack's file names, by path, the manifest of
    each service whose Release was judged in this run, the routing of alarms that its files declare, and the time."""

    manifests: Mapping[str, Release] = field(default_factory=dict)
    judged: Mapping[str, str] = field(default_factory=dict)
    routing: Routing | None = None
    now: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(frozen=True, kw_only=True)
class ReleaseRule:
    """A gate on releases as a rule on Release resources."""

    gate: ReleaseGate

    @property
    def types(self) -> tuple[str, ...]:
        """The types that it reads; nothing is spent on others."""
        return (RELEASE,)


@dataclass(frozen=True, kw_only=True)
class ResourceRule:
    """Judges one resource at a time, before anything of it is created."""

    gate: Gate
    types: tuple[str, ...]
    """The types that it reads; nothing is spent on others."""
    evaluate: Callable[[Resource, Any, Surroundings], list[Finding]]


@dataclass(frozen=True, kw_only=True)
class StackRule:
    """Judges resources together. In a preview it refuses; in an update it comes after the fact, so it only adds to
    what resource rules block."""

    gate: Gate
    types: tuple[str, ...]
    """The types that it reads."""
    evaluate: Callable[[Sequence[Resource], Any], list[tuple[Resource, Finding]]]


Rule = ReleaseRule | ResourceRule | StackRule
"""What a rule is for people (name, title, remedy) is in its row of the catalogue."""
