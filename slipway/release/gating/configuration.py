"""The configuration of the gates: a JSON file in CrossGuard's own format, gate -> level or settings.

    {"coverage": {"minLines": 0.8, "enforcementLevel": "advisory", "exemptions": [...]}, "drill": "advisory"}

An unknown gate or setting is an error: a typing error must not switch a rule off.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any, Literal, get_args

from pydantic import Field, ValidationError, create_model

from slipway.release.document_files import read_document_below, read_named
from slipway.release.errors import InputError, Problem
from slipway.release.evidence.trust import TrustRoots
from slipway.release.evidence.trust_file import REMEDIES as TRUST_REMEDIES
from slipway.release.evidence.trust_file import load_trust_below, trust_roots
from slipway.release.gating.catalog import CATALOG, RELEASE_GATES, UNCONDITIONAL, WITHOUT_EXEMPTION
from slipway.release.gating.exemptions import Exemption
from slipway.release.gating.settings import BudgetGate, EvidenceGate, IntegrityGate, NoSettings
from slipway.release.manifest.base import FrozenModel
from slipway.release.manifest.document import Document, show_location
from slipway.release.manifest.problems import problems_of, similar
from slipway.release.readiness.settings import Settings

Level = Literal["mandatory", "advisory", "disabled"]
LEVEL = "enforcementLevel"
REASON = "reason"
"""Why a section is as it is. JSON has no comments; no gate reads it."""
EVERY = "all"

MAX_TRUST_PATH = 4096


@dataclass(frozen=True, slots=True)
class Section:
    """One gate's part of the configuration."""

    level: Level = "mandatory"
    exemptions: tuple[Exemption, ...] = ()
    settings: FrozenModel = field(default_factory=NoSettings)


@dataclass(frozen=True)
class Configuration:
    """All of it. A gate that the file does not name has its strict defaults."""

    sections: Mapping[str, Section] = field(default_factory=dict)
    trust: TrustRoots = field(default_factory=TrustRoots)

    def section(self, gate: str) -> Section:
        """The part of one gate."""
        return self.sections.get(gate) or Section(settings=CATALOG[gate].settings())

    @cached_property
    def settings(self) -> Settings:
        """The thresholds as the gates on releases want them."""
        content: dict[str, FrozenModel] = {}
        for name, gate in RELEASE_GATES.items():
            if gate.settings is not NoSettings:
                found = self.section(name).settings
                content[name.replace("-", "_")] = found.strict() if isinstance(found, BudgetGate) else found
        return Settings.model_validate(content, by_name=True)

    @property
    def budget(self) -> BudgetGate:
        """Where the error budget is asked for."""
        found = self.section("error-budget").settings
        return found if isinstance(found, BudgetGate) else BudgetGate()

    @property
    def plain_http(self) -> tuple[str, ...]:
        """Registries without TLS."""
        return self.integrity.plain_http

    @property
    def integrity(self) -> IntegrityGate:
        """The artifact's registry: which may be asked, and how."""
        found = self.section("artifact-integrity").settings
        return found if isinstance(found, IntegrityGate) else IntegrityGate()


REMEDIES: Mapping[str, str] = {
    LEVEL: "Write mandatory, advisory or disabled",
    "exemptions": "Write resource (the full URN), owner, reason, ticket, granted and expires",
    "trust": "Write the path of a trust file beside this one, or the roots themselves",
}


def load_below(root: Path, reference: str) -> Configuration:
    """Read a configuration below `root`, never through a symbolic link, which could lead to a file that
    others may change. Raises InputError with every problem."""
    document = read_document_below(root, reference, "Write it, or name another one")
    return parse(document, root / PurePosixPath(reference).parent, reference)


def load(path: Path) -> Configuration:
    """Read the configuration that a person names on the command line. Raises InputError with every problem."""
    return parse(read_named(path, "Write it, or name another one"), path.parent, str(path))


def parse(document: Document, folder: Path, subject: str) -> Configuration:
    """Validate what was read. Raises InputError with every problem."""
    if not isinstance(document.data, dict):
        raise InputError(subject, [Problem("file", "must be a mapping of gates", "Write {}, the strict defaults")])
    reading = _Reading(document, folder)
    sections = dict(reading.sections(document.data))
    trust = reading.trust(sections.get("evidence"))
    if reading.problems:
        raise InputError(subject, reading.problems)
    return Configuration(MappingProxyType(sections), trust)


