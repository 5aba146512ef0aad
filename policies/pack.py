"""The pack at work: which rule judges which resource, and what it says. Free of the SDK's protocol."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from pulumi_policy.proxy import UnknownValueError
from pydantic import ValidationError

from policies.plain import plain
from policies.rule import UNUSUAL, ReleaseRule, Resource, ResourceRule, StackRule, Surroundings
from slipway.release.declared import read_manifest
from slipway.release.errors import EngineError, InputError
from slipway.release.evidence.errors import EvidenceError
from slipway.release.findings import Finding, finding
from slipway.release.gating.catalog import MANIFEST
from slipway.release.gating.catalog import evaluate as evaluate_gates
from slipway.release.gating.configuration import Configuration, load_below, parse
from slipway.release.gating.gate_input import gate_input_of
from slipway.release.gating.judge import Judgement, judge, message, weighed
from slipway.release.manifest.document import Document
from slipway.release.manifest.release import Release
from slipway.release.project_files import services_declared, slo_files_declared
from slipway.release.release_inputs import Observed, ReleaseInputs
from slipway.release.slo.reading import read_routing
from slipway.release.slo.routing import Routing
from slipway.release.tokens import RELEASE

PLAN_TIME = "a value that is known at preview"


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Pack:
    """The state of one run: its configuration, and what it has judged so far."""

    project: Path
    folder: Path
    """Of the pack; `config/<stack>.json` is in it."""
    now: Callable[[], datetime] = _utc_now
    stack: str = ""
    configuration: Configuration = field(default_factory=Configuration)
    judged: dict[str, str] = field(default_factory=dict)
    _manifests: dict[str, Release] | None = None
    _routing: tuple[Routing | None] | None = None
    """None before the stack's files were read."""

    # -- configuration -------------------------------------------------------------------------------------

    def configured_for(self, stack: str) -> dict[str, Any]:
        """Note the stack; the content of its configuration file, `{}` when there is none. Raises InputError."""
        self.stack, self._manifests, self._routing = stack, None, None
        path = self.folder / "config" / f"{stack}.json"
        if not path.is_file():
            return {}
        load_below(self.folder, f"config/{stack}.json")  # says everything that is wrong with it, with lines
        return dict(yaml.safe_load(path.read_text("utf-8-sig")) or {})

    def configure(self, sections: Mapping[str, object]) -> None:
        """Take the whole configuration, as the engine merged it. Raises InputError."""
        subject = "configuration of the policy pack slipway"
        self.configuration = parse(Document(data=dict(sections)), self.folder / "config", subject)

    def warm_up(self) -> None:
        """Read everything once while the program still starts: parsed manifests and classified migrations are kept by
        their bytes, libraries stay imported. Nothing that is found here is believed; each release is judged anew."""
        for path in self.manifests():
            with suppress(Exception):  # what is wrong is said when the release is judged
                read = read_manifest(self.project, path)
                gate_input = gate_input_of(self.project, self.stack, read, self.configuration, Observed(), self.now())
                evaluate_gates(gate_input)

    # -- judging -------------------------------------------------------------------------------------------

    def judgement(self, resource: Resource) -> Judgement | list[Finding]:
        """The judgement of a Release resource, or why there can be none."""
        try:
            inputs = ReleaseInputs.model_validate({**plain(resource.props), "evidence": None})
        except UnknownValueError as error:
            return [_manifest("unknown", ".".join(error.props), "a value that is not known yet")]
        except ValidationError as error:
            return [
                _manifest("malformed", ".".join(map(str, item["loc"])) or "Release", item["msg"])
                for item in error.errors()
            ]
        self.judged[inputs.service] = inputs.manifest
        observed = inputs.observed or Observed()
        return judge(self.project, self.stack, resource.urn, inputs, self.configuration, observed, self.now())

    def messages(self, rule: ReleaseRule, resource: Resource, judgement: Judgement | list[Finding]) -> Iterator[str]:
        """What one rule on releases has to say."""
        if isinstance(judgement, list):
            if rule.gate.name == MANIFEST:
                yield from self._weighed(judgement, resource)
            return
        release = judgement.gate_input.release if judgement.gate_input is not None else None
        for entry in judgement.of(rule.gate.name):
            if entry.exemption is None:
                yield message(entry, resource.urn, release)

    def of_resource(self, rule: ResourceRule, resource: Resource) -> Iterator[str]:
        """What one rule on resources has to say. What cannot be judged is refused."""
        settings = self.configuration.section(rule.gate.name).settings
        try:
            found = rule.evaluate(resource, settings, self._surroundings())
        except UnknownValueError as error:
            found = [_unknown(rule.gate.name, error)]
        except UNUSUAL as error:
            found = [_odd(rule.gate.name, error)]
        yield from self._weighed(found, resource)

    def of_stack(self, rule: StackRule, resources: Sequence[Resource]) -> Iterator[tuple[str, str]]:
        """What a rule on all resources has to say, with the URN that it concerns."""
        settings = self.configuration.section(rule.gate.name).settings
        mine = [resource for resource in resources if resource.type in rule.types]
        try:
            found = rule.evaluate(mine, settings)
        except UnknownValueError as error:
            found = [(mine[0], _unknown(rule.gate.name, error))]
        except UNUSUAL as error:
            found = [(mine[0], _odd(rule.gate.name, error))]
        for resource, one in found:
            for line in self._weighed([one], resource):
                yield line, resource.urn

    def _surroundings(self) -> Surroundings:
        if self._routing is None:
            self._routing = (_routing(self.project, self.stack),)
        return Surroundings(self.manifests(), self.judged, *self._routing, now=self.now())

    def manifests(self) -> Mapping[str, Release]:
        """The manifests that the stack's own file names, by path. Those that cannot be read are left out, and what
        refers to them is refused."""
        if self._manifests is None:
            self._manifests = dict(_manifests(self.project, self.stack))
        return self._manifests

    def _weighed(self, findings: Sequence[Finding], resource: Resource) -> Iterator[str]:
        for entry in weighed(findings, resource.urn, self.configuration, self.now()):
            if entry.exemption is None:
                yield message(entry, resource.urn, None)


