"""What the gates refuse in the engine's check, put on record."""

from __future__ import annotations

import time
from pathlib import Path

from slipway.plugin.urns import stack_name, stack_of
from slipway.release.errors import SlipwayError
from slipway.release.gating.judge import Judgement
from slipway.release.project_files import config_declared, records_of, stack_file
from slipway.release.records.kinds import MOST_REFUSALS, RefusalEvent, RefusalRecord, RefusedBy
from slipway.release.records.release_record import digest_of
from slipway.release.records.released import ReleasedVersion
from slipway.release.release_inputs import ReleaseInputs
from slipway.rollout.assemble import open_records
from slipway.rollout.process.operator import operator
from slipway.rollout.refusing import record_refusal


def keep_refusal(project: Path, inputs: ReleaseInputs, judgement: Judgement) -> str | None:
    """Write it, and return why it could not be written. A refusal stands whatever becomes of its record."""
    try:
        stack = stack_name(judgement.urn)
        setting = records_of(config_declared(project, stack), stack_file(project, stack))
        store = open_records(inputs.service, inputs.where, setting, project)
        record_refusal(store, refusal_of(inputs, judgement, operator(), time.time()))
    except SlipwayError as error:
        return str(error)
    return None


def refusal_of(inputs: ReleaseInputs, judgement: Judgement, by: str, at: float) -> RefusalRecord:
    """The record of a judgement that refused."""
    findings = tuple(
        RefusedBy(
            gate=entry.finding.gate,
            code=entry.finding.code,
            field=entry.finding.field,
            found=entry.finding.found,
            turn=entry.finding.turn,
        )
        for entry in judgement.refusing[:MOST_REFUSALS]
    )
    configuration = inputs.gates.path(stack_name(judgement.urn))
    return RefusalRecord(
        at=at,
        by=by,
        stack=stack_of(judgement.urn),
        target=str(inputs.where),
        service=inputs.service,
        subject=ReleasedVersion(
            revision=inputs.revision, version=inputs.version, image=inputs.image, manifest=inputs.manifest
        ),
        digest=digest_of(inputs.image),
        event=RefusalEvent(manifest_sha256=inputs.sha256, configuration=configuration, findings=findings),
    )
