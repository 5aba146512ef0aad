"""The judgement of one release: every finding with its level, or the exemption that lets it pass. Pure but for the
files that `slipway.release.gating.gate_input` reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from slipway.release.findings import Finding, order, plain
from slipway.release.gating.catalog import RELEASE_GATES, evaluate
from slipway.release.gating.configuration import Configuration, Level
from slipway.release.gating.exemptions import Exemption, exemption_of
from slipway.release.gating.gate_input import declared_otherwise, gate_input_of, manifest_problems
from slipway.release.manifest.release import Release
from slipway.release.readiness.gate_input import GateInput
from slipway.release.release_inputs import Observed, ReleaseInputs
from slipway.release.tokens import RELEASE


@dataclass(frozen=True, slots=True)
class Judged:
    """One finding; `exemption` is what lets it pass, `note` why one that covers it does not."""

    finding: Finding
    level: Level
    exemption: Exemption | None = None
    note: str = ""

    @property
    def refuses(self) -> bool:
        """Whether the release may not start because of it."""
        return self.level == "mandatory" and self.exemption is None


@dataclass(frozen=True, slots=True)
class Judgement:
    """All that the gates say of one release, worst first. `gate_input` is None when the manifest cannot be read."""

    urn: str
    judged: tuple[Judged, ...]
    gate_input: GateInput | None

    @property
    def settled(self) -> bool:
        """Whether an earlier recorded verdict decides."""
        return self.gate_input is not None and self.gate_input.settled

    @property
    def refusing(self) -> tuple[Judged, ...]:
        """What has to be corrected before the release may start."""
        return tuple(entry for entry in self.judged if entry.refuses)

    @property
    def exempted(self) -> tuple[Judged, ...]:
        """What passes by an exemption."""
        return tuple(entry for entry in self.judged if entry.exemption is not None)

    def of(self, gate: str) -> tuple[Judged, ...]:
        """What one gate says."""
        return tuple(entry for entry in self.judged if entry.finding.gate == gate)


def urn_of(stack: str, project: str, service: str) -> str:
    """The URN of a service's Release resource."""
    return f"urn:pulumi:{stack}::{project}::{RELEASE}::{service}"


def judge(
    project: Path,
    stack: str,
    urn: str,
    manifest: str | ReleaseInputs,
    configuration: Configuration,
    observed: Observed,
    now: datetime,
) -> Judgement:
    """Judge a release by the path of its manifest, or by what a program declares of it.

    A settled release goes by the verdict that was recorded: neither age, nor a registry that is down, nor a staging
    that has moved on, nor evidence that was archived since turns an unchanged stack red or holds a rollback up. Its
    manifest must still be the one that was judged.
    """
    path = manifest if isinstance(manifest, str) else manifest.manifest
    declared, findings = manifest_problems(project, path)
    gate_input: GateInput | None = None
    if declared is not None:
        gate_input = gate_input_of(project, stack, declared, configuration, observed, now)
        if not isinstance(manifest, str):
            findings = declared_otherwise(manifest, declared, gate_input.migrations)
        if not observed.settled:
            findings += evaluate(gate_input)
    return Judgement(urn, tuple(weighed(order(findings), urn, configuration, now)), gate_input)


def weighed(findings: Iterable[Finding], urn: str, configuration: Configuration, now: datetime) -> list[Judged]:
    """Each finding with its level and exemption; those of disabled gates are left out."""
    judged = []
    for finding in findings:
        section = configuration.section(finding.gate)
        if section.level == "disabled":
            continue
        exemption, note = exemption_of(finding, urn, section.exemptions, now)
        judged.append(Judged(finding, section.level, exemption, note))
    return judged


def message(entry: Judged, urn: str, release: Release | None) -> str:
    """One line: which resource, field, value found, value wanted, remedy, whose turn, and the owner."""
    finding = entry.finding
    what = urn.rpartition("::")[2] if release is None else f"{release.service} {release.version}"
    owner = "" if release is None else f" Owner: {plain(release.owner.team)}, {plain(release.owner.oncall)}."
    note = f" ({entry.note})" if entry.note else ""
    return f"{plain(what)}: {finding.message} <{finding.gate}/{finding.code}>{note}{owner}"


def verdict_of(judgement: Judgement) -> Mapping[str, object]:
    """The verdict as the stack's state keeps it: bounded, without times."""
    return {
        "outcome": "refused" if judgement.refusing else "settled" if judgement.settled else "passed",
        "gates": list(RELEASE_GATES),
        "advisory": [
            f"{entry.finding.gate}/{entry.finding.code}: {entry.finding.field}"
            for entry in judgement.judged
            if not entry.refuses and entry.exemption is None
        ][:50],
        "exempted": [
            {
                "finding": f"{entry.finding.gate}/{entry.finding.code}: {entry.finding.field}",
                "owner": entry.exemption.owner,
                "ticket": entry.exemption.ticket,
                "reason": entry.exemption.reason,
                "expires": entry.exemption.expires.isoformat(),
            }
            for entry in judgement.exempted
            if entry.exemption is not None
        ][:50],
    }
