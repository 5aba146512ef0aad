"""Signed release records as anchors: what they say of the chain, once their signature holds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from slipway.cli.chains import Place
from slipway.release.errors import InputError, Problem
from slipway.release.evidence.errors import EvidenceError
from slipway.release.evidence.files import read_below
from slipway.release.evidence.trust import TrustRoots
from slipway.release.evidence.verify import verify
from slipway.release.gating import configuration
from slipway.release.records.chain import Anchor, Anchors
from slipway.release.records.kinds import chain_of, read_any
from slipway.release.records.statements import anchor_in
from slipway.release.release_inputs import own_configuration

MOST_BYTES = 1 << 20
REMEDY = "Make one: slipway show RELEASE --statement record --key KEY --out FILE"


def signed_anchors(place: Place, files: Sequence[Path]) -> Anchors:
    """Verified by the trust roots of the stack's gates. Raises InputError with every file that is no signed record."""
    if not files or place.project is None or place.stack is None:
        return {}
    trust = configuration.load_below(place.project, own_configuration(place.stack)).trust
    found: dict[str, list[tuple[str, Anchor]]] = {}
    problems: list[Problem] = []
    for file in files:
        try:
            service, anchor = _read(file, trust)
        except EvidenceError as error:
            problems.append(Problem(str(file), error.detail, REMEDY))
            continue
        found.setdefault(service, []).append((f"the signed record {file.name}", anchor))
    if problems:
        raise InputError("--signed", problems)
    return found


def _read(file: Path, trust: TrustRoots) -> tuple[str, Anchor]:
    content = read_below(file.resolve().parent, file.resolve().name, MOST_BYTES)
    statement = verify(content, trust).statement
    anchor, said = anchor_in(statement), statement.predicate.get("record")
    record = read_any(said) if isinstance(said, dict) else None
    if anchor is None or record is None:
        raise EvidenceError("unsupported", "is no release record")
    return chain_of(record), anchor
