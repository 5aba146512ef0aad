"""The readers of reports that name no artifact themselves, by kind."""

from __future__ import annotations

from collections.abc import Callable

from slipway.release.evidence import cobertura, junit, sarif, squawk, vex
from slipway.release.evidence.errors import EvidenceError
from slipway.release.evidence.facts import Digest, Facts, Kind

_READERS: dict[Kind, Callable[[bytes], Facts]] = {
    "tests": junit.parse,
    "coverage": cobertura.parse,
    "static-analysis": sarif.parse_analysis,
    "security-scan": sarif.parse_scan,
    "migration-lint": squawk.parse,
}

KINDS: frozenset[Kind] = frozenset({*_READERS, "vex"})
"""The kinds of evidence that are reports; all others are statements."""


def parse(kind: Kind, data: bytes, subject: Digest) -> Facts:
    """Read a report of `kind`. Raises EvidenceError, and nothing else whatever the bytes are."""
    reader = _READERS.get(kind)
    try:
        if kind == "vex":
            return vex.parse(data, subject)
        if reader is None:
            raise EvidenceError("unsigned", f"{kind} has to be a signed statement: a DSSE envelope or Sigstore bundle")
        return reader(data)
    except (RecursionError, MemoryError):
        raise EvidenceError("malformed", f"{kind}: nested too deeply or too large") from None
