"""SARIF 2.1.0 -> facts of static analysis or of a security scan.

Effective level (3.27.10): of the result; else, for kinds other than `fail`, none; else of the invocation's
override for the rule; else of the rule's default configuration; else `warning`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from slipway.release.evidence import jsontext
from slipway.release.evidence.components import in_properties, in_text
from slipway.release.evidence.errors import EvidenceError
from slipway.release.evidence.facts import MOST_NAMES, AnalysisFacts, ScanFacts, Vulnerability
from slipway.release.evidence.sarif_model import Level, Log, Result
from slipway.release.evidence.sarif_rules import Rules
from slipway.release.evidence.sarif_run import complaints, warnings
from slipway.release.evidence.severity import canonical, from_score, listed
from slipway.release.evidence.typed import read
from slipway.release.findings import Severity, plain

_KNOWN_ID = re.compile(r"(CVE-\d{4}-\d{4,19}|GHSA(?:-[0-9a-z]{4}){3})", re.IGNORECASE)
_BY_LEVEL: dict[Level, Severity] = {"error": "high", "warning": "medium", "note": "low", "none": "low"}

State = Literal["counts", "suppressed", "undecided", "known", "ignored"]


@dataclass(frozen=True, slots=True)
class Judged:
    """One result with what the format's rules make of it."""

    state: State
    level: Level
    score: float | None
    """`security-severity`, a CVSS score from 0 to 10."""
    rule: str
    where: str
    component: str
    """Of a scan: the part of the artifact that it is about, empty when it is not said."""


def parse_analysis(data: bytes) -> AnalysisFacts:
    """Read a static analysis report. Raises EvidenceError; `empty` when a run has no `results`."""
    log = _log(data)
    results = list(_judge_all(log))
    counting = [r for r in results if r.state == "counts"]
    errors = [r for r in counting if r.level == "error"]
    failures = complaints(log)
    return AnalysisFacts(
        tools=_tools(log),
        successful=not failures,
        failures=failures,
        notices=warnings(log),
        errors=len(errors),
        warnings=sum(1 for r in counting if r.level == "warning"),
        notes=sum(1 for r in counting if r.level == "note"),
        known=sum(1 for r in results if r.state == "known" and r.level == "error"),
        suppressed=sum(1 for r in results if r.state == "suppressed"),
        undecided=sum(1 for r in results if r.state == "undecided"),
        worst=tuple(plain(f"{r.rule} {r.where}".strip(), 160) for r in errors[:MOST_NAMES]),
    )


def parse_scan(data: bytes) -> ScanFacts:
    """Read a security scan. A baseline excuses nothing here: an old vulnerability is exploitable all the same."""
    log = _log(data)
    results = list(_judge_all(log))
    found = [_vulnerability(r) for r in results if r.state in {"counts", "known"}]
    failures = complaints(log)
    vulnerabilities, omitted = listed(found)
    return ScanFacts(
        tools=_tools(log),
        successful=not failures,
        failures=failures,
        notices=warnings(log),
        vulnerabilities=vulnerabilities,
        omitted=omitted,
        suppressed=sum(1 for r in results if r.state == "suppressed"),
        undecided=sum(1 for r in results if r.state == "undecided"),
    )


def _log(data: bytes) -> Log:
    value = jsontext.load_object(data, "SARIF")
    log = read(Log, value, "SARIF")
    if not log.runs:
        raise EvidenceError("empty", "SARIF: there is no run in it")
    if log.inline_external_properties or any(run.external_property_file_references for run in log.runs):
        # Results may hide there, and a reference may point anywhere.
        raise EvidenceError("unsupported", "SARIF: properties outside of the runs are not read; write one whole file")
    for number, run in enumerate(log.runs):
        if run.results is None:
            raise EvidenceError("empty", f"SARIF: runs[{number}] has no results, so nothing was analysed")
    return log


def _tools(log: Log) -> tuple[str, ...]:
    names = {plain(f"{run.tool.driver.name} {run.tool.driver.version or ''}".strip(), 80) for run in log.runs}
    return tuple(sorted(names)[:MOST_NAMES])


def _judge_all(log: Log) -> Iterator[Judged]:
    for run in log.runs:
        rules = Rules(run)
        for result in run.results or []:
            yield _judge(rules, result)


def _judge(rules: Rules, result: Result) -> Judged:
    rule = rules.of(result)
    level = _level(rules, result)
    properties = [result.properties, rule.properties if rule else {}]
    scores = (p.get("security-severity") for p in properties)
    score = next((_score(value) for value in scores if value is not None and value != ""), None)
    name = result.rule_id or (result.rule.id if result.rule else None) or (rule.id if rule else None) or "unnamed rule"
    component = in_properties(properties) or in_text(result.message.text or result.message.markdown or "")
    return Judged(_state(result), level, score, plain(name, 120), _where(result), plain(component, 200))


def _level(rules: Rules, result: Result) -> Level:
    if result.kind != "fail":
        if result.level not in {None, "none"}:
            raise EvidenceError("malformed", f"SARIF: a result of kind {result.kind} has level {result.level}")
        return "none"
    if result.level is not None:
        return result.level
    override = rules.override(result)
    if override is not None:
        return override
    rule = rules.of(result)
    return (rule.default_configuration.level if rule else None) or "warning"


def _state(result: Result) -> State:
    if result.suppressions and all(s.status == "accepted" for s in result.suppressions):
        return "suppressed"
    if result.baseline_state == "absent":
        return "ignored"
    if result.kind in {"open", "review"}:
        return "undecided"
    if result.kind != "fail":
        return "ignored"
    return "known" if result.baseline_state == "unchanged" else "counts"


def _where(result: Result) -> str:
    return next((plain(location.shown(), 120) for location in result.locations), "")


def _score(value: object) -> float:
    try:
        # A string by GitHub's convention; some tools write a number.
        score = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else math.nan
    except (ValueError, OverflowError):
        score = math.nan
    if not 0 <= score <= 10:
        raise EvidenceError("malformed", f"SARIF: security-severity is {plain(value, 40)}, 0 to 10 is expected")
    return score


def _vulnerability(result: Judged) -> Vulnerability:
    known = _KNOWN_ID.search(result.rule)
    severity = _BY_LEVEL[result.level] if result.score is None else from_score(result.score)
    return Vulnerability(
        id=canonical(known[1] if known else result.rule),
        severity=severity,
        score=result.score,
        where=result.where,
        component=result.component,
    )
