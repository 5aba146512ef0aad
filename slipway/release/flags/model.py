"""One feature flag as a project declares it, and all flags of a stack."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue

from slipway.release.manifest.analysis import Analysis
from slipway.release.manifest.base import FlagKey, FrozenModel, Line
from slipway.release.manifest.guardrails import Guardrail
from slipway.release.units import Seconds, Weight

VariantName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$")]
FlagKind = Literal["release", "kill-switch", "experiment", "ops"]
"""`release` guards a new behaviour until it is everywhere; `kill-switch` turns something off in an emergency and stays;
`experiment` compares variants; `ops` tunes what runs."""


class ExposureStep(FrozenModel):
    """`percent` of the targeting keys get the exposed variant for at least `bake` seconds."""

    percent: Annotated[Weight, Field(gt=0, multiple_of=0.01)]
    bake: Seconds = 0.0


class Exposure(FrozenModel):
    """Growing shares of the users. The last step is where the exposure stays; it need not be 100."""

    variant: VariantName | None = None
    """The variant that they get; left out, it is the one beside the off variant of a flag with two."""
    steps: Annotated[tuple[ExposureStep, ...], Field(min_length=1)]
    analysis: Analysis = Analysis()
    """How the guardrails decide, as in a manifest."""
    evaluations: str | None = None
    """A query of a cumulative counter of evaluations, with `{flag}` and `{variant}`: what the exposure check compares
    with the percentages. Left out, it is the total of the first custom guardrail."""
    clients: Annotated[int, Field(ge=10)] = 100
    """How many users count alike in that counter; the more, the narrower the exposure check."""

    @property
    def percent(self) -> float:
        """Where it ends."""
        return self.steps[-1].percent


class FeatureFlag(FrozenModel):
    """One flag, without its key."""

    kind: FlagKind
    owner: Line
    """The team that answers for it."""
    description: Line | None = None
    expires: date | None = None
    """The day by which it shall be gone; kill switches have none."""
    state: Literal["ENABLED", "DISABLED"] = "ENABLED"
    """DISABLED is flagd's: each caller gets the default in its own code, whatever that is."""
    variants: Annotated[dict[VariantName, JsonValue], Field(min_length=1)] = {"on": True, "off": False}
    off: VariantName = "off"
    """The variant of the old behaviour, which a killed flag has for all users."""
    default: VariantName
    """The variant of those whom neither targeting nor exposure gives one, such as callers without a targeting key."""
    targeting: dict[str, JsonValue] | None = None
    """A rule in flagd's JSONLogic. It decides before the exposure; where it gives no variant the exposure does."""
    exposure: Exposure | None = None
    guardrails: tuple[Guardrail, ...] = ()
    """What is measured while the exposure grows."""

    @property
    def exposed(self) -> str | None:
        """The variant that the exposure gives; None where that is not said."""
        if self.exposure is not None and self.exposure.variant is not None:
            return self.exposure.variant
        others = [name for name in self.variants if name != self.off]
        return others[0] if len(others) == 1 else None

    @property
    def reach(self) -> float:
        """Percent of the users where the declared exposure ends; 0 without one."""
        return self.exposure.percent if self.exposure is not None else 0.0

    @property
    def is_off_by_default(self) -> bool:
        """Whether every caller gets the off variant as long as no exposure has begun. DISABLED does not give it."""
        return self.state == "ENABLED" and self.default == self.off and self.targeting is None

    @property
    def is_guarded(self) -> bool:
        """Whether its exposure is walked step by step and judged, rather than set at once."""
        return self.exposure is not None and bool(self.guardrails)


class DeclaredFlags(FrozenModel):
    """All flags of a stack by key, and the named rules (`{"$ref": name}`) that their targeting may refer to."""

    flags: dict[FlagKey, FeatureFlag] = {}
    evaluators: dict[str, dict[str, JsonValue]] = {}

    def to_wire(self) -> dict[str, Any]:
        """As plain JSON values, without what is left out."""
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True)

    def flags_to_wire(self) -> dict[str, Any]:
        """The flags alone, by key."""
        found: dict[str, Any] = self.to_wire().get("flags", {})
        return found
