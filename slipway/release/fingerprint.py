"""What QA and approvers approve: a hash of the whole manifest except their own entries and the evidence."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from slipway.release.evidence.migration_files import MigrationSource
from slipway.release.manifest.release import Release
from slipway.release.strategy import resolve

MEANING = 1
"""Raise it when a default of the manifest changes: what was approved would not be what is done. A new field with a
default changes nothing, so a new version of Slipway voids no approval."""

_ABOUT_THE_RELEASE = {"qa", "evidence", "approvals"}


def fingerprint_of(release: Release, migrations: Sequence[MigrationSource] = ()) -> str:
    """`sha256:<64 hex>`. The sections that are written after the approval are left out, everything else is in: also the
    content of the migrations' scripts (`migrations`, as they were read), not their paths alone.

    So an approval cannot be carried over to another artifact, another environment variable or other steps. The
    strategy is the one that is carried out: `auto` is resolved first, so it does not matter who resolved it.
    """
    said = resolve(release).model_dump(mode="json", by_alias=True, exclude=_ABOUT_THE_RELEASE, exclude_defaults=True)
    content: dict[str, object] = {"meaning": MEANING, "manifest": said}
    if migrations:  # without any, nothing changes: approvals that were given before stay valid
        content["scripts"] = [
            [source.id, source.up.sha256, None if source.down is None else source.down.sha256] for source in migrations
        ]
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return f"sha256:{hashlib.sha256(canonical.encode()).hexdigest()}"