@dataclass
class _Reading:
    document: Document
    folder: Path
    problems: list[Problem] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.problems += self.document.problems

    def sections(self, data: Mapping[str, object]) -> Iterator[tuple[str, Section]]:
        for unknown in [key for key in data if key not in {*CATALOG, EVERY}]:
            self._complain(unknown, "names no gate", similar(unknown, list(CATALOG)))
        every = self._level(EVERY, data.get(EVERY)) if EVERY in data else "mandatory"
        for gate in CATALOG:
            yield gate, self._section(gate, data.get(gate, {}), every)

    def trust(self, evidence: Section | None) -> TrustRoots:
        found = evidence.settings if evidence is not None else None
        if not isinstance(found, EvidenceGate):
            return TrustRoots()
        try:
            if isinstance(found.trust, str):
                return load_trust_below(self.folder, self._beside(found.trust))
            return trust_roots(Document(data=found.trust), "evidence.trust")
        except InputError as error:
            where = found.trust if isinstance(found.trust, str) else "evidence.trust"
            self.problems += [Problem(f"{where}: {p.path}", p.message, p.remedy, p.line) for p in error.problems]
            return TrustRoots()

    def _beside(self, path: str) -> str:
        if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts or len(path) > MAX_TRUST_PATH:
            problem = Problem("file", "leaves the folder of the configuration", TRUST_REMEDIES["principals"])
            raise InputError(path, [problem])
        return path

    def _section(self, gate: str, raw: object, every: Level) -> Section:
        if isinstance(raw, str) or not isinstance(raw, dict):
            return Section(level=self._level(gate, raw), settings=self._settings(gate, {})[0])
        content = dict(raw)
        level = self._level(gate, content.pop(LEVEL)) if LEVEL in content else every
        if gate in UNCONDITIONAL and level != "mandatory":
            if LEVEL in raw:
                self._complain(gate, f"is {level}, but must be mandatory: the others lean on it", "Leave the level out")
            level = "mandatory"
        settings, exemptions = self._settings(gate, content)
        return Section(level, exemptions, settings)

    def _settings(self, gate: str, content: Mapping[str, object]) -> tuple[FrozenModel, tuple[Exemption, ...]]:
        base = CATALOG[gate].settings
        model = section_model(gate, base)
        try:
            found = model.model_validate(dict(content), by_alias=True, by_name=False)
        except ValidationError as error:
            below, line = Document(data=content, lines=_below(self.document, gate)), self.document.line((gate,))
            self.problems += [
                Problem(
                    gate if p.path == show_location(()) else f"{gate}.{p.path}", p.message, p.remedy, p.line or line
                )
                for p in problems_of(error, model, below, REMEDIES)
            ]
            return base(), ()
        return found, getattr(found, "exemptions", ())

    def _level(self, gate: str, raw: object) -> Level:
        if isinstance(raw, str) and raw in get_args(Level):
            level: Level = raw  # type: ignore[assignment]
            if gate in UNCONDITIONAL and level != "mandatory":
                self._complain(gate, f"is {level}, but must be mandatory: the others lean on it", "Leave the level out")
                return "mandatory"
            return level
        self._complain(gate, f"{raw!r:.40} is no enforcement level", REMEDIES[LEVEL])
        return "mandatory"

    def _complain(self, path: str, message: str, remedy: str) -> None:
        self.problems.append(Problem(path, message, remedy, self.document.line((path,))))


def section_model(gate: str, base: type[FrozenModel]) -> type[FrozenModel]:
    """The settings of one gate with the reason for them, for readers, and its exemptions, where it may have some."""
    more: dict[str, Any] = {REASON: (str, Field(default="", max_length=2000))}
    if gate not in WITHOUT_EXEMPTION:
        more["exemptions"] = (tuple[Exemption, ...], Field(default=(), max_length=100))
    return create_model(base.__name__, __base__=base, __doc__=base.__doc__, **more)


def _below(document: Document, gate: str) -> dict[tuple[str | int, ...], int]:
    return {location[1:]: line for location, line in document.lines.items() if location[:1] == (gate,)}
