"""What a service's entry becomes when a manifest is released: the way forward of `slipway.release.records.rollback`.
Pure."""

from __future__ import annotations

from collections.abc import Mapping

from slipway.release.errors import ReleaseRefused
from slipway.release.records.released import ReleasedVersion
from slipway.release.records.rollback import Destination, Entry, Memory, label_of, with_standby


def next_release(
    service: str,
    memory: Memory,
    declared: Entry,
    manifests: Mapping[str, ReleasedVersion],
    target: ReleasedVersion,
    *,
    keeps_standby: bool,
) -> Destination:
    """The entry of `target`, with what serves now as its standby unless nothing shall be kept warm.

    What else the entry says stays. `manifests` says by path what the manifests hold that could be read. Raises
    ReleaseRefused where the target serves already.
    """
    now = manifests.get(str(declared.get("manifest")))
    declared_serves = now is not None and now.revision == memory.serving
    if target.revision == memory.serving:
        raise ReleaseRefused(_serves(service, target, declared_serves))
    leaves = now if declared_serves else next((one for one in memory.completed if one.revision == memory.serving), None)
    entry = {**declared, "manifest": target.manifest}
    return Destination(target, leaves, with_standby(entry, target, leaves if keeps_standby else None), True)


def _serves(service: str, target: ReleasedVersion, declared_serves: bool) -> str:
    if declared_serves:
        return f"{service}: {label_of(target)} serves already, and the configuration names it"
    return (
        f"{service}: {label_of(target)} serves already, and the configuration names another release, which was not "
        f"completed: `slipway rollback {service}` returns the configuration to what serves"
    )
