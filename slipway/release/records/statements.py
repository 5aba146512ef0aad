"""What machines are told of a release: a signed record of Slipway's own predicate, and SLSA's verification summary."""

from __future__ import annotations

from datetime import UTC, datetime

from pydantic import ValidationError

from slipway.release.errors import ReleaseRefused
from slipway.release.evidence.predicates import SLSA_SUMMARY
from slipway.release.evidence.statement import Statement
from slipway.release.records.chain import Anchor
from slipway.release.records.release_record import RecordBase, Recorded

RECORD = "urn:slipway:release-record:v1"
SUMMARY = SLSA_SUMMARY
VERIFIER = "urn:slipway:gates"
LEVEL = "SLSA_BUILD_LEVEL_UNEVALUATED"
"""The gates look at the builder, and do not say which of SLSA's levels it has."""
PASSED = ("passed", "settled")

Predicate = dict[str, object]


def record_predicate(anchor: Anchor, record: RecordBase) -> Predicate:
    """The record with its number and hash: who verifies it later holds an anchor of the chain up to there."""
    return {"anchor": anchor.model_dump(mode="json"), "record": record.to_content()}


def summary_predicate(one: Recorded) -> Predicate:
    """SLSA verification summary v1 of the gates' judgement. Raises ReleaseRefused where there was none."""
    event, gates = one.event, one.event.gates
    if gates is None or gates.outcome not in (*PASSED, "refused"):
        said = gates.outcome if gates is not None else "unknown"
        raise ReleaseRefused(f"{one.record.service} {one.record.subject.version}: the gates' outcome is {said}")
    policy: Predicate = {"uri": gates.configuration or ""}
    if gates.sha256 is not None:
        policy["digest"] = {"sha256": gates.sha256}
    return {
        "verifier": {"id": VERIFIER},
        "timeVerified": datetime.fromtimestamp(event.began, UTC).isoformat(),
        "resourceUri": one.record.subject.image,
        "policy": policy,
        "inputAttestations": [{"uri": line.path, "digest": {"sha256": line.sha256}} for line in event.evidence],
        "verificationResult": "PASSED" if gates.outcome in PASSED else "FAILED",
        "verifiedLevels": [LEVEL],
        "slsaVersion": "1.0",
    }


def anchor_in(statement: Statement) -> Anchor | None:
    """The anchor in a verified statement; None where it is no release record."""
    if statement.predicate_type != RECORD:
        return None
    try:
        return Anchor.model_validate(statement.predicate.get("anchor"))
    except ValidationError:
        return None
