"""Volumes and claims."""

from __future__ import annotations

from sandbox.standins.kubernetes.readiness.verdict import READY, Object, Related, Verdict, failed, waiting


def claim(live: Object, classes: Related) -> Verdict:
    """Ready when bound, or at once when its class binds only for the first pod that uses it."""
    phase = (live.get("status") or {}).get("phase")
    late = any(each.get("volumeBindingMode") == "WaitForFirstConsumer" for each in classes)
    if phase == "Bound" or (phase == "Pending" and late):
        return READY
    if phase == "Lost":
        return failed("the claim to be bound", ["its volume is lost"])
    return waiting("the claim to be bound")


def volume(live: Object, related: Related) -> Verdict:
    """Ready when it is there to be bound."""
    phase = (live.get("status") or {}).get("phase")
    if phase in ("Available", "Bound"):
        return READY
    if phase == "Failed":
        return failed("the volume to be available", [str((live.get("status") or {}).get("message", ""))])
    return waiting("the volume to be available")
