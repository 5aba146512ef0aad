"""A released version: what the journal, the stack's history and a manifest say of it in the same words."""

from __future__ import annotations

from slipway.release.manifest.base import FrozenModel


class ReleasedVersion(FrozenModel):
    """`manifest` is the path of its manifest in the project, `revision` that of artifact and workload."""

    revision: str
    version: str
    image: str
    manifest: str
