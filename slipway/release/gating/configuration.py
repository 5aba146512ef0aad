"""The configuration of the gates: a JSON file in CrossGuard's own format, gate -> level or settings.

    {"coverage": {"minLines": 0.8, "enforcementLevel": "advisory", "exemptions": [...]}, "drill": "advisory"}

An unknown gate or setting is an error: a rule that was switched off by a slip of the pen would be a hole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any, Literal, get_args

from pydantic import Field, ValidationError, create_model, model_validator

from slipway.release.errors import InputError, Problem
from slipway.release.evidence.errors import EvidenceError
from slipway.release.evidence.files import read_below
from slipway.release.evidence.trust import TrustRoots
from slipway.release.evidence.trust_file import REMEDIES as TRUST_REMEDIES
from slipway.release.evidence.trust_file import load_trust_below, trust_roots
from slipway.release.gating.exemptions import Exemption
from slipway.release.gating.names import NAMES, RESOURCE_GATES, UNCONDITIONAL, WITHOUT_EXEMPTION
from slipway.release.manifest.base import Part
from slipway.release.manifest.document import MAX_BYTES, Document, read_document, show_location
from slipway.release.manifest.problems import problems_of, similar
from slipway.release.readiness import settings as readiness
from slipway.release.urls import ServerUrl

Level = Literal["mandatory", "advisory", "disabled"]
LEVEL = "enforcementLevel"
EVERY = "all"

MAX_TRUST_PATH = 4096


class FreezeSettings(Part):
    """Times without releases."""

    windows: tuple[readiness.Freeze, ...] = ()


class BudgetGate(readiness.BudgetSettings):
    """The error budget, and where its status comes from."""

    url: ServerUrl | None = None
    """A Prometheus server."""
    query: str | None = None
    """PromQL for the share of the budget that is left, 0 to 1; `{service}` stands for the service's name."""

    @model_validator(mode="after")
    def _both_or_neither(self) -> BudgetGate:
        if (self.url is None) != (self.query is None):
            raise ValueError("url and query go together: with one of them nobody would be asked")
        return self

    def strict(self) -> BudgetGate:
        """Where somebody is asked, no answer is refused, unless `required` says otherwise in so many words."""
        if self.url is None or "required" in self.model_fields_set:
            return self
        return self.model_copy(update={"required": True})


class IntegrityGate(readiness.IntegritySettings):
    """The artifact, and how its registry is reached."""

    plain_http: tuple[str, ...] = ()
    """`host:port` of registries without TLS, such as a sandbox's."""
    token_services: tuple[str, ...] = ()
    """Hosts outside of a registry's own domain that may get its credentials, because it sends there for tokens."""


class EvidenceGate(readiness.EvidenceSettings):
    """Which evidence must be there, and whose word counts."""

    trust: str | dict[str, Any] = Field(default_factory=dict)
    """Trust roots: a YAML file beside this one, or the roots themselves."""


MODELS: Mapping[str, type[Part]] = MappingProxyType(
    {
        "artifact-integrity": IntegrityGate,
        "evidence": EvidenceGate,
        "provenance": readiness.ProvenanceSettings,
        "tests": readiness.TestSettings,
        "coverage": readiness.CoverageSettings,
        "static-analysis": readiness.AnalysisSettings,
        "vulnerabilities": readiness.VulnerabilitySettings,
        "qa": readiness.QaSettings,
        "approvals": readiness.ApprovalSettings,
        "staging": readiness.StagingSettings,
        "drill": readiness.DrillSettings,
        "parity": readiness.ParitySettings,
        "migrations": readiness.MigrationSettings,
        "rollback": readiness.RollbackSettings,
        "kill-switch": readiness.KillSwitchSettings,
        "guardrails": readiness.GuardrailSettings,
        "pod-security": readiness.PodSecuritySettings,
        "hotfix": readiness.HotfixSettings,
        "freeze": FreezeSettings,
        "error-budget": BudgetGate,
    }
)
"""The settings of the gates on releases; those that are not here have none."""


class NoSettings(Part):
    """A gate that has nothing to set."""


@dataclass(frozen=True, slots=True)
class Section:
    """One gate's part of the configuration."""

    level: Level = "mandatory"
    exemptions: tuple[Exemption, ...] = ()
    settings: Part = field(default_factory=NoSettings)


