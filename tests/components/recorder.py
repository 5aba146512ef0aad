"""Runs declarations against the SDK's mocks and records every registration as the engine would get it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi.runtime import rpc
from pulumi.runtime.mocks import MockCallArgs, MockMonitor, MockResourceArgs, Mocks


@dataclass(frozen=True, slots=True)
class Registered:
    """One registration. `parent` and `depends_on` are URNs, `aliases` the types by which it is known as well."""

    type: str
    name: str
    urn: str
    parent: str
    aliases: frozenset[str]
    depends_on: frozenset[str]
    ignore_changes: frozenset[str]
    properties: Mapping[str, Any]
    provider: str


class Record(list[Registered]):
    """All registrations of a program, in the order of their arrival."""

    def one(self, kind: str, name: str | None = None) -> Registered:
        """The only resource of a type (and name); fails the test otherwise."""
        found = self.all(kind, name)
        assert len(found) == 1, f"{kind} {name or ''}: {[(each.type, each.name) for each in self]}"
        return found[0]

    def all(self, kind: str, name: str | None = None) -> list[Registered]:
        return [each for each in self if each.type == kind and name in {None, each.name}]

    def names(self) -> set[tuple[str, str]]:
        return {(each.type, each.name) for each in self}


def declare(program: Callable[[], object], answers: Mapping[str, Mapping[str, Any]] | None = None) -> Record:
    """Run `program` to its end, Outputs included. `answers`: type -> what its provider adds to the inputs."""
    monitor = _Recorder(_Provider(answers or {}))
    pulumi.runtime.set_mocks(monitor.mocks, project="releases", stack="test", preview=False, monitor=monitor)
    pulumi.runtime.test(program)()  # type: ignore[no-untyped-call]
    return monitor.record


class _Provider(Mocks):
    def __init__(self, answers: Mapping[str, Mapping[str, Any]]) -> None:
        self._answers = answers

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        return f"{args.name}-id", {**args.inputs, **self._answers.get(args.typ, {})}

    def call(self, args: MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        raise AssertionError(f"nothing here may look anything up: {args.token}")


class _Recorder(MockMonitor):
    def __init__(self, mocks: Mocks) -> None:
        super().__init__(mocks)
        self.record = Record()

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802
        answer = super().RegisterResource(request)  # type: ignore[no-untyped-call]
        if request.type != "pulumi:pulumi:Stack":
            registered = Registered(
                type=request.type,
                name=request.name,
                urn=answer.urn,
                parent=request.parent,
                aliases=frozenset(alias.spec.type for alias in request.aliases),
                depends_on=frozenset(request.dependencies),
                ignore_changes=frozenset(request.ignoreChanges),
                properties=rpc.deserialize_properties(request.object),
                provider=request.provider,
            )
            self.record.append(registered)
        return answer
