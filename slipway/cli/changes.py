"""What a preview or an update did to which service, from the engine's own events. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from slipway.release.errors import NEXT
from slipway.release.tokens import RELEASE, ROLLOUT, TOPOLOGIES, type_of

SERVICE_TYPES = (*TOPOLOGIES, RELEASE, ROLLOUT)
"""A service's topology, its Rollout and its Release are called like it."""
UNCHANGED = frozenset({"same", "read", "refresh", "discard", "read-discard"})


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the engine; `parent` is a URN, empty for the stack. `diffs` are the properties that change."""

    op: str
    urn: str
    parent: str
    diffs: tuple[str, ...] = ()

    @property
    def type(self) -> str:
        """The resource's own type, without those of its parents."""
        return type_of(self.urn)

    @property
    def name(self) -> str:
        """The resource's name in the program."""
        return self.urn.split("::", 3)[3]


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """A message of the engine; `urn` is empty when it concerns no resource."""

    severity: str
    message: str
    urn: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """A resource that would not stay as it is; `service` is None for what belongs to no service."""

    op: str
    type: str
    name: str
    urn: str
    service: str | None
    diffs: tuple[str, ...] = ()

    def __str__(self) -> str:
        what = f" [{', '.join(self.diffs)}]" if self.diffs else ""
        return f"{self.op} {self.type} {self.name}{what}"


def changes(steps: Sequence[Step]) -> tuple[Change, ...]:
    """Everything but what stays the same, in the engine's order, each resource and operation once."""
    owners = Owners(steps)
    found = {
        (step.op, step.urn): Change(step.op, step.type, step.name, step.urn, owners.of(step.urn), step.diffs)
        for step in steps
        if step.op not in UNCHANGED
    }
    return tuple(found.values())


class Owners:
    """Which service a resource belongs to: the topology among its parents says so."""

    def __init__(self, steps: Iterable[Step]) -> None:
        self._parents: Mapping[str, str] = {step.urn: step.parent for step in steps}

    def of(self, urn: str) -> str | None:
        """The service, None for resources of no service."""
        for ancestor in self._line(urn):
            _, _, rest = ancestor.partition("::")
            parts = rest.split("::", 2)
            if len(parts) == 3 and parts[1].rpartition("$")[2] in SERVICE_TYPES:
                return parts[2]
        return None

    def _line(self, urn: str) -> Iterator[str]:
        seen: set[str] = set()
        while urn and urn not in seen:
            seen.add(urn)
            yield urn
            urn = self._parents.get(urn, "")


def others(found: Iterable[Change], service: str) -> tuple[Change, ...]:
    """Those that do not belong to this service."""
    return tuple(change for change in found if change.service != service)


def first_error(diagnostics: Iterable[Diagnostic]) -> Diagnostic | None:
    """The first error that concerns a resource, else the first one at all: what to show when one line is shown."""
    errors = [one for one in diagnostics if one.severity == "error" and one.message.strip()]
    return next(
        (one for one in errors if one.urn and "pulumi:pulumi:Stack" not in one.urn), errors[0] if errors else None
    )


def all_errors(diagnostics: Iterable[Diagnostic]) -> tuple[str, ...]:
    """What each error says in one line, once; those that concern a resource where there are any."""
    errors = [one for one in diagnostics if one.severity == "error" and one.message.strip()]
    own = [one for one in errors if one.urn and "pulumi:pulumi:Stack" not in one.urn]
    return tuple(dict.fromkeys(one_line(one.message) for one in own or errors))


def one_line(text: str) -> str:
    """A message without its line breaks; of a traceback only the last line, which says what happened. The next command
    after an update is left out: the command that ran it has its own."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith(NEXT)]
    if any(line.startswith("Traceback (most recent call last)") for line in lines):
        lines = lines[-1:]
    return " ".join(lines).removeprefix("error: ")
