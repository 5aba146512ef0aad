"""Puts a drill on record in the chain of its service."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from slipway.cli.chains import Place
from slipway.release.manifest.release import Release
from slipway.release.project_files import project_name
from slipway.release.records.chain import Line
from slipway.release.records.kinds import DrillEvent, DrillRecord
from slipway.release.records.release_record import digest_of, read_kind
from slipway.release.records.released import ReleasedVersion
from slipway.release.records.store import append
from slipway.release.revision import revision_of
from slipway.rollout.process.operator import operator


def record_drill(place: Place, release: Release, event: DrillEvent) -> None:
    """Once for each receipt. Raises ClusterError."""
    image = release.artifact.image
    stack = "" if place.project is None else f"{project_name(place.project)}/{place.stack}"
    record = DrillRecord(
        at=time.time(),
        by=operator(),
        stack=stack,
        target=str(place.target_of(release.service)),
        service=release.service,
        subject=ReleasedVersion(revision=revision_of(release), version=release.version, image=image, manifest=""),
        digest=digest_of(image),
        event=event,
    )

    def make(lines: list[Line]) -> Mapping[str, Any] | None:
        known = any(one.event.sha256 == event.sha256 for _, one in read_kind(lines, DrillRecord))
        return None if known else record.to_content()

    append(place.open(release.service), make)
