"""Severities of vulnerabilities: CVSS v3.1 section 5 (rating scale), and the words that scanners use."""

from __future__ import annotations

from collections.abc import Iterable

from slipway.release.evidence.facts import MOST_VULNERABILITIES, Vulnerability
from slipway.release.findings import Severity

RANK: dict[Severity, int] = {"low": 0, "medium": 1, "high": 2, "critical": 3}

_WORDS: dict[str, Severity] = {
    "critical": "critical",
    "high": "high",
    "important": "high",
    "medium": "medium",
    "moderate": "medium",
    "low": "low",
    "negligible": "low",
    "minor": "low",
    "none": "low",
    "info": "low",
    "informational": "low",
}


def from_score(score: float) -> Severity:
    """CVSS score to severity: 9.0 critical, 7.0 high, 4.0 medium, below low."""
    if score >= 9:
        return "critical"
    if score >= 7:
        return "high"
    return "medium" if score >= 4 else "low"


def from_word(word: str) -> Severity | None:
    """A scanner's word for a severity, or None when it is not one (`unknown` is not: the caller decides)."""
    return _WORDS.get(word.strip().lower())


def listed(found: Iterable[Vulnerability]) -> tuple[tuple[Vulnerability, ...], dict[Severity, int]]:
    """One entry for each id and part of the artifact, its worst, worst first; and counts by severity of those beyond
    the limit. The part is the component, else the file: what excuses one says nothing of another."""
    worst: dict[tuple[str, str], Vulnerability] = {}
    for one in found:
        key = (one.id, one.component or _file(one.where))
        before = worst.get(key)
        if before is None or _badness(one) > _badness(before):
            worst[key] = one
    ordered = sorted(
        worst.values(), key=lambda one: (-RANK[one.severity], -(one.score or 0.0), one.id, one.component, one.where)
    )
    omitted: dict[Severity, int] = {}
    for one in ordered[MOST_VULNERABILITIES:]:
        omitted[one.severity] = omitted.get(one.severity, 0) + 1
    return tuple(ordered[:MOST_VULNERABILITIES]), omitted


def canonical(identifier: str) -> str:
    """An id as it is compared: `CVE-2026-1` and `GHSA-xxxx-...` in the case of their registries, others as they are."""
    upper = identifier.upper()
    if upper.startswith("CVE-"):
        return upper
    return f"GHSA-{identifier[5:].lower()}" if upper.startswith("GHSA-") else identifier


def _file(where: str) -> str:
    """A place without its line."""
    path, colon, line = where.rpartition(":")
    return path if colon and line.isdigit() else where


def _badness(one: Vulnerability) -> tuple[int, float]:
    return RANK[one.severity], one.score or 0.0
