"""What a rule is: metadata for people, and a pure function for the pack, the command line and tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from slipway.release.findings import Finding, Severity, Turn
from slipway.release.gating.configuration import MODELS, NoSettings
from slipway.release.manifest.base import Part
from slipway.release.manifest.release import Release
from slipway.release.readiness.case import Case
from slipway.release.tokens import RELEASE

DOCUMENT = "docs/gates.md"

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
    """What a rule may compare a resource with: the manifests that the stack's file names, by path, and the manifest
    of each service whose Release was judged in this run."""

    manifests: Mapping[str, Release] = field(default_factory=dict)
    judged: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What people see of a rule. `rows` are those of the framework in docs/gates.md."""

    name: str
    title: str
    severity: Severity
    rows: tuple[str, ...]
    remedy: str
    settings: type[Part] = NoSettings

    @property
    def types(self) -> tuple[str, ...]:
        """The types that it reads; nothing is spent on others."""
        return (RELEASE,)

    @property
    def url(self) -> str:
        """Where it is documented, in this project."""
        return f"{DOCUMENT}#{self.name}"


@dataclass(frozen=True, kw_only=True)
class ReleaseRule(Rule):
    """Judges a release by its manifest and evidence."""

    evaluate: Callable[[Case], list[Finding]]


@dataclass(frozen=True, kw_only=True)
class ResourceRule(Rule):
    """Judges one resource at a time, before anything of it is created."""

    reads: tuple[str, ...]
    evaluate: Callable[[Resource, Any, Surroundings], list[Finding]]

    @property
    def types(self) -> tuple[str, ...]:
        """As `reads`."""
        return self.reads


@dataclass(frozen=True, kw_only=True)
class StackRule(Rule):
    """Judges resources together. In a preview it refuses; in an update it comes after the fact, so it only adds to
    what resource rules block."""

    reads: tuple[str, ...]
    evaluate: Callable[[Sequence[Resource], Any], list[tuple[Resource, Finding]]]

    @property
    def types(self) -> tuple[str, ...]:
        """As `reads`."""
        return self.reads


def of_release(
    name: str,
    title: str,
    *,
    severity: Severity,
    rows: tuple[str, ...],
    remedy: str,
    evaluate: Callable[[Case], list[Finding]],
) -> ReleaseRule:
    """A rule on releases; its settings are those of the gate of the same name."""
    return ReleaseRule(
        name=name,
        title=title,
        severity=severity,
        rows=rows,
        remedy=remedy,
        evaluate=evaluate,
        settings=MODELS.get(name, NoSettings),
    )


def finding(
    rule: str,
    code: str,
    field_path: str,
    found: object,
    wanted: str,
    remedy: str,
    turn: Turn = "development",
    severity: Severity = "high",
) -> Finding:
    """A finding of a rule on resources."""
    return Finding(
        gate=rule,
        code=code,
        severity=severity,
        field=field_path,
        found=found if isinstance(found, str) else repr(found),
        wanted=wanted,
        remedy=remedy,
        turn=turn,
    )
