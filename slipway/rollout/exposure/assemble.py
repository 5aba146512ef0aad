"""Puts the real adaptors of one flag's exposure together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast

from slipway.release.errors import ClusterError
from slipway.release.flags.exposure_inputs import ExposureInputs, exposure_name
from slipway.release.flags.journal import DocumentKind
from slipway.release.target import KubernetesTarget, Target
from slipway.rollout.assemble import connect_escalations, connect_flags
from slipway.rollout.exposure.adapters import ExposureAdapters
from slipway.rollout.exposure.meter import meter_for
from slipway.rollout.exposure.sides import for_flag
from slipway.rollout.metrics.base import Meter
from slipway.rollout.platforms.kubernetes.client import connect
from slipway.rollout.platforms.kubernetes.journal_store import EXPOSURE, ConfigMapJournalStore
from slipway.rollout.platforms.kubernetes.lease import KubernetesLease
from slipway.rollout.process.fence import Fence


@dataclass(frozen=True, slots=True)
class Place:
    """Where the exposure of a flag is, as one word: `exposure/SET/FLAG/DOCUMENT`."""

    flags: str
    flag: str
    document: DocumentKind

    @classmethod
    def parse(cls, word: str) -> Place | None:
        """None for the name of a service, which has no slash."""
        kind, *parts = word.split("/")
        if kind != EXPOSURE or len(parts) != 3 or parts[2] not in ("config-map", "feature-flag"):
            return None
        return cls(parts[0], parts[1], cast(DocumentKind, parts[2]))

    def __str__(self) -> str:
        return f"{EXPOSURE}/{self.flags}/{self.flag}/{self.document}"


def place_of(inputs: ExposureInputs) -> Place:
    """Where these inputs expose their flag."""
    return Place(inputs.set, inputs.flag, inputs.document)


def connect_exposure(inputs: ExposureInputs, stack: str) -> ExposureAdapters:
    """The adaptors of one exposure on behalf of `stack` (`project/stack`), by the environment's credentials. Raises
    ClusterError when the cluster is unreachable."""
    exposure = inputs.definition.exposure
    evaluations = exposure.evaluations if exposure is not None else None
    query = None if evaluations is None else for_flag(evaluations, inputs.flag)
    adapters = connect_place(inputs.where, place_of(inputs), meter_for(inputs.metrics, query), stack)
    if inputs.escalation is None:
        return adapters
    return replace(adapters, escalations=connect_escalations(inputs.escalation, inputs.where))


def connect_place(target: Target, place: Place, meter: Meter | None = None, stack: str = "") -> ExposureAdapters:
    """The same without metrics, for those that only turn an exposure back. Raises ClusterError."""
    if not isinstance(target, KubernetesTarget):
        raise ClusterError(f"no flags can be exposed in a target of kind {target.kind}")
    namespace, name, fence = target.namespace, exposure_name(place.flags, place.flag), Fence()
    client = connect(namespace, context=target.context)
    return ExposureAdapters(
        flag=place.flag,
        flags=connect_flags(target, place.flags, place.document),
        journal=ConfigMapJournalStore(client, namespace, name, fence, part=EXPOSURE),
        lease=KubernetesLease(client, namespace, name),
        meter=meter,
        fence=fence,
        stack=stack,
    )
