"""Files of flags -> all flags of a stack, or every problem in all of them at once.

apiVersion: slipway/v1
kind: Flags
flags:
  new-cart: {kind: release, owner: payments, expires: 2027-03-31, default: "off"}
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import JsonValue, ValidationError

from slipway.release.errors import InputError, Problem
from slipway.release.evidence.errors import EvidenceError
from slipway.release.evidence.files import read_below
from slipway.release.flags.model import DeclaredFlags, FeatureFlag
from slipway.release.flags.rules import problems_of_flag
from slipway.release.flags.targeting import problems_of_named_rule
from slipway.release.manifest.base import FlagKey, FrozenModel
from slipway.release.manifest.checks import Contradiction
from slipway.release.manifest.document import MAX_BYTES, Document, Location, read_document, show_location
from slipway.release.manifest.problems import problems_of, similar

REMEDIES: Mapping[str, str] = {
    "apiVersion": "Write apiVersion: slipway/v1",
    "kind": "Write kind: Flags",
    "flags": "Write flags: {new-cart: {kind: release, owner: payments, expires: 2027-03-31, default: off}}",
    "evaluators": 'Write named rules, such as evaluators: {staff: {ends_with: [{var: email}, "@example.com"]}}',
}
OF_A_FLAG: Mapping[str, str] = {
    "kind": "Choose release, kill-switch, experiment or ops",
    "owner": "Write the team that answers for it, such as owner: payments",
    "expires": "Write the day when it shall be gone, such as expires: 2027-03-31",
    "state": "Leave it out, or write ENABLED",
    "variants": "Write variants: {on: true, off: false}, or leave it out for these two",
    "off": "Name the variant of the old behaviour, such as off: off",
    "default": "Name the variant of those whom nothing else gives one, such as default: off",
    "targeting": "Write one rule of flagd, such as targeting: {if: [{==: [{var: plan}, pro]}, on]}",
    "exposure": "Write exposure: {steps: [{percent: 5, bake: 10m}, {percent: 100, bake: 1h}]}",
    "guardrails": "Write guardrails as in a manifest, with {variant} in their queries",
}


class _Head(FrozenModel):
    """What a file says besides its flags."""

    api_version: Literal["slipway/v1"]
    kind: Literal["Flags"]
    evaluators: dict[str, dict[str, JsonValue]] = {}


_SECTIONS = ["apiVersion", "kind", "flags", "evaluators"]


class _Flags(FrozenModel):
    flags: dict[str, FeatureFlag]


class _Keys(FrozenModel):
    flags: dict[FlagKey, object]


def read_flags(root: Path, paths: Sequence[str]) -> DeclaredFlags:
    """Read the files of a stack, each by a path below `root` as manifests are. Raises InputError with every problem of
    all of them."""
    read = [_File(path) for path in dict.fromkeys(paths)]
    problems: list[Problem] = []
    for each in read:
        try:
            each.content(root)
        except EvidenceError as error:
            problems.append(Problem(each.path, error.detail, "Write the path of a file of flags inside the project"))
        except InputError as error:
            problems += [each.named(problem) for problem in error.problems]
    return _joined(read, problems, "flags")


def parse(text: str | bytes, subject: str) -> DeclaredFlags:
    """Validate the text of one file. Raises InputError with every problem."""
    one = _File(subject)
    one.document = read_document(text, subject)
    one.parse()
    return _joined([one], [], subject)


@dataclass
class _File:
    """One file on its way: what it says and what is wrong with it."""

    path: str
    document: Document = field(default_factory=Document)
    flags: dict[str, FeatureFlag] = field(default_factory=dict)
    evaluators: dict[str, dict[str, JsonValue]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def content(self, root: Path) -> None:
        """Read and validate. Raises EvidenceError, or InputError where nothing can be checked further."""
        content = read_below(root, self.path, MAX_BYTES)
        self.document = read_document(content.data, self.path)
        self.parse()

    def parse(self) -> None:
        """What each section and each flag says, whatever is wrong with the others."""
        data = self.document.data
        self.problems += self.document.problems
        if not isinstance(data, dict):
            self.problems.append(Problem("file", "must be a mapping with flags", REMEDIES["flags"], 1))
            return
        for key in data:
            if key not in _SECTIONS:
                self._note((key,), "is not a known section", similar(key, _SECTIONS))
        self._head({key: value for key, value in data.items() if key in _SECTIONS and key != "flags"})
        self._keys({"flags": data["flags"]} if "flags" in data else {})
        flags = data.get("flags")
        for key, raw in flags.items() if isinstance(flags, dict) else ():
            self._flag(key, raw)

    def _head(self, head: dict[str, object]) -> None:
        try:
            self.evaluators = dict(_Head.model_validate(head, by_alias=True, by_name=False).evaluators)
        except ValidationError as error:
            self.problems += problems_of(error, _Head, self.document, REMEDIES)

    def _keys(self, given: dict[str, object]) -> None:
        try:
            _Keys.model_validate(given)
        except ValidationError as error:
            if isinstance(given.get("flags"), dict):
                for details in error.errors():
                    key = details["loc"][1]
                    remedy = "Write a lower-case letter, then letters, digits, - and _, at most 63"
                    self._note(("flags", key), "is no key of a flag", remedy)
            else:
                self.problems += problems_of(error, _Keys, self.document, REMEDIES)

    def _flag(self, key: str, raw: object) -> None:
        try:
            self.flags |= _Flags.model_validate({"flags": {key: raw}}, by_alias=True, by_name=False).flags
        except ValidationError as error:
            remedies = {f"flags.{key}.{name}": text for name, text in OF_A_FLAG.items()}
            self.problems += problems_of(error, _Flags, self.document, {**REMEDIES, **remedies})

    def contradict(self, at: Location, found: Contradiction) -> None:
        """Note what does not hold together; `at` is the place of the part that it speaks of."""
        self._note((*at, *found.at), found.message, found.remedy)

    def named(self, problem: Problem) -> Problem:
        """As it is told among the problems of several files."""
        return Problem(f"{self.path}: {problem.path}", problem.message, problem.remedy, problem.line)

    def _note(self, at: Location, message: str, remedy: str) -> None:
        self.problems.append(Problem(show_location(at), message, remedy, self.document.line(at)))


def _joined(files: Sequence[_File], problems: list[Problem], subject: str) -> DeclaredFlags:
    """The flags of all files. Raises InputError with `problems` and with what is wrong in one of the files or between
    them, in the order of the files and their lines."""
    flags: dict[str, FeatureFlag] = {}
    evaluators: dict[str, dict[str, JsonValue]] = {}
    owners: dict[Location, str] = {}
    for each in files:
        for section, names in (("flags", each.flags), ("evaluators", each.evaluators)):
            for name in names:
                first = owners.setdefault((section, name), each.path)
                if first != each.path:
                    message, remedy = f"is in {first} too", "Keep one of them, or give it another key"
                    each.contradict((section, name), Contradiction((), message, remedy))
        flags.update(each.flags)
        evaluators.update(each.evaluators)
    for each in files:
        _contradict(each, evaluators)
        mine = sorted(each.problems, key=_by_line)
        problems += mine if each.path == subject else [each.named(problem) for problem in mine]
    if problems:
        raise InputError(subject, problems)
    return DeclaredFlags(flags=flags, evaluators=evaluators)


def _contradict(file: _File, evaluators: Mapping[str, object]) -> None:
    """Note what does not hold together in the flags and the named rules of one file."""
    for name, rule in file.evaluators.items():
        for found in problems_of_named_rule(rule, ()):
            file.contradict(("evaluators", name), found)
    for key, flag in file.flags.items():
        for found in problems_of_flag(flag, list(evaluators)):
            file.contradict(("flags", key), found)


def _by_line(problem: Problem) -> float:
    return math.inf if problem.line is None else problem.line
