"""Tests of rules from fixtures: a YAML file names a rule, resources or a release, and the codes that are expected.

    rule: probes
    settings: {liveness: true}            # optional, as in the configuration
    cases:
      - name: a Deployment without a liveness probe is refused
        resources:
          - {type: "kubernetes:apps/v1:Deployment", name: web, props: {...}}
        unknown: [spec.template.spec.containers[0].image]   # optional: not known at preview, in the first resource
        expect: [missing]                                   # codes; [] passes

A case of a rule on releases has `release` in place of `resources`: a manifest's path beside the fixture, perhaps with
`change` (path: value), `observed`, `stack` and `now`.
"""

# ruff: noqa: ANN401  (fixtures are plain data)
from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, UnknownValueError, unknown_checking_proxy
from pydantic import AwareDatetime, Field, ValidationError

from policies.gates import RULES
from policies.rule import UNUSUAL, ReleaseRule, Resource, ResourceRule, Rule, StackRule, Surroundings
from slipway.release.declared import DeclaredRelease, read_manifest
from slipway.release.document_files import read_named
from slipway.release.errors import InputError, Problem, SlipwayError
from slipway.release.findings import GateId
from slipway.release.gating.configuration import Configuration, parse
from slipway.release.gating.gate_input import gate_input_of
from slipway.release.manifest.base import FrozenModel
from slipway.release.manifest.document import Document
from slipway.release.manifest.problems import problems_of, similar
from slipway.release.manifest.release import Release
from slipway.release.release_inputs import Observed

_PART = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
UNKNOWN_CODE = "unknown"
ODD_CODE = "malformed"
_SLIP = 0.94
"""How alike two types are that differ by a letter or two."""


class FixtureResource(FrozenModel):
    """A resource as a program registers it."""

    type: str
    name: str = "resource"
    props: dict[str, Any]


class FixtureRelease(FrozenModel):
    """A release, by the path of its manifest beside the fixture."""

    manifest: str
    change: dict[str, Any] = {}
    observed: Observed = Observed()
    stack: str = "prod"
    now: AwareDatetime | None = None


class FixtureCase(FrozenModel):
    """One case; `expect` are the codes of the findings, in any order."""

    name: str
    resources: tuple[FixtureResource, ...] = ()
    unknown: tuple[str, ...] = ()
    release: FixtureRelease | None = None
    now: AwareDatetime | None = None
    """For rules on resources that look at the time; the present when left out."""
    expect: tuple[GateId, ...]


