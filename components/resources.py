"""The custom resources of the `slipway` provider, as a program declares them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from slipway.release.flags.exposure_inputs import ExposureInputs
from slipway.release.flags.flag_set_inputs import FlagSetInputs
from slipway.release.listener_priority import OUTPUT, ListenerPriorityInputs
from slipway.release.migrations.inputs import MigrationsInputs
from slipway.release.release_inputs import ReleaseInputs
from slipway.release.rollout_inputs import RolloutInputs
from slipway.release.slo.delivery import RuleGroupInputs
from slipway.release.tokens import (
    FLAG_EXPOSURE,
    FLAG_SET,
    LISTENER_PRIORITY,
    MIGRATIONS,
    RELEASE,
    ROLLOUT,
    RULE_GROUP,
)


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
    record: pulumi.Output[Mapping[str, Any] | None]
    """Number and hash of the newest release record, by which a chain that was cut or rewritten is found."""
    watched: pulumi.Output[Mapping[str, float] | None]
    """`opened` and `until` of the watch of what serves, in Unix seconds; empty where its commit opened none."""

    def __init__(self, name: str, inputs: RolloutInputs, opts: pulumi.ResourceOptions | None = None) -> None:
        outputs = dict.fromkeys(("weights", "serving", "outcome", "record", "watched"))
        super().__init__(ROLLOUT, name, {**inputs.to_wire(), **outputs}, opts)


class Release(pulumi.CustomResource):
    """What is released: the manifest by its digest, the evidence as the gates read it, and their verdict.

    Declared before everything else of the service, which depends on it: where the gates refuse, nothing is created.
    """

    evidence: pulumi.Output[Mapping[str, Any] | None]
    """The normalised evidence, None where the gates are off."""
    verdict: pulumi.Output[Mapping[str, Any]]
    """What the gates said: outcome, advisory findings, exemptions that were used."""

    def __init__(self, name: str, inputs: ReleaseInputs, opts: pulumi.ResourceOptions | None = None) -> None:
        outputs = dict.fromkeys(("evidence", "verdict"))
        super().__init__(RELEASE, name, {**inputs.to_wire(), **outputs}, opts)


class Migrations(pulumi.CustomResource):
    """The migrations of a release, applied to its database before anything of the release is created. Deleting it
    undoes nothing: that is a step of a rollback."""

    applied: pulumi.Output[Sequence[str] | None]
    """The ids of all migrations of the release: the database has them."""

    def __init__(self, name: str, inputs: MigrationsInputs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(MIGRATIONS, name, {**inputs.to_wire(), "applied": None}, opts)


class ListenerPriority(pulumi.CustomResource):
    """A number of a listener that no other rule has. It makes nothing, and stays while the number is free."""

    priority: pulumi.Output[int]

    def __init__(self, name: str, inputs: ListenerPriorityInputs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(LISTENER_PRIORITY, name, {**inputs.to_wire(), OUTPUT: None}, opts)


class RuleGroup(pulumi.CustomResource):
    """Rules of a Prometheus server. Its success is that the server evaluates them as they are declared."""

    health: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        inputs: RuleGroupInputs,
        opts: pulumi.ResourceOptions | None = None,
        late: Sequence[Mapping[str, Any]] | None = None,
    ) -> None:
        """`late` replaces the rules of `inputs` by the same with outputs in them."""
        rules = {} if late is None else {"rules": list(map(dict, late))}
        super().__init__(RULE_GROUP, name, {**inputs.to_wire(), **rules, "health": None}, opts)


class FlagSet(pulumi.CustomResource):
    """All feature flags of a stack: the one writer of the document that evaluators read.

    What it writes is the declaration together with the journal of kills: a flag that was killed stays off until it is
    resumed, whatever the program says.
    """

    effective: pulumi.Output[Mapping[str, Any] | None]
    """What evaluators see of each flag: default, percent, targeting, and its kill."""

    def __init__(self, name: str, inputs: FlagSetInputs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(FLAG_SET, name, {**inputs.to_wire(), "effective": None}, opts)


class FlagExposure(pulumi.CustomResource):
    """The exposure of one flag. Creating or updating it exposes the variant step by step, judged by the flag's
    guardrails: when they fail the flag is killed and the update fails."""

    percent: pulumi.Output[float | None]
    """Percent of the users who get the variant by exposure."""
    outcome: pulumi.Output[Mapping[str, Any] | None]
    """The record of the last rollout: outcome, times, and each step with its verdict."""

    def __init__(self, name: str, inputs: ExposureInputs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(FLAG_EXPOSURE, name, {**inputs.to_wire(), "percent": None, "outcome": None}, opts)
