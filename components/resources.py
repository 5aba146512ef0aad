"""The custom resources of the `slipway` provider, as a program declares them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

from release.rollout_inputs import RolloutInputs


class Rollout(pulumi.CustomResource):
    """The traffic of one service. Creating or updating it carries out the rollout that its inputs describe.

    The inputs are plain values, so that a preview knows all of them. A failed update leaves the traffic whole on
    what served before.
    """

    weights: pulumi.Output[Mapping[str, float]]
    """Percent of the traffic per Kubernetes Service, as the cluster has it."""
    serving: pulumi.Output[Mapping[str, Any] | None]
    """The backend that the last completed rollout left in charge."""
    outcome: pulumi.Output[Mapping[str, Any] | None]
    """The record of the last rollout: result, revision, version, times, and each step with its verdict."""

    def __init__(self, name: str, inputs: RolloutInputs, opts: pulumi.ResourceOptions | None = None) -> None:
        outputs = dict.fromkeys(("weights", "serving", "outcome"))
        super().__init__("slipway:index:Rollout", name, {**inputs.to_wire(), **outputs}, opts)