class Fixture(FrozenModel):
    """One file."""

    rule: str
    settings: dict[str, Any] = {}
    cases: tuple[FixtureCase, ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one case went; `messages` are what the rule said."""

    file: str
    rule: str
    name: str
    expected: tuple[str, ...]
    found: tuple[str, ...]
    messages: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether the rule said exactly what was expected."""
        return sorted(self.expected) == sorted(self.found)


def run(path: Path) -> Iterator[Outcome]:
    """Run one fixture. Raises InputError when it cannot be used, after all cases that can."""
    fixture = read(path)
    rule = RULES[fixture.rule]
    configuration = _configuration(fixture, path)
    problems: list[Problem] = []
    for number, case in enumerate(fixture.cases):
        try:
            found = list(_findings(rule, case, configuration, path.parent))
        except SlipwayError as error:
            problems += _of_case(number, case, error)
            continue
        codes, messages = tuple(code for code, _ in found), tuple(text for _, text in found)
        yield Outcome(str(path), rule.gate.name, case.name, case.expect, codes, messages)
    if problems:
        raise InputError(str(path), problems)


def _of_case(number: int, case: FixtureCase, error: SlipwayError) -> Iterator[Problem]:
    """What is wrong with one case, with its place in the file."""
    place = f"cases[{number}] ({case.name})"
    if isinstance(error, InputError):
        yield from (Problem(f"{place} {one.path}", one.message, one.remedy, None) for one in error.problems)
    else:
        yield Problem(place, str(error), "Correct the path")


def read(path: Path) -> Fixture:
    """Read and validate one fixture. Raises InputError with every problem."""
    document = read_named(path, "Correct the path")
    try:
        fixture = Fixture.model_validate(document.data)
    except ValidationError as error:
        problems = [*document.problems, *problems_of(error, Fixture, document, {}), *_unknown(document.data)]
        raise InputError(str(path), problems) from None
    if problems := [*document.problems, *_unknown(document.data)]:
        raise InputError(str(path), problems)
    return fixture


def _unknown(data: Any) -> Iterator[Problem]:
    rule = data.get("rule") if isinstance(data, dict) else None
    if isinstance(rule, str) and rule not in RULES:
        yield Problem("rule", f"{rule} is no rule", similar(rule, list(RULES)))


def _configuration(fixture: Fixture, path: Path) -> Configuration:
    section = Document(data={fixture.rule: fixture.settings})
    return parse(section, path.parent, f"{path}: settings")


def _findings(rule: Rule, case: FixtureCase, configuration: Configuration, folder: Path) -> Iterator[tuple[str, str]]:
    """Code and message."""
    if isinstance(rule, ReleaseRule):
        if case.release is None:
            raise InputError(case.name, [Problem("release", "is missing", f"{rule.gate.name} judges releases")])
        yield from _of_release(rule, case.release, configuration, folder)
        return
    resources = [_resource(one, case.unknown if number == 0 else ()) for number, one in enumerate(case.resources)]
    _no_slip(rule, case)
    settings = configuration.section(rule.gate.name).settings
    try:
        if isinstance(rule, StackRule):
            mine = [one for one in resources if one.type in rule.types]
            yield from ((found.code, found.message) for _, found in rule.evaluate(mine, settings))
        elif isinstance(rule, ResourceRule):
            around = Surroundings(dict(_releases(folder, case)), now=case.now or datetime.now(UTC))
            for one in resources:
                if one.type in rule.types:
                    yield from ((found.code, found.message) for found in rule.evaluate(one, settings, around))
    except UnknownValueError as error:
        yield UNKNOWN_CODE, str(error.message)
    except UNUSUAL as error:  # as the pack does
        yield ODD_CODE, f"{type(error).__name__}: {error}"


def _no_slip(rule: Rule, case: FixtureCase) -> None:
    """A type that is all but one that the rule reads would let a case pass that judges nothing. Raises InputError."""
    if not case.resources:
        raise InputError(case.name, [Problem("resources", "are missing", f"{rule.gate.name} judges resources")])
    slips = [
        Problem(f"resources[{number}].type", f"{rule.gate.name} does not read {one.type}", f"Did you mean {close[0]}?")
        for number, one in enumerate(case.resources)
        if one.type not in rule.types and (close := get_close_matches(one.type, rule.types, n=1, cutoff=_SLIP))
    ]
    if slips:
        raise InputError(case.name, slips)


def _releases(folder: Path, case: FixtureCase) -> Iterator[tuple[str, Release]]:
    """The manifest that resources are compared with, where the case names one."""
    if case.release is not None:
        yield case.release.manifest, read_manifest(folder, case.release.manifest).release


def _of_release(
    rule: ReleaseRule, given: FixtureRelease, configuration: Configuration, folder: Path
) -> Iterator[tuple[str, str]]:
    read_it = read_manifest(folder, given.manifest)
    if given.change:
        content = read_it.release.model_dump(mode="json", by_alias=True, exclude_none=True)
        for path, value in given.change.items():
            _put(content, path, value)
        try:
            changed = Release.model_validate(content, by_alias=True, by_name=False)
        except ValidationError as error:
            raise InputError("change", problems_of(error, Release, Document(data=content), {})) from None
        read_it = DeclaredRelease(changed, read_it.path, read_it.sha256)
    now = given.now or datetime.now(UTC)
    case = gate_input_of(folder, given.stack, read_it, configuration, given.observed, now)
    yield from ((found.code, found.message) for found in rule.gate.evaluate(case))


def _resource(given: FixtureResource, unknown: tuple[str, ...]) -> Resource:
    props = copy.deepcopy(given.props)
    for path in unknown:
        _put(props, path, UNKNOWN_STRING_VALUE)
    urn = f"urn:pulumi:test::fixtures::{given.type}::{given.name}"
    return Resource(given.type, given.name, urn, unknown_checking_proxy(props))


def _put(content: Any, path: str, value: Any) -> None:
    """Set a value by its path; None removes it."""
    *parents, last = [int(number) if number else name for name, number in _PART.findall(path)]
    here = content
    try:
        for part in parents:
            here = here[part] if isinstance(here, list) else here.setdefault(part, {})
        if value is None and isinstance(here, Mapping):
            here.pop(last, None)  # type: ignore[attr-defined]
        else:
            here[last] = value
    except UNUSUAL:
        raise InputError(path, [Problem(path, "leads nowhere in this case", "Correct the path")]) from None