def project_above(folder: Path) -> Path:
    """What SLIPWAY_PROJECT names, for a pack that is kept elsewhere; else the nearest folder with a Pulumi.yaml at or
    above the pack, or its parent."""
    if named := os.environ.get("SLIPWAY_PROJECT"):
        return Path(named)
    for place in (folder, *folder.parents):
        if (place / "Pulumi.yaml").is_file():
            return place
    return folder.parent


def new_pack(folder: Path) -> Pack:
    """The pack in a folder."""
    return Pack(project_above(folder), folder)


def _manifests(project: Path, stack: str) -> Iterator[tuple[str, Release]]:
    try:
        entries = services_declared(project, stack).values()
    except EngineError:
        return
    for entry in entries:
        for path in (entry.get("manifest"), entry.get("standby")):
            if not isinstance(path, str):
                continue
            try:
                yield path, read_manifest(project, path).release
            except (InputError, EvidenceError):
                continue


def _routing(project: Path, stack: str) -> Routing | None:
    """Of the stack's own files, not of the program."""
    try:
        return read_routing(project, slo_files_declared(project, stack))
    except EngineError:
        return None


def _manifest(code: str, field_path: str, found: str) -> Finding:
    remedy = "Declare the release from its manifest and nothing else"
    return finding(MANIFEST, code, field_path, found, f"{PLAN_TIME}, as {RELEASE} has it", remedy, severity="critical")


def _unknown(rule: str, error: UnknownValueError) -> Finding:
    path = ".".join(error.props)
    return finding(rule, "unknown", path, "a value that is not known yet", PLAN_TIME, "Use a plain value here")


def _odd(rule: str, error: Exception) -> Finding:
    text = f"{type(error).__name__}: {error}"
    return finding(rule, "malformed", "properties", text, "properties of the usual shape", "Correct the resource")
