"""Small valid values that the tests of the analysis vary."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from slipway.release.manifest.analysis import Analysis
from slipway.release.manifest.guardrails import ClientFailures, ErrorRatio, Guardrail, Latency, Slo
from slipway.rollout.analysis import Counts, Decision, Evidence, GuardrailCounts, Tick, Verdict, begin, observe

ANY: TypeAdapter[Any] = TypeAdapter(Guardrail)


def guardrail(**fields: Any) -> Any:
    return ANY.validate_python({"name": "errors", "kind": "error-ratio", **fields})


def errors(**fields: Any) -> ErrorRatio:
    return ErrorRatio.model_validate({"name": "errors", "kind": "error-ratio", "negligible": "1%", **fields})


def latency(**fields: Any) -> Latency:
    return Latency.model_validate({"name": "latency", "kind": "latency", "threshold": "300ms", **fields})


def slo(**fields: Any) -> Slo:
    return Slo.model_validate({"name": "slo", "kind": "slo", "objective": "1%", **fields})


def clients(**fields: Any) -> ClientFailures:
    return ClientFailures.model_validate({"name": "clients", "kind": "client-failures", "negligible": "1%", **fields})


def analysis(**fields: Any) -> Analysis:
    return Analysis.model_validate(fields)


def counts(candidate: tuple[int, int], baseline: tuple[int, int] = (0, 0), **fields: Any) -> GuardrailCounts:
    return GuardrailCounts(Counts(*candidate), Counts(*baseline), **fields)


def tick(at: float, weight: float = 5.0, *, length: float = 2.0, in_step: float | None = None, **seen: Any) -> Tick:
    """`seen`: guardrail -> GuardrailCounts, or a text for a source that failed."""
    good = {name: value for name, value in seen.items() if isinstance(value, GuardrailCounts)}
    bad = {name: value for name, value in seen.items() if isinstance(value, str)}
    return Tick(at, at if in_step is None else in_step, length, weight, good, bad)


def watch(evidence: Evidence, ticks: Iterable[Tick]) -> tuple[Evidence, list[Decision]]:
    decisions = []
    for one in ticks:
        evidence, decision = observe(evidence, one)
        decisions.append(decision)
    return evidence, decisions


def traffic(
    seed: int,
    *,
    candidate: float,
    baseline: float,
    rate: float = 100.0,
    weight: float = 5.0,
    ticks: int = 300,
    length: float = 2.0,
    start: float = 0.0,
) -> list[Tick]:
    """Random ticks of the guardrail `errors` with these bad shares."""
    rng = np.random.default_rng(seed)
    n_c = rng.poisson(rate * length * weight / 100.0, ticks)
    n_b = rng.poisson(rate * length * (1.0 - weight / 100.0), ticks)
    x_c, x_b = rng.binomial(n_c, candidate), rng.binomial(n_b, baseline)
    rows = zip(n_c.tolist(), x_c.tolist(), n_b.tolist(), x_b.tolist(), strict=True)
    return [
        tick(start + (i + 1) * length, weight, length=length, in_step=(i + 1) * length, errors=counts((a, b), (c, d)))
        for i, (a, b, c, d) in enumerate(rows)
    ]


def first(decisions: Sequence[Decision], verdict: Verdict) -> int | None:
    """Index of the first decision with this verdict."""
    return next((index for index, decision in enumerate(decisions) if decision.verdict is verdict), None)


def fresh(*guardrails: Any, first_release: bool = False, phi: float | None = None, **settings: Any) -> Evidence:
    chosen = guardrails or (errors(),)
    dispersion = None if phi is None else {chosen[0].name: phi}
    return begin(chosen, analysis(**settings), first_release=first_release, dispersion=dispersion)
