"""The names of all gates, and which of them nobody can get around."""

from __future__ import annotations

from slipway.release.readiness import GATES as READINESS
from slipway.release.readiness import UNCONDITIONAL as READINESS_UNCONDITIONAL

MANIFEST = "manifest"
IMAGES = "images"
GATED = "gated"
ENFORCED = "enforced"

RELEASE_GATES: tuple[str, ...] = (MANIFEST, *READINESS)
"""Judge a release by its manifest and evidence."""

RESOURCE_GATES: tuple[str, ...] = (
    ENFORCED,
    GATED,
    IMAGES,
    "probes",
    "limits",
    "disruption-budget",
    "in-place",
    "alarms",
    "weights",
)
"""Judge what a program declares, so they need the engine."""

NAMES: tuple[str, ...] = (*RELEASE_GATES, *RESOURCE_GATES)

UNCONDITIONAL = frozenset({MANIFEST, IMAGES, *READINESS_UNCONDITIONAL})
"""Always mandatory: without them what the others say is worth nothing."""

WITHOUT_EXEMPTION = UNCONDITIONAL | {GATED, ENFORCED, "provenance"}
"""The integrity of what runs and of what was judged."""
