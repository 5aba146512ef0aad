"""The whole evidence of a rollout: settings and the state of every guardrail, as the journal holds it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter

from release.manifest.analysis import Analysis
from release.manifest.guardrails import Guardrail
from rollout.analysis.rules import Rule, compile_rules
from rollout.analysis.state import State, begin_step, state_from_json, state_to_json

_GUARDRAILS: TypeAdapter[tuple[Guardrail, ...]] = TypeAdapter(tuple[Guardrail, ...])
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Settings:
    """What was declared; fixed for the rollout."""

    guardrails: tuple[Guardrail, ...]
    analysis: Analysis
    first_release: bool
    dispersion: tuple[tuple[str, float], ...]
    rules: tuple[Rule, ...] = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Immutable. `states` has one entry for each guardrail, in the order in which they were declared."""

    settings: Settings
    states: tuple[State, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values. Floats are exact, so a replay from here decides exactly the same."""
        settings = self.settings
        return {
            "format": FORMAT,
            "guardrails": _GUARDRAILS.dump_python(settings.guardrails, mode="json", by_alias=True),
            "analysis": settings.analysis.model_dump(mode="json", by_alias=True),
            "firstRelease": settings.first_release,
            "dispersion": dict(settings.dispersion),
            "states": {
                guardrail.name: state_to_json(state)
                for guardrail, state in zip(settings.guardrails, self.states, strict=True)
            },
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Evidence:
        """The inverse of `to_json`. Raises ValueError when it is something else, or of another format."""
        if data.get("format") != FORMAT:
            raise ValueError(f"evidence of format {data.get('format')!r} cannot be read, only {FORMAT}")
        guardrails = _GUARDRAILS.validate_python(data["guardrails"])
        analysis = Analysis.model_validate(data["analysis"])
        try:
            settings = make_settings(guardrails, analysis, bool(data["firstRelease"]), data["dispersion"])
            states = tuple(state_from_json(data["states"][guardrail.name]) for guardrail in guardrails)
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"this is not the evidence of a rollout: {error!r}") from error
        return cls(settings, states)


def make_settings(
    guardrails: Sequence[Guardrail], analysis: Analysis, first_release: bool, dispersion: Mapping[str, float]
) -> Settings:
    """Raises ValueError for guardrails of one name, or a dispersion that fits none."""
    rules = compile_rules(guardrails, analysis, first_release, dispersion)
    return Settings(tuple(guardrails), analysis, first_release, tuple(sorted(dispersion.items())), rules)


def begin(
    guardrails: Sequence[Guardrail],
    analysis: Analysis,
    *,
    first_release: bool = False,
    dispersion: Mapping[str, float] | None = None,
) -> Evidence:
    """No evidence yet. `first_release`: nothing serves that the candidate could be compared with. `dispersion`
    is phi of a guardrail's events from stable history (`rollout.analysis.dispersion.estimate`); 1 is assumed
    for guardrails that it does not name. Raises ValueError for guardrails of one name."""
    settings = make_settings(guardrails, analysis, first_release, dispersion or {})
    return Evidence(settings, tuple(State() for _ in settings.guardrails))


def next_step(evidence: Evidence) -> Evidence:
    """At each weight change: what must be shown to go on differs from weight to weight, so the evidence for
    promotion starts anew. The evidence for an abort goes on: alpha is promised for the whole rollout."""
    return Evidence(evidence.settings, tuple(begin_step(state) for state in evidence.states))
