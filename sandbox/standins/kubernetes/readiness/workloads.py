"""Deployments, StatefulSets, DaemonSets, Jobs and Pods."""

from __future__ import annotations

from typing import Any

from sandbox.standins.kubernetes.readiness.pods import reasons, troubles
from sandbox.standins.kubernetes.readiness.verdict import (
    READY,
    Object,
    Related,
    Verdict,
    condition,
    failed,
    is_true,
    observed,
    waiting,
)


def deployment(live: Object, pods: Related) -> Verdict:
    """Ready when every replica is of the new template and available, and no old one is left (`kubectl rollout`)."""
    if not observed(live):
        return waiting("the controller to see the change")
    wanted, status = _replicas(live), _status(live)
    updated, available = int(status.get("updatedReplicas") or 0), int(status.get("availableReplicas") or 0)
    old = int(status.get("replicas") or 0) - updated
    if updated >= wanted and available >= wanted and old <= 0:
        return READY
    why = reasons(pods)
    progressing = condition(live, "Progressing")
    if progressing is not None and progressing.get("reason") == "ProgressDeadlineExceeded":
        why = [f"ProgressDeadlineExceeded: {progressing.get('message', '')}", *why]
    failure = condition(live, "ReplicaFailure")
    if failure is not None and failure.get("status") == "True":
        why = [f"{failure.get('reason')}: {failure.get('message', '')}", *why]
    text = f"replicas: {updated} of {wanted} updated, {available} available"
    return waiting(text + (f", {old} old ones to go" if old > 0 else ""), why)


def stateful_set(live: Object, pods: Related) -> Verdict:
    """Ready when its replicas are, those above the partition in the new revision."""
    if not observed(live):
        return waiting("the controller to see the change")
    wanted, status = _replicas(live), _status(live)
    ready, updated = int(status.get("readyReplicas") or 0), int(status.get("updatedReplicas") or 0)
    strategy = live["spec"].get("updateStrategy") or {}
    partition = int((strategy.get("rollingUpdate") or {}).get("partition") or 0)
    due = 0 if strategy.get("type") == "OnDelete" else max(wanted - partition, 0)
    complete = partition > 0 or due == 0 or status.get("currentRevision") == status.get("updateRevision")
    if ready >= wanted and updated >= due and complete:
        return READY
    return waiting(f"replicas: {updated} of {due} updated, {ready} of {wanted} ready", reasons(pods))


def daemon_set(live: Object, pods: Related) -> Verdict:
    """Ready when every wanted node runs an available pod of the new template."""
    if not observed(live):
        return waiting("the controller to see the change")
    status = _status(live)
    wanted = int(status.get("desiredNumberScheduled") or 0)
    updated, available = int(status.get("updatedNumberScheduled") or 0), int(status.get("numberAvailable") or 0)
    rolling = (live["spec"].get("updateStrategy") or {}).get("type") != "OnDelete"
    if available >= wanted and (updated >= wanted or not rolling):
        return READY
    return waiting(f"pods: {updated} of {wanted} updated, {available} available", reasons(pods))


def job(live: Object, pods: Related) -> Verdict:
    """Ready when it has completed; failed when it gave up."""
    if is_true(live, "Complete"):
        return READY
    ended = condition(live, "Failed")
    if ended is not None and ended.get("status") == "True":
        return failed("the job to complete", [f"{ended.get('reason')}: {ended.get('message', '')}", *reasons(pods)])
    if is_true(live, "Suspended"):
        return waiting("the job to be resumed")
    status = _status(live)
    wanted = int(live["spec"].get("completions") or 1)
    return waiting(f"completions: {int(status.get('succeeded') or 0)} of {wanted}", reasons(pods))


def pod(live: Object, related: Related) -> Verdict:
    """Ready when its condition says so, or when it has succeeded."""
    phase = _status(live).get("phase")
    if is_true(live, "Ready") or phase == "Succeeded":
        return READY
    if phase == "Failed":
        return failed("the pod to become ready", list(troubles(live)))
    return waiting("the pod to become ready", list(troubles(live)))


def _replicas(live: Object) -> int:
    wanted: Any = live["spec"].get("replicas")
    return 1 if wanted is None else int(wanted)


def _status(live: Object) -> Object:
    return live.get("status") or {}
