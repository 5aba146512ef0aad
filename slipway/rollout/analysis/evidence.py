"""The whole evidence of a rollout: settings and the state of every guardrail, as the journal holds it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter

from slipway.release.manifest.analysis import Analysis
from slipway.release.manifest.guardrails import Guardrail
from slipway.rollout.analysis.learn import begin_step
from slipway.rollout.analysis.past import Past
from slipway.rollout.analysis.rules import CompiledGuardrail, Known, compile_guardrails
from slipway.rollout.analysis.state import State, state_from_json, state_to_json

_GUARDRAILS: TypeAdapter[tuple[Guardrail, ...]] = TypeAdapter(tuple[Guardrail, ...])
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Settings:
    """What was declared and is known; fixed for the rollout."""

    guardrails: tuple[Guardrail, ...]
    analysis: Analysis
    known: Known
    rules: tuple[CompiledGuardrail, ...] = field(compare=False, repr=False)

    @property
    def dispersion(self) -> tuple[tuple[str, float], ...]:
        """phi of the guardrails whose bad events come in clusters."""
        return tuple(sorted(self.known.dispersion.items()))


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
            **known_to_json(settings.known),
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
            settings = make_settings(guardrails, analysis, known_from_json(data))
            states = tuple(state_from_json(data["states"][guardrail.name]) for guardrail in guardrails)
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"this is not the evidence of a rollout: {error!r}") from error
        return cls(settings, states)


def known_to_json(known: Known) -> dict[str, Any]:
    """Plain JSON values."""
    return {
        "firstRelease": known.first_release,
        "weights": list(known.weights),
        "dispersion": dict(known.dispersion),
        "past": {name: list(past) for name, past in known.past.items()},
        "spread": dict(known.spread),
    }


def known_from_json(data: Mapping[str, Any]) -> Known:
    """The inverse of `known_to_json`; raises KeyError, TypeError or AttributeError for anything else."""
    past = {name: Past(*numbers) for name, numbers in data["past"].items()}
    weights = tuple(float(weight) for weight in data["weights"])
    return Known(bool(data["firstRelease"]), weights, dict(data["dispersion"]), past, dict(data["spread"]))


def make_settings(guardrails: Sequence[Guardrail], analysis: Analysis, known: Known) -> Settings:
    """Raises ValueError for guardrails of one name, or a dispersion or spread that fits none."""
    return Settings(tuple(guardrails), analysis, known, compile_guardrails(guardrails, analysis, known))


def begin(
    guardrails: Sequence[Guardrail],
    analysis: Analysis,
    *,
    first_release: bool = False,
    dispersion: Mapping[str, float] | None = None,
    known: Known | None = None,
) -> Evidence:
    """No evidence yet. `first_release`: nothing serves that the candidate could be compared with. `dispersion`
    is phi of a guardrail's events from stable history (`slipway.rollout.analysis.dispersion.estimate`); 1 is assumed
    for guardrails that it does not name. `known` holds both and more. Raises ValueError for guardrails of one
    name."""
    known = known or Known(first_release, dispersion=dict(dispersion or {}))
    settings = make_settings(guardrails, analysis, known)
    return Evidence(settings, tuple(State() for _ in settings.guardrails))


def next_step(evidence: Evidence) -> Evidence:
    """At each weight change: what must be shown to go on differs from weight to weight, so the evidence for
    promotion starts anew. The evidence for an abort goes on: alpha is promised for the whole rollout."""
    rules = evidence.settings.rules
    states = [begin_step(rule, state) for rule, state in zip(rules, evidence.states, strict=True)]
    return Evidence(evidence.settings, tuple(states))
