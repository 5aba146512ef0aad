"""Guardrails of a flag that could not tell its variants apart: they would never fail."""

from __future__ import annotations

from collections.abc import Mapping

from slipway.release.flags.model import FeatureFlag
from slipway.release.manifest.checks import Contradiction, Found
from slipway.release.manifest.document import Location
from slipway.release.manifest.guardrails import Guardrail

FLAG, VARIANT = "{flag}", "{variant}"
"""What is filled into the queries of a flag."""
COUNTABLE = ("custom", "client-failures", "alert")
"""The kinds of guardrails that can tell the variants of a flag apart; the others are counted at the gateway."""
SET_THIS = (
    "let the application put the variant on what it counts (OpenTelemetry's attributes feature_flag.key and "
    "feature_flag.result.variant; Prometheus writes feature_flag_key and feature_flag_result_variant), and select by it"
)
"""What makes an application tell the variants apart."""


def guardrails_tell_the_variants_apart(flag: FeatureFlag) -> Found:
    """Each guardrail counts either variant by itself, and something counts who gets which."""
    for index, guardrail in enumerate(flag.guardrails):
        yield from _of_guardrail(guardrail, ("guardrails", index))
    exposure = flag.exposure
    if exposure is None or not flag.guardrails:
        return
    if exposure.evaluations is not None:
        yield from _of_queries("flag", {"evaluations": exposure.evaluations}, ("exposure",))
    elif not any(guardrail.kind == "custom" for guardrail in flag.guardrails):
        yield Contradiction(
            ("exposure", "evaluations"),
            "is missing: without it, or a custom guardrail, nothing shows how many users get the variant",
            f"Write a counter such as evaluations: '{_example('flag', 'evaluations')}'",
        )


def _of_guardrail(guardrail: Guardrail, at: Location) -> Found:
    if guardrail.kind not in COUNTABLE:
        yield Contradiction(
            (*at, "kind"),
            f"{guardrail.kind} is counted at the gateway, which does not know the variants of a flag",
            f"Choose custom or client-failures, and {SET_THIS}",
        )
    elif guardrail.kind == "client-failures" and guardrail.source != "bitmap":
        yield Contradiction(
            (*at, "source"),
            f"{guardrail.source or 'no source'} cannot tell the variants of a flag apart",
            f"Write source: bitmap, with queries seen and failed that select by {VARIANT}",
        )
    else:
        yield from _of_queries(guardrail.name, guardrail.queries, at)


def _of_queries(name: str, queries: Mapping[str, str], at: Location) -> Found:
    for field, query in queries.items():
        if VARIANT not in query:
            yield Contradiction(
                (*at, field),
                f"has no {VARIANT}, so that all variants would read the same (found {query!r})",
                f"Select one variant, such as {field}: '{_example(name, field)}'; {SET_THIS}",
            )


def _example(name: str, field: str) -> str:
    return f'{name}_{field}{{feature_flag_key="{FLAG}", feature_flag_result_variant="{VARIANT}"}}'
