"""The places of a stack: where services run, and how they are counted and reached there.

The keys at the top of the configuration are the stack's own place. `releases:places` has others, each under a name that
the entry of a service gives as its `place`. What a stack has once (flags, objectives, alarms, an account, Jobs for its
rollouts) belongs to its own place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Annotated

from pydantic import Field

from slipway.release.ecs_setting import EcsSetting
from slipway.release.errors import Problem
from slipway.release.lambda_setting import LambdaSetting
from slipway.release.rollout_inputs import MetricsSource, TrafficProbe
from slipway.release.run_setting import RunSetting
from slipway.release.target import PRIORITIES_APART, EcsTarget, KubernetesTarget, Target, Targeted
from slipway.release.urls import ServerUrl

SETTING = "places"
REMEDY = (
    "Write releases:places: {aws: {target: {kind: ecs, ...}, ecs: {...}, metrics: {...}}}, and the place in the entry "
    "of each service that runs there: {manifest: ..., place: aws}"
)


class PlaceSetting(Targeted):
    """What belongs to a place: its target, and what only such a target has."""

    metrics: MetricsSource
    gateway_url: ServerUrl | None = None
    probe: TrafficProbe | None = None
    ecs: EcsSetting | None = None
    """Network and roles of the tasks, for a target of kind ecs."""
    function: Annotated[LambdaSetting | None, Field(alias="lambda")] = None
    """Role and time of the functions, for a target of kind lambda."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a service runs, and how it is counted and reached there. `name` is None for the stack's own."""

    name: str | None
    target: Target
    metrics: MetricsSource
    gateway_url: str | None = None
    probe: TrafficProbe | None = None
    run: RunSetting | None = None
    ecs: EcsSetting | None = None
    function: LambdaSetting | None = None

    @classmethod
    def of(cls, name: str | None, setting: PlaceSetting, run: RunSetting | None = None) -> Place:
        """The place that a setting describes; Jobs are those of the stack's own."""
        return cls(
            name=name,
            target=setting.where,
            metrics=setting.metrics,
            gateway_url=setting.gateway_url,
            probe=setting.probe,
            run=run,
            ecs=setting.ecs,
            function=setting.function,
        )

    @property
    def provider(self) -> str | None:
        """What the engine's provider of this place is called; None for that of the stack's own."""
        return None if self.name is None else f"{SETTING}-{self.name}"

    def at_its_keys(self, problem: Problem) -> Problem:
        """A problem of the keys of this place, as its own file names them."""
        if self.name is None:
            return problem
        return replace(problem, path=f"{prefix_of(self.name)}{problem.path}", remedy=self.named(problem.remedy))

    def named(self, text: str) -> str:
        """A text that names keys of the stack (`releases:target`), for those of this place."""
        return text if self.name is None else as_key(text, self.name)


def prefix_of(name: str) -> str:
    """Of the paths of a place's keys."""
    return f"{SETTING}.{name}."


def as_key(remedy: str, name: str) -> str:
    """A remedy for a key of the stack, for the same key of a place."""
    return remedy.replace("releases:", f"releases:{prefix_of(name)}")


def remedies_of(places: Mapping[str, object], remedies: Mapping[str, str]) -> dict[str, str]:
    """The remedies for the keys of all places, from those for the keys of the stack."""
    return {f"{prefix_of(name)}{key}": as_key(remedy, name) for name in places for key, remedy in remedies.items()}


def unfit_places(own: Target, others: Mapping[str, Target]) -> Iterator[Problem]:
    """Places that cannot be told apart by their records, and rules of one listener that stand in each other's way."""
    named: list[tuple[str | None, Target]] = [(None, own), *others.items()]
    for (first, one), (second, other) in combinations(named, 2):
        at, whose = f"{prefix_of(str(second))}target", "the stack's own place" if first is None else f"place {first}"
        if _records(one) == _records(other):
            what = "namespace" if isinstance(one, KubernetesTarget) else "table"
            message = f"has the same {what} as {whose}, and records tell no places apart"
            yield Problem(at, message, f"Write another {what}, or let its services have that place")
        elif isinstance(one, EcsTarget) and isinstance(other, EcsTarget) and one.has_gateway_of(other):
            yield from _crossing(at, whose, one, other)


def _records(target: Target) -> Sequence[str]:
    return target.place if isinstance(target, KubernetesTarget) else (target.region, target.table)


def _crossing(at: str, whose: str, one: EcsTarget, other: EcsTarget) -> Iterator[Problem]:
    for service, number in other.rules.items():
        for neighbour, taken in one.rules.items():
            if abs(number - taken) < PRIORITIES_APART:
                message = f"has {number}, and {neighbour} of {whose} has {taken} at the same listener"
                yield Problem(f"{at}.rules.{service}", message, "Leave the number below each free")
