"""The inputs of the FlagExposure resource: the exposure of one flag of a set, and where its counts come from."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from slipway.release.flags.model import FeatureFlag, FlagKey
from slipway.release.manifest.base import ObjectName
from slipway.release.rollout_inputs import MetricsSource
from slipway.release.target import Targeted

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,40}[a-z0-9])?")


class ExposureInputs(Targeted):
    """Everything that the provider needs in order to expose a variant to a growing share of the users."""

    set: ObjectName
    """The name of the set that the flag belongs to; its FlagSet must be declared before."""
    flag: FlagKey
    definition: FeatureFlag
    """The flag as its file declares it."""
    metrics: MetricsSource
    manifest: str = ""
    """Path of the file of flags in the project, for messages."""

    @property
    def identity(self) -> str:
        """The id of the resource."""
        return f"{self.where.identity_of(self.set)}/{self.flag}"

    @property
    def object_name(self) -> str:
        """A name for the objects of this exposure: Lease and journal."""
        return exposure_name(self.set, self.flag)

    def to_wire(self) -> dict[str, Any]:
        """Plain JSON values with camelCase keys, None left out: what the engine stores and diffs."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


def exposure_name(flags: str, flag: str) -> str:
    """The name of one flag of a set as a DNS label; where that needs other characters or fewer, a hash keeps names
    apart."""
    name = f"exposure-{flags}-{flag}"
    if _NAME.fullmatch(name):
        return name
    digest = hashlib.sha256(f"{flags}/{flag}".encode()).hexdigest()[:8]
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower())[:32].strip("-")
    return f"{plain}-{digest}"
