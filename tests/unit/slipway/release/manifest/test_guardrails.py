"""What the kinds of guardrails are to those who measure, judge and plan."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from pydantic import TypeAdapter

from slipway.release.manifest.guardrails import Guardrail, Limits

KINDS = get_args(get_args(Guardrail)[0])
ADAPTER: TypeAdapter[Guardrail] = TypeAdapter(Guardrail)
COMMON = {"tolerate": 1.2, "negligible": "0.2%"}


def guardrail(kind: str, **fields: Any) -> Guardrail:
    return ADAPTER.validate_python({"name": "g", "kind": kind, **fields})


def test_every_kind_says_what_it_counts_and_only_what_is_counted_may_be_foreseen_or_clustered() -> None:
    assert {kind.model_fields["kind"].annotation.__args__[0]: kind.nature.counts for kind in KINDS} == {
        "error-ratio": "requests",
        "latency": "requests",
        "custom": "events",
        "slo": "requests",
        "alert": "nothing",
        "client-failures": "clients",
        "logs": "requests",
        "traces": "requests",
    }
    assert [
        kind for kind in KINDS if kind.nature.counts == "nothing" and (kind.nature.expected or kind.nature.gross)
    ] == []
    assert [kind.nature.counts for kind in KINDS if not kind.nature.may_cluster] == ["nothing", "clients"]


@pytest.mark.parametrize(
    ("declared", "limits"),
    [
        (guardrail("error-ratio", objective="1%", **COMMON), Limits(1.2, 0.002, 0.01)),
        (guardrail("latency", threshold="500ms", **COMMON), Limits(1.2, 0.002, None, 0.5)),
        (guardrail("custom", good="g", total="t", **COMMON), Limits(1.2, 0.002)),
        (guardrail("slo", objective="1%"), Limits(objective=0.01)),
        (guardrail("slo", of="latency", threshold="1s", objective="1%"), Limits(objective=0.01, threshold=1.0)),
        (guardrail("alert", alert="Burn"), Limits()),
        (guardrail("client-failures", **COMMON), Limits(1.2, 0.002)),
        (guardrail("traces", requests="kind=server", **COMMON), Limits(1.2, 0.002)),
    ],
)
def test_limits_are_those_that_are_declared_and_neutral_where_a_kind_has_none(
    declared: Guardrail, limits: Limits
) -> None:
    assert declared.limits == limits


def test_queries_and_the_access_log_are_those_of_the_source_that_is_read() -> None:
    bitmap = guardrail("client-failures", source="bitmap", seen="s", failed="f")
    log = guardrail("client-failures", source="access-log", key={"field": "client"}, seen="s")
    assert (dict(bitmap.queries), bitmap.reads_access_log) == ({"seen": "s", "failed": "f"}, False)
    assert (dict(log.queries), log.reads_access_log) == ({}, True)
    assert dict(guardrail("custom", good="g", total="t").queries) == {"good": "g", "total": "t"}
    assert dict(guardrail("error-ratio").queries) == {}
