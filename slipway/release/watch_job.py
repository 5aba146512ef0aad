"""The Job that watches a release after it took all the traffic, as a stack declares it. Pure.

It is named by the revision: created once the Rollout has committed it, deleted by the engine with the next release.
"""

from __future__ import annotations

from typing import Any

from slipway.release.labels import MANAGED_BY, PART_LABEL, REVISION_LABEL, SERVICE_LABEL
from slipway.release.rollout_inputs import RolloutInputs
from slipway.release.run_pod import KEPT, SCRAPED, pod_spec
from slipway.release.target import KubernetesTarget

PART = "watch-job"
RETRIES = 1000
"""A watch lasts for days; the kubelet waits longer and longer before it starts a container that failed again."""
SENDS_FOR = 2 * 86400
"""Seconds after the watch in which its process may still send what it escalated."""


def watch_job_name(service: str, revision: str) -> str:
    """Of the Job."""
    return f"slipway-watch-{service}"[:40].rstrip("-") + f"-{revision}"


def watch_job(wanted: RolloutInputs) -> dict[str, Any] | None:
    """The Job, without apiVersion and kind; None where the release is not watched, or not in the cluster."""
    run, watch, where = wanted.run, wanted.watch, wanted.where
    if run is None or not run.in_cluster or watch is None or not isinstance(where, KubernetesTarget):
        return None
    namespace, revision = where.namespace, wanted.candidate.revision
    # None of the labels by which Services, budgets or network policies select the pods of the service.
    labels = {**MANAGED_BY, PART_LABEL: PART}
    annotations = {"slipway.dev/candidate": revision, "slipway.dev/version": wanted.candidate.version}
    return {
        "metadata": {
            "name": watch_job_name(wanted.service, revision),
            "namespace": namespace,
            "labels": {**labels, SERVICE_LABEL: wanted.service, REVISION_LABEL: revision},
            "annotations": {**annotations, "pulumi.com/skipAwait": "true"},
        },
        "spec": {
            "backoffLimit": RETRIES,
            "podReplacementPolicy": "TerminatingOrFailed",
            "activeDeadlineSeconds": int(watch.lasts) + SENDS_FOR,
            "template": {
                "metadata": {"labels": labels, "annotations": {**annotations, **KEPT, **SCRAPED}},
                "spec": pod_spec(run, ["--watch", wanted.service, namespace]),
            },
        },
    }
