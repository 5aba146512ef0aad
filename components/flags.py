"""The feature flags of a stack: one FlagSet that writes all of them, and below it one component a flag."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import pulumi

from components.resources import FlagExposure, FlagSet
from slipway.release.escalation.setting import EscalationSetting
from slipway.release.flags import model
from slipway.release.flags.exposure_inputs import ExposureInputs
from slipway.release.flags.flag_set_inputs import FlagSetInputs
from slipway.release.rollout_inputs import MetricsSource
from slipway.release.tokens import FEATURE_FLAG, KILL_SWITCH


class _Flag(pulumi.ComponentResource):
    TOKEN: ClassVar[str]

    key: str
    """By which the application asks for it."""
    definition: model.FeatureFlag

    def __init__(self, key: str, definition: model.FeatureFlag, flag_set: FlagSet) -> None:
        super().__init__(self.TOKEN, key, {}, pulumi.ResourceOptions(parent=flag_set))
        self.key, self.definition = key, definition
        effective = flag_set.effective.apply(lambda flags: _of(flags, key))
        self.register_outputs({**_about(definition), "effective": effective})


class FeatureFlag(_Flag):
    """A flag that turns a behaviour on for some users: by targeting, or by an exposure that grows."""

    TOKEN = FEATURE_FLAG


class KillSwitch(_Flag):
    """A flag that turns something off for all users, at any time: it has neither targeting nor an expiry."""

    TOKEN = KILL_SWITCH


def declare(inputs: FlagSetInputs | None, opts: pulumi.ResourceOptions | None = None) -> FlagSet | None:
    """Declare the set and its flags, as the inputs name them; nothing for a stack without flags."""
    if inputs is None:
        return None
    flag_set = FlagSet(inputs.name, inputs, opts)
    for key, flag in sorted(inputs.flags.items()):
        _kind(flag)(key, flag, flag_set)
    return flag_set


def expose(
    inputs: FlagSetInputs | None,
    flag_set: FlagSet | None,
    metrics: MetricsSource,
    services: Sequence[pulumi.Resource] = (),
    escalation: EscalationSetting | None = None,
) -> None:
    """Declare the exposure of each flag that has guardrails, after the set and after the services: what is judged is
    the application as this update leaves it."""
    if inputs is None or flag_set is None:
        return
    for key, flag in sorted(inputs.flags.items()):
        if flag.is_guarded:
            FlagExposure(
                key,
                ExposureInputs.of(inputs, key, metrics).escalating(escalation),
                pulumi.ResourceOptions(parent=flag_set, depends_on=[flag_set, *services]),
            )


def _kind(flag: model.FeatureFlag) -> type[_Flag]:
    return KillSwitch if flag.kind == "kill-switch" else FeatureFlag


def _about(flag: model.FeatureFlag) -> dict[str, Any]:
    expires = flag.expires.isoformat() if flag.expires is not None else None
    return {"kind": flag.kind, "owner": flag.owner, "expires": expires}


def _of(flags: Mapping[str, Any] | None, key: str) -> object:
    """What is in force of one flag; nothing is known of it before the first update."""
    return (flags or {}).get(key)
