"""Gate `parity`: staging and this environment are the same, but for what is declared with a reason.

What is compared is what runs and how it is judged; the artifact must be the same, and no declaration excuses that.
Values of environment variables and files are never shown, secrets are compared by their presence only.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping

from slipway.release.findings import Finding, finding, plain
from slipway.release.manifest.release import Release
from slipway.release.readiness.gate_input import GateInput

GATE = "parity"
MOST_LISTED = 50

_SECTIONS = {"workload", "route", "guardrails", "analysis", "watch"}
_HIDDEN = ("workload.env.", "workload.files.", "workload.args", "workload.command")
_ABSENT = "absent"


def evaluate(gate_input: GateInput) -> list[Finding]:
    """Undeclared differences, declarations without a difference, and an unknown staging."""
    if gate_input.before_production or not gate_input.settings.parity.required:
        return []
    if gate_input.staging is None:
        return [
            finding(
                GATE,
                "unknown",
                "environment.differences",
                gate_input.staging_problem or f"no manifest of {gate_input.settings.staging.stack}",
                f"the release that runs in {gate_input.settings.staging.stack}",
                f"Release to {gate_input.settings.staging.stack} first, and name its manifest under releases:services "
                f"in that stack's file (Pulumi.{gate_input.settings.staging.stack}.yaml)",
            )
        ]
    return [*_artifact(gate_input, gate_input.staging), *_configuration(gate_input, gate_input.staging)]


def differences(staging: Release, here: Release) -> dict[str, tuple[str, str]]:
    """Path -> (in staging, here) for everything that differs, as it may be shown."""
    left, right = dict(_flat(_comparable(staging))), dict(_flat(_comparable(here)))
    return {
        path: (_shown(path, left.get(path, _ABSENT)), _shown(path, right.get(path, _ABSENT)))
        for path in sorted(left.keys() | right.keys())
        if left.get(path, _ABSENT) != right.get(path, _ABSENT)
    }


def undeclared(staging: Release, here: Release) -> dict[str, tuple[str, str]]:
    """The differences that `here` does not declare under `environment.differences`."""
    declared = () if here.environment is None else tuple(entry.field for entry in here.environment.differences)
    found = differences(staging, here)
    return {path: values for path, values in found.items() if not any(_covers(field, path) for field in declared)}


def _artifact(gate_input: GateInput, staging: Release) -> list[Finding]:
    if staging.artifact.digest == gate_input.release.artifact.digest:
        return []
    return [
        finding(
            GATE,
            "artifact",
            "artifact.image",
            f"{gate_input.release.artifact.digest}, {gate_input.settings.staging.stack} runs {staging.artifact.digest}",
            "the artifact that was tried before",
            f"Release this artifact to {gate_input.settings.staging.stack} first",
            severity="critical",
        )
    ]


def _configuration(gate_input: GateInput, staging: Release) -> list[Finding]:
    environment = gate_input.release.environment
    declared = {} if environment is None else {entry.field: entry.reason for entry in environment.differences}
    found = differences(staging, gate_input.release)
    surprising = undeclared(staging, gate_input.release)
    findings = [
        finding(
            GATE,
            "undeclared",
            path,
            f"{here} here, {there} in {gate_input.settings.staging.stack}",
            "the same, or a declared difference with its reason",
            "Make them the same, or declare it under environment.differences",
        )
        for path, (there, here) in list(surprising.items())[:MOST_LISTED]
    ]
    if len(surprising) > MOST_LISTED:
        more = f"{len(surprising) - MOST_LISTED} more differences"
        findings.append(finding(GATE, "undeclared", "workload", more, "none", "Compare the two manifests"))
    unused = [field for field in declared if not any(_covers(field, path) for path in found)]
    return [
        *findings,
        *(
            finding(
                GATE,
                "too-broad",
                f"environment.differences[{field}]",
                f"a declaration that excuses all of {field}",
                "the fields that differ, such as workload.replicas",
                "Declare each field that has to differ, with its reason",
            )
            for field in declared
            if field in _SECTIONS
        ),
        *(
            finding(
                GATE,
                "unused",
                f"environment.differences[{field}]",
                "a declared difference that does not exist",
                "only differences that exist",
                "Delete the declaration",
                severity="low",
            )
            for field in unused
        ),
    ]


def _comparable(release: Release) -> dict[str, object]:
    content = release.model_dump(mode="json", by_alias=True, include=_SECTIONS)
    secrets = content["workload"].get("secretEnv", {})
    content["workload"]["secretEnv"] = dict.fromkeys(secrets, "present")
    return content


def _flat(value: object, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping) and value:
        for key, below in value.items():
            yield from _flat(below, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and value:
        for number, below in enumerate(value):
            name = below.get("name") if isinstance(below, Mapping) else None
            yield from _flat(below, f"{path}[{name if name is not None else number}]")
    elif value is not None and value not in ([], {}):
        yield path, json.dumps(value, sort_keys=True)


def _covers(declared: str, path: str) -> bool:
    return path == declared or path.startswith((f"{declared}.", f"{declared}["))


def _shown(path: str, value: str) -> str:
    if value == _ABSENT or not path.startswith(_HIDDEN):
        return plain(value, 80)
    return f"a value with SHA-256 {hashlib.sha256(value.encode()).hexdigest()[:8]}…"
