"""What an exposure is to reach, and by what it is judged. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from slipway.release.flags.model import FeatureFlag
from slipway.release.manifest.analysis import Analysis
from slipway.release.manifest.guardrails import Guardrail
from slipway.release.manifest.plan import Kind, PlannedStep
from slipway.release.rollout_inputs import Backend
from slipway.release.units import Percent, show_seconds
from slipway.rollout.exposure.sides import filled, side_of


@dataclass(frozen=True, slots=True)
class Wanted:
    """The exposure of one variant beside the off variant; see slipway.rollout.measurement.judged.Judged."""

    flag: str
    variant: str
    off: str
    steps: tuple[PlannedStep, ...]
    guardrails: tuple[Guardrail, ...]
    analysis: Analysis
    clients: int
    """How many clients count alike in the exposure check."""
    targeted: bool = False
    """Whether rules decide for some users before the exposure does."""
    owner: str = ""
    """Who is told of a kill."""

    @classmethod
    def of(cls, key: str, flag: FeatureFlag) -> Wanted:
        """Of a flag whose exposure is guarded and that says what it exposes (`FeatureFlag.exposed`)."""
        exposure = flag.exposure
        assert exposure is not None  # noqa: S101 - it is guarded
        return cls(
            flag=key,
            variant=flag.exposed or "",
            off=flag.off,
            steps=tuple(PlannedStep(step.percent, step.bake) for step in exposure.steps),
            guardrails=tuple(filled(guardrail, key) for guardrail in flag.guardrails),
            analysis=exposure.analysis,
            clients=exposure.clients,
            targeted=flag.targeting is not None,
            owner=flag.owner,
        )

    @property
    def candidate(self) -> Backend:
        """The exposed variant."""
        return side_of(self.flag, self.variant)

    @property
    def baseline(self) -> Backend:
        """The off variant."""
        return side_of(self.flag, self.off)

    @property
    def percent(self) -> Percent:
        """Where the exposure ends."""
        return self.steps[-1].weight

    def plan(self, kind: Kind) -> tuple[PlannedStep, ...]:
        """The steps; an exposure knows one kind only, since its baseline is always there."""
        return self.steps

    def beyond(self, base: Percent) -> Wanted:
        """What is left of it where `base` percent are reached already."""
        return replace(self, steps=tuple(step for step in self.steps if step.weight > base))

    def describe(self) -> str:
        """One line for the plan."""
        steps = ", ".join(f"{step.weight:.4g}% for {show_seconds(step.bake)}" for step in self.steps)
        return f"{self.variant} instead of {self.off}: {steps}"

    def caveat(self) -> str:
        """What is not claimed of the verdicts; empty where everything is. Users stay on their side, so only a guardrail
        that counts each client once keeps the promised rate, and only where the exposure alone draws the sides."""
        names = [
            guardrail.name
            for guardrail in self.guardrails
            if guardrail.nature.counts != "nothing" and (self.targeted or guardrail.nature.counts != "clients")
        ]
        if not names:
            return ""
        why = "targeting decides for some users" if self.targeted else "users stay on one side"
        return f"no error rate claimed for {', '.join(names)}: {why}"