@dataclass(frozen=True)
class Configuration:
    """All of it. A gate that the file does not name has its strict defaults."""

    sections: Mapping[str, Section] = field(default_factory=dict)
    trust: TrustRoots = field(default_factory=TrustRoots)

    def section(self, gate: str) -> Section:
        """The part of one gate."""
        return self.sections.get(gate) or Section(settings=MODELS.get(gate, NoSettings)())

    @cached_property
    def settings(self) -> readiness.Settings:
        """The thresholds as the gates on releases want them."""
        content: dict[str, Any] = {}
        for gate in MODELS:
            found = self.section(gate).settings
            if isinstance(found, FreezeSettings):
                content["freezes"] = found.windows
                continue
            if isinstance(found, BudgetGate):
                found = found.strict()
            content[_SETTINGS_NAMES.get(gate, gate.replace("-", "_"))] = found
        return readiness.Settings(**content)

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


_SETTINGS_NAMES = {"artifact-integrity": "integrity", "error-budget": "budget"}

REMEDIES: Mapping[str, str] = {
    LEVEL: "Write mandatory, advisory or disabled",
    "exemptions": "Write resource (the full URN), owner, reason, ticket, granted and expires",
    "trust": "Write the path of a trust file beside this one, or the roots themselves",
}


def load_below(root: Path, reference: str, models: Mapping[str, type[Part]] | None = None) -> Configuration:
    """Read a configuration below `root`, never through a symbolic link: who may change the file decides by whom the
    release is judged. Raises InputError with every problem."""
    try:
        content = read_below(root, reference, MAX_BYTES)
    except EvidenceError as error:
        raise InputError(
            reference, [Problem("file", f"cannot be read: {error.detail}", "Write it, or name another one")]
        ) from None
    folder = root / PurePosixPath(reference).parent
    return parse(read_document(content.data, reference), folder, reference, models)


def load(path: Path, models: Mapping[str, type[Part]] | None = None) -> Configuration:
    """Read the configuration that a person names on the command line. Raises InputError with every problem."""
    try:
        with path.open("rb") as file:
            text = file.read(MAX_BYTES + 1)
    except OSError as error:
        problem = Problem("file", f"cannot be read: {error.strerror}", "Write it, or name another one")
        raise InputError(str(path), [problem]) from None
    return parse(read_document(text, str(path)), path.parent, str(path), models)


def parse(
    document: Document, folder: Path, subject: str, models: Mapping[str, type[Part]] | None = None
) -> Configuration:
    """Validate what was read. `models` are the settings of the gates on resources; where they are not given, the
    sections of these gates are not looked into. Raises InputError with every problem."""
    if not isinstance(document.data, dict):
        raise InputError(subject, [Problem("file", "must be a mapping of gates", "Write {}, the strict defaults")])
    reading = _Reading(document, folder, {**MODELS, **(models or {})}, full=models is not None)
    sections = dict(reading.sections(document.data))
    trust = reading.trust(sections.get("evidence"))
    if reading.problems:
        raise InputError(subject, reading.problems)
    return Configuration(MappingProxyType(sections), trust)


@dataclass
class _Reading:
    document: Document
    folder: Path
    models: Mapping[str, type[Part]]
    full: bool
    problems: list[Problem] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.problems += self.document.problems

    def sections(self, data: Mapping[str, object]) -> Iterator[tuple[str, Section]]:
        for unknown in [key for key in data if key not in {*NAMES, EVERY}]:
            self._complain(unknown, "names no gate", similar(unknown, list(NAMES)))
        every = self._level(EVERY, data.get(EVERY)) if EVERY in data else "mandatory"
        for gate in NAMES:
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

    def _settings(self, gate: str, content: Mapping[str, object]) -> tuple[Part, tuple[Exemption, ...]]:
        if not self.full and gate in RESOURCE_GATES:
            return NoSettings(), ()
        model = section_model(gate, self.models.get(gate, NoSettings))
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
            return self.models.get(gate, NoSettings)(), ()
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


def section_model(gate: str, base: type[Part]) -> type[Part]:
    """The settings of one gate with its exemptions, where it may have some."""
    if gate in WITHOUT_EXEMPTION:
        return base
    exemptions: Any = (tuple[Exemption, ...], Field(default=(), max_length=100))
    return create_model(base.__name__, __base__=base, __doc__=base.__doc__, exemptions=exemptions)


def _below(document: Document, gate: str) -> dict[tuple[str | int, ...], int]:
    return {location[1:]: line for location, line in document.lines.items() if location[:1] == (gate,)}
