"""What `slipway gates` writes for CI systems: JUnit XML and SARIF 2.1.0."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree as Xml

from slipway.cli.gates_view import Judgements, line_of
from slipway.release.gating.catalog import RELEASE_GATES
from slipway.release.gating.judge import Judged

LEVELS = {"critical": "error", "high": "error", "medium": "warning", "low": "note"}


def junit(project: Path, stack: str, judged: Judgements) -> str:
    """One suite a release, one case a gate; advisory findings and exemptions are output of a passing case."""
    root = Xml.Element("testsuites", name=f"gates of {stack}")
    for path, judgement in judged:
        suite = Xml.SubElement(root, "testsuite", name=path)
        failures = 0
        for gate in RELEASE_GATES:
            gate_input = Xml.SubElement(suite, "testcase", classname=path, name=gate)
            found = judgement.of(gate)
            refusing = [entry for entry in found if entry.refuses]
            if refusing:
                failures += 1
                first = refusing[0].finding
                failure = Xml.SubElement(gate_input, "failure", type=f"{gate}/{first.code}", message=first.message)
                failure.text = "\n".join(entry.finding.message for entry in refusing)
            rest = [entry for entry in found if not entry.refuses]
            if rest:
                Xml.SubElement(gate_input, "system-out").text = "\n".join(map(_passing, rest))
        suite.set("tests", str(len(RELEASE_GATES)))
        suite.set("failures", str(failures))
    Xml.indent(root)
    return Xml.tostring(root, encoding="unicode", xml_declaration=True)


def _passing(entry: Judged) -> str:
    if entry.exemption is None:
        return f"{entry.level}: {entry.finding.message}"
    return f"exempted until {entry.exemption.expires.isoformat()} ({entry.exemption.ticket}): {entry.finding.message}"


def sarif(project: Path, stack: str, judged: Judgements) -> str:
    """One result a finding, on its line of the manifest; exemptions are accepted suppressions."""
    results = [_result(project, path, judgement.urn, entry) for path, judgement in judged for entry in judgement.judged]
    driver = {"name": "slipway gates", "rules": _rules()}
    run = {
        "tool": {"driver": driver},
        "invocations": [{"executionSuccessful": True}],
        "automationDetails": {"id": f"slipway-gates/{stack}"},
        "results": results,
    }
    document = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return json.dumps(document, indent=2)


def _rules() -> list[dict[str, Any]]:
    return [
        {
            "id": name,
            "shortDescription": {"text": gate.title},
            "help": {"text": f"{gate.remedy}. See {gate.url}"},
            "defaultConfiguration": {"level": LEVELS[gate.severity]},
            "properties": {"tags": list(gate.rows)},
        }
        for name, gate in RELEASE_GATES.items()
    ]


def _result(project: Path, path: str, urn: str, entry: Judged) -> dict[str, Any]:
    finding = entry.finding
    line = line_of(project, path, finding.field)
    place: dict[str, Any] = {"artifactLocation": {"uri": quote(path)}}
    if line is not None:
        place["region"] = {"startLine": line}
    result: dict[str, Any] = {
        "ruleId": finding.gate,
        "level": "error" if entry.level == "mandatory" else "warning",
        "message": {"text": finding.message},
        "locations": [
            {"physicalLocation": place, "logicalLocations": [{"fullyQualifiedName": urn, "kind": "resource"}]}
        ],
        "partialFingerprints": {"slipway/v1": f"{finding.gate}/{finding.code}/{finding.field}"},
        "properties": {"code": finding.code, "severity": finding.severity, "turn": finding.turn},
    }
    if entry.exemption is not None:
        text = f"{entry.exemption.ticket}, {entry.exemption.owner}: {entry.exemption.reason}"
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": text}]
    return result
