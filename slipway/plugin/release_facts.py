"""What a release record says of a release beside its rollout: manifest, evidence and what the gates said."""

from __future__ import annotations

from pathlib import Path

from slipway.plugin.run_memory import Passed
from slipway.release.declared import read_manifest
from slipway.release.errors import InputError
from slipway.release.evidence.errors import EvidenceError
from slipway.release.evidence.facts import DrillFacts
from slipway.release.evidence.model import EvidenceRecord
from slipway.release.records.release_record import MOST_EVIDENCE, EvidenceLine
from slipway.rollout.recording import ReleaseFacts


def facts_of(passed: Passed | None, project: Path, manifest: str, revision: str) -> ReleaseFacts:
    """Of the release that passed the gates in this run all of it; of another one what its manifest says, if that is
    still the one with this revision."""
    if passed is not None and (passed.manifest, passed.revision) == (manifest, revision) and passed.release is not None:
        inputs = passed.inputs
        return ReleaseFacts(
            release=passed.release,
            gates=passed.gates,
            evidence=_lines(inputs.evidence if inputs is not None else None),
            manifest_sha256=inputs.sha256 if inputs is not None else None,
            fingerprint=inputs.fingerprint if inputs is not None else None,
        )
    gates = passed.gates if passed is not None and passed.revision == revision else None
    try:
        declared = read_manifest(project, manifest)
    except (InputError, EvidenceError):
        return ReleaseFacts(gates=gates)
    if declared.revision != revision:
        return ReleaseFacts(gates=gates)
    return ReleaseFacts(release=declared.release, gates=gates, manifest_sha256=declared.sha256)


def _lines(evidence: EvidenceRecord | None) -> tuple[EvidenceLine, ...]:
    return tuple(
        EvidenceLine(
            kind=item.facts.kind,
            path=item.path,
            sha256=item.sha256,
            signer=item.binding.signer,
            at=item.at.isoformat() if item.at is not None else None,
            said=item.facts.told if isinstance(item.facts, DrillFacts) else "",
        )
        for item in (evidence.items if evidence is not None else ())[:MOST_EVIDENCE]
    )
