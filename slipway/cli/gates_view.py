"""What `slipway gates` shows to people, to programs, and on the lines of a pull request."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from slipway.release.document_files import read_document_below
from slipway.release.errors import InputError
from slipway.release.findings import plain
from slipway.release.gating.judge import Judged, Judgement
from slipway.release.readiness.gate_input import GateInput
from slipway.release.risk import Recommendation, recommend, warnings

Judgements = Sequence[tuple[str, Judgement]]
"""Path of the manifest, and what the gates say of it."""

TURNS = {"qa": "QA", "development": "development", "owner": "the owner", "platform": "the platform team"}
_PART = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


def as_text(project: Path, stack: str, judged: Judgements) -> str:
    """For the terminal: findings by whose turn it is."""
    return "\n\n".join(_release(project, stack, path, judgement) for path, judgement in judged)


def _release(project: Path, stack: str, path: str, judgement: Judgement) -> str:
    release = judgement.gate_input.release if judgement.gate_input is not None else None
    what = f"{release.service} {release.version}" if release is not None else path
    refusing, rest = judgement.refusing, [e for e in judgement.judged if not e.refuses and e.exemption is None]
    if refusing:
        lines = [f"REFUSED  {what} for {stack}: {len(refusing)} problem(s)  ({path})"]
    else:
        lines = [f"passed   {what} for {stack}  ({path})"]
    if judgement.gate_input is not None:
        recommended, minded = _risk(judgement.gate_input)
        lines += [f"  {plain(recommended.describe())}", *(f"  Mind: {one}" for one in minded)]
    for turn, name in TURNS.items():
        mine = [entry for entry in refusing if entry.finding.turn == turn]
        if mine:
            lines += ["", f"  Turn of {name}:", *(text for entry in mine for text in _entry(project, path, entry))]
    if rest:
        lines += ["", "  Advisory:", *(text for entry in rest for text in _entry(project, path, entry))]
    for entry in judgement.exempted:
        exemption = entry.exemption
        assert exemption is not None  # noqa: S101
        what = f"{entry.finding.gate}/{entry.finding.code} {entry.finding.field}"
        lines += [
            f"  Exempted: {what} by {exemption.owner} ({exemption.ticket}: {exemption.reason}) "
            f"until {exemption.expires.isoformat()}"
        ]
    if refusing and release is not None:
        lines += ["", f"  Owner: {plain(release.owner.team)}, {plain(release.owner.oncall)}"]
        lines += [f"  Resource, as an exemption names it: {judgement.urn}"]
    return "\n".join(lines)


def _risk(gate_input: GateInput) -> tuple[Recommendation, tuple[str, ...]]:
    """The score with its recommendation, and what the past adds to it."""
    return recommend(gate_input.release, gate_input.past), () if gate_input.past is None else warnings(gate_input.past)


def _risk_values(gate_input: GateInput) -> dict[str, Any]:
    recommended, minded = _risk(gate_input)
    return {
        "level": recommended.level,
        "score": recommended.score,
        "recommended": recommended.strategy.model_dump(mode="json", by_alias=True, exclude_none=True),
        "declared": gate_input.release.strategy.kind,
        "reasons": list(recommended.reasons),
        "factors": [factor.model_dump(mode="json") for factor in recommended.factors],
        "mind": list(minded),
    }


def _entry(project: Path, path: str, entry: Judged) -> list[str]:
    finding = entry.finding
    line = line_of(project, path, finding.field)
    place = finding.field if line is None else f"{finding.field} (line {line})"
    note = [f"      Note:   {entry.note}"] if entry.note else []
    return [
        f"    {place}  [{finding.gate}/{finding.code}, {finding.severity}]",
        f"      Found:  {finding.found}",
        f"      Wanted: {finding.wanted}",
        f"      Remedy: {finding.remedy}",
        *note,
    ]


def as_json(project: Path, stack: str, judged: Judgements) -> str:
    """For programs: everything."""
    return json.dumps(
        {
            "stack": stack,
            "ok": not any(judgement.refusing for _, judgement in judged),
            "releases": [_values(project, path, judgement) for path, judgement in judged],
        },
        indent=2,
    )


def _values(project: Path, path: str, judgement: Judgement) -> dict[str, Any]:
    release = judgement.gate_input.release if judgement.gate_input is not None else None
    return {
        "manifest": path,
        "urn": judgement.urn,
        "service": release.service if release is not None else None,
        "version": release.version if release is not None else None,
        "image": release.artifact.image if release is not None else None,
        "passed": not judgement.refusing,
        "risk": _risk_values(judgement.gate_input) if judgement.gate_input is not None else None,
        "findings": [
            {
                **entry.finding.model_dump(mode="json"),
                "level": entry.level,
                "refuses": entry.refuses,
                "line": line_of(project, path, entry.finding.field),
                "exemption": None if entry.exemption is None else entry.exemption.model_dump(mode="json"),
                "note": entry.note,
            }
            for entry in judgement.judged
        ],
    }


def github(project: Path, stack: str, judged: Judgements) -> str:
    """Workflow commands of GitHub Actions: one annotation a finding, on its line of the manifest."""
    lines = []
    for path, judgement in judged:
        for entry in judgement.judged:
            kind = "error" if entry.refuses else "warning" if entry.exemption is None else "notice"
            line = line_of(project, path, entry.finding.field)
            where = f"file={_property(path)}" + (f",line={line}" if line is not None else "")
            title = _property(f"{entry.finding.gate}/{entry.finding.code}")
            lines.append(f"::{kind} {where},title={title}::{_data(entry.finding.message)}")
        if not judgement.refusing:
            lines.append(f"::notice file={_property(path)}::passes the gates of {_data(stack)}")
    return "\n".join(lines)


def line_of(project: Path, path: str, field: str) -> int | None:
    """The line of a finding's field in the manifest, counted from 1; None when it is not about a place in it."""
    field = field.removeprefix(f"{path}: ")  # as the gate `manifest` names the places of one that is malformed
    location = tuple(int(number) if number else name for name, number in _PART.findall(field))
    try:
        document = read_document_below(project, path, "")
    except InputError as error:
        return next((problem.line for problem in error.problems if problem.path == field), None)
    said = (problem.line for problem in document.problems if problem.path == field)
    return next(said, None) or document.line(location)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
