"""The declared strategy. Each kind becomes a step plan in `slipway.release.manifest.plan`."""

from __future__ import annotations

import itertools
from typing import Annotated, Literal

from pydantic import Field, field_validator

from slipway.release.manifest.base import FrozenModel, RequestPath
from slipway.release.manifest.route import HeaderMatch, Hostname
from slipway.release.units import Seconds, Share, Weight


class Step(FrozenModel):
    """`weight` percent of the traffic to the candidate for at least `bake` seconds."""

    weight: Annotated[Weight, Field(gt=0)]
    bake: Seconds


class Canary(FrozenModel):
    """Growing shares of the traffic with analysis at each; the last step is 100."""

    kind: Literal["canary"]
    steps: Annotated[tuple[Step, ...], Field(min_length=1)]
    reason: str | None = None

    @field_validator("steps")
    @classmethod
    def _grow_to_all(cls, value: tuple[Step, ...]) -> tuple[Step, ...]:
        weights = [step.weight for step in value]
        if any(later <= earlier for earlier, later in itertools.pairwise(weights)):
            raise ValueError(f"weights must grow from step to step, not {_listed(weights)}")
        if weights[-1] != 100:
            raise ValueError(f"the last step must be weight 100, not {weights[-1]:g}")
        return value


class SmokeCheck(FrozenModel):
    """A request to the candidate through its preview route, before any user reaches it."""

    path: RequestPath = "/"
    status: Annotated[int, Field(ge=100, le=599)] = 200
    contains: str | None = None
    timeout: Seconds = 5.0
    times: Annotated[int, Field(ge=1, le=100)] = 1


class Preview(FrozenModel):
    """How a tester reaches the candidate at 0%: a request header, or a host name of its own."""

    header: HeaderMatch | None = None
    host: Hostname | None = None


class BlueGreen(FrozenModel):
    """Smoke checks on a preview route at 0%, one switch to 100, then `bake` with the old version warm."""

    kind: Literal["blue-green"]
    preview: Preview | None = None
    smoke: tuple[SmokeCheck, ...] = ()
    bake: Seconds = 300.0
    reason: str | None = None


class Rolling(FrozenModel):
    """Batches of replicas without double capacity; the weight follows the share of ready replicas."""

    kind: Literal["rolling"]
    batch: Annotated[Share, Field(gt=0)] = 0.25
    """Share of the replicas that is replaced at a time, rounded up to whole replicas."""
    bake: Seconds = 30.0
    """At least this long after each batch."""
    final_bake: Seconds = 300.0
    reason: str | None = None


class Auto(FrozenModel):
    """Let `slipway.release.risk` choose from risk and blast radius."""

    kind: Literal["auto"]
    reason: str | None = None


Strategy = Annotated[Canary | BlueGreen | Rolling | Auto, Field(discriminator="kind")]


def _listed(weights: list[float]) -> str:
    return ", ".join(f"{weight:g}" for weight in weights)
