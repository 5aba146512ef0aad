"""Queries of a guardrail that could not tell the candidate from the baseline."""

from __future__ import annotations

from collections.abc import Iterator

from slipway.release.manifest.guardrails import Guardrail

PLACES = ("{revision}", "{service}")
"""What is filled in for either side (`{service}` is the Service of that revision)."""


def problems_of_queries(guardrail: Guardrail) -> Iterator[tuple[str, str, str]]:
    """Field, message and remedy of each query that would read the same for both sides: it would never fail."""
    for field, query in guardrail.queries.items():
        if not any(place in query for place in PLACES):
            yield (
                field,
                f"has neither {' nor '.join(PLACES)}, so that both sides would read the same (found {query!r})",
                f"Select one side, such as {field}: '{guardrail.name}_{field}{{revision=\"{{revision}}\"}}'",
            )
