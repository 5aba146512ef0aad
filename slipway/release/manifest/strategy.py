"""The declared strategy. Each kind becomes a step plan in `slipway.release.manifest.plan`."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import BeforeValidator, Discriminator, Field, Tag, field_validator, model_validator

from slipway.release.manifest.base import FrozenModel, Line, RequestPath
from slipway.release.manifest.route import HeaderMatch, Hostname, Method
from slipway.release.units import Percent, Seconds, Share, Weight, percent_of, share

SafeMethod = Literal["GET", "HEAD", "OPTIONS"]
"""Methods that change nothing at the server (RFC 9110, 9.2.1)."""


class Step(FrozenModel):
    """`weight` percent of the traffic to the candidate for at least `bake` seconds."""

    weight: Annotated[Weight, Field(gt=0)]
    bake: Seconds


def _copied(value: object) -> object:
    """`100%` as well as `100`."""
    return percent_of(share(value), 1.0) if isinstance(value, str) and value.strip().endswith("%") else value


class MirrorStep(FrozenModel):
    """The candidate gets a copy of `mirror` percent of the requests with these methods, and users never see what it
    answers. A copy of a write is a second write, so other methods than the safe ones need `duplicatesAreHarmless`."""

    weight: ClassVar[Percent] = 0.0
    """No user is on the candidate."""
    mirror: Annotated[Percent, BeforeValidator(_copied), Field(gt=0, le=100)]
    methods: Annotated[tuple[Method, ...], Field(min_length=1)]
    bake: Seconds
    duplicates_are_harmless: Line | None = None
    """Why the service may get a request twice."""

    @property
    def writes(self) -> tuple[Method, ...]:
        """The methods of which a copy is a second write."""
        return tuple(method for method in self.methods if method not in get_args(SafeMethod))

    @model_validator(mode="after")
    def _writes_need_a_reason(self) -> MirrorStep:
        if self.writes and self.duplicates_are_harmless is None:
            raise ValueError(
                f"a copy of {_all(self.writes)} is a second write: copy {_all(get_args(SafeMethod))} only, or say why "
                "that does no harm in duplicatesAreHarmless"
            )
        return self

    @field_validator("methods")
    @classmethod
    def _each_once(cls, value: tuple[Method, ...]) -> tuple[Method, ...]:
        if len(set(value)) != len(value):
            raise ValueError(f"a method is there twice: {_all(value)}")
        return value


def _kind_of_step(value: Any) -> str:  # noqa: ANN401  (whatever stands in the file)
    return "mirror" if isinstance(value, MirrorStep) or (isinstance(value, dict) and "mirror" in value) else "weight"


AnyStep = Annotated[Annotated[Step, Tag("weight")] | Annotated[MirrorStep, Tag("mirror")], Discriminator(_kind_of_step)]


class Canary(FrozenModel):
    """Growing shares of the traffic with analysis at each; the last step is 100. A mirror step may come first."""

    kind: Literal["canary"]
    steps: Annotated[tuple[AnyStep, ...], Field(min_length=1)]
    reason: str | None = None

    @property
    def weighted(self) -> tuple[Step, ...]:
        """The steps with traffic of users."""
        return tuple(step for step in self.steps if isinstance(step, Step))

    @property
    def mirror(self) -> MirrorStep | None:
        """The step before them."""
        return next((step for step in self.steps if isinstance(step, MirrorStep)), None)

    @field_validator("steps")
    @classmethod
    def _grow_to_all(cls, value: tuple[AnyStep, ...]) -> tuple[AnyStep, ...]:
        if any(isinstance(step, MirrorStep) for step in value[1:]):
            raise ValueError("a mirror step must be the first: beside a weight its copies cannot be told from requests")
        weights = [step.weight for step in value if isinstance(step, Step)]
        if not weights:
            raise ValueError("after the mirror step there must be weights up to 100")
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


def _all(methods: Sequence[str]) -> str:
    return ", ".join(methods)


def _listed(weights: list[float]) -> str:
    return ", ".join(f"{weight:g}" for weight in weights)
