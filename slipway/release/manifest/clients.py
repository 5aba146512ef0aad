"""Where a client-failures guardrail gets the outcomes of single clients from, and what is wrong with what it says."""

from __future__ import annotations

from collections.abc import Iterator

from slipway.release.manifest.guardrails import ClientFailures

BY_ACCESS_LOG = "source: access-log, key: {field: client}"
BY_BITMAP = (
    "source: bitmap, seen: 'slipway_clients_seen{revision=\"{revision}\"}', "
    "failed: 'slipway_clients_failed{revision=\"{revision}\"}'"
)
FIELDS = {"access-log": ("key",), "bitmap": ("seen", "failed")}


def problems_of_source(guardrail: ClientFailures) -> Iterator[tuple[str, str, str]]:
    """Field, message and remedy of each problem."""
    source = guardrail.source
    if source is None:
        yield (
            "source",
            "is missing: where the outcomes of single clients are read is not said",
            f"Write {BY_ACCESS_LOG} for the gateway's access log, or {BY_BITMAP} for what the service exports",
        )
        return
    remedy = BY_ACCESS_LOG if source == "access-log" else BY_BITMAP
    for owner, fields in FIELDS.items():
        for field in fields:
            given = getattr(guardrail, field) is not None
            if owner == source and not given:
                yield field, f"is missing, but source: {source} needs it", f"Write {remedy}"
            elif owner != source and given:
                yield field, f"does not belong to source: {source}", f"Leave {field} out"
