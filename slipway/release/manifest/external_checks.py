"""What a workload that something else declares may not say in a manifest, and which strategies need their own."""

from __future__ import annotations

from collections.abc import Iterator

from slipway.release.manifest.document import Location
from slipway.release.manifest.strategy import Rolling, Strategy
from slipway.release.manifest.workload import Workload

Found = Iterator[tuple[Location, str, str]]
"""Place, message and remedy of each problem."""
DESCRIBING = frozenset({"port", "replicas", "resources", "probes", "drain", "ready_within", "app_protocol", "external"})
"""Fields that say what is there; every other one would have to make something."""


def problems_of_external(workload: Workload) -> Found:
    """Fields that only a workload of Slipway's own can have."""
    if workload.external is None:
        return
    for name in sorted(workload.model_fields_set - DESCRIBING):
        alias = type(workload).model_fields[name].alias or name
        yield (
            ("workload", alias),
            "is given beside external, whose workload something else declares",
            "Leave it out, or leave out workload.external",
        )
    if workload.replicas is not None and workload.external.autoscaler is not None:
        yield (
            ("workload", "replicas"),
            "is given beside external.autoscaler, which decides how many pods there are",
            "Leave out replicas; external.autoscaler.min is the least number of pods",
        )


def problems_of_external_strategy(workload: Workload, strategy: Strategy) -> Found:
    """Rolling needs one owner of the replicas, and those of an external workload are not Slipway's."""
    if workload.external is not None and isinstance(strategy, Rolling):
        yield (
            ("strategy", "kind"),
            "rolling scales the workload, and an external one is scaled by what declares it",
            "Choose canary or blue-green",
        )
