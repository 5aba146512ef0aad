"""The inputs of the FlagExposure resource: the exposure of one flag of a set, and where its counts come from."""

from __future__ import annotations

import hashlib
import re
from typing import Annotated, Any

from pydantic import Field

from slipway.release.escalation.setting import EscalationRoute, EscalationSetting
from slipway.release.flags.flag_set_inputs import FlagSetInputs
from slipway.release.flags.journal import DocumentKind
from slipway.release.flags.model import FeatureFlag
from slipway.release.manifest.base import FlagKey
from slipway.release.rollout_inputs import MetricsSource
from slipway.release.target import DnsLabel, Targeted

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,40}[a-z0-9])?")


class ExposureInputs(Targeted):
    """Everything that the provider needs in order to expose a variant to a growing share of the users."""

    set: Annotated[DnsLabel, Field(max_length=40, description="The name of the flag's FlagSet, which comes before.")]
    document: Annotated[DocumentKind, Field(description="Where its document lies, as the FlagSet says.")] = "config-map"
    flag: FlagKey
    definition: Annotated[FeatureFlag, Field(description="The flag as its file declares it.")]
    metrics: MetricsSource
    escalation: Annotated[
        EscalationRoute | None, Field(description="Whom its guard tells of a kill; none when it is left out.")
    ] = None

    @classmethod
    def of(cls, flags: FlagSetInputs, flag: str, metrics: MetricsSource) -> ExposureInputs:
        """The exposure of one flag of a set."""
        return cls(
            target=flags.where,
            set=flags.name,
            document=flags.document,
            flag=flag,
            definition=flags.flags[flag],
            metrics=metrics,
        )

    def escalating(self, setting: EscalationSetting | None) -> ExposureInputs:
        """The same, with the receivers of the flag's owner."""
        route = None if setting is None else setting.route(self.definition.owner)
        return self.model_copy(update={"escalation": route})

    @property
    def identity(self) -> str:
        """The id of the resource."""
        return f"{self.where.identity_of(self.set)}/{self.flag}"

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
