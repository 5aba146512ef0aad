from __future__ import annotations

from typing import Any

import pytest

from slipway.release.errors import InputError
from slipway.release.manifest.load import parse
from tests.manifests import release, text

SMOKE = [{"path": "/health"}]
MIGRATION: dict[str, Any] = {"id": "0042", "up": "up.sql", "phase": "expand"}


def places(**changes: object) -> list[str]:
    with pytest.raises(InputError) as refused:
        parse(text(**changes), "test.yaml")
    return [problem.path for problem in refused.value.problems]


def test_a_migration_without_a_way_back_needs_a_compensation() -> None:
    assert places(migrations=[MIGRATION]) == ["migrations[0]"]


def test_a_compensation_must_be_one_of_those_of_the_rollback() -> None:
    named = {**MIGRATION, "compensation": "restore-snapshot"}
    assert places(migrations=[named]) == ["migrations[0].compensation"]
    assert release(migrations=[named], rollback__compensations=["restore-snapshot"]).migrations[0].down is None


def test_a_reversible_migration_needs_no_compensation() -> None:
    assert release(migrations=[{**MIGRATION, "down": "down.sql"}]).migrations


def test_a_change_that_is_a_migration_needs_its_migration() -> None:
    assert places(scope__changes=[{"id": "PAY-1", "kind": "migration"}]) == ["scope.changes[0]"]


def test_a_hotfix_without_its_record_is_refused() -> None:
    assert places(scope__changes=[{"id": "PAY-1", "kind": "hotfix"}]) == ["hotfix"]


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"scope__changes": [{"id": "A", "kind": "fix"}] * 2}, "scope.changes[1].id"),
        ({"migrations": [{**MIGRATION, "down": "d"}] * 2}, "migrations[1].id"),
        ({"guardrails": [{"name": "e", "kind": "error-ratio"}] * 2}, "guardrails[1].name"),
        ({"route__hostnames": ["a.example", "b.example", "a.example"]}, "route.hostnames[2]"),
        ({"route__matches": [{"path": "/a"}, {"path": "/a"}]}, "route.matches[1]"),
    ],
)
def test_what_must_be_unique_is_named_where_it_comes_again(changes: dict[str, object], place: str) -> None:
    assert places(**changes) == [place]


CLIENTS: dict[str, Any] = {"name": "clients", "kind": "client-failures"}
BY_LOG = {**CLIENTS, "source": "access-log", "key": {"field": "client"}}
BY_BITMAP = {**CLIENTS, "source": "bitmap", "seen": 's{r="{revision}"}', "failed": 'f{s="{service}"}'}


@pytest.mark.parametrize("guardrail", [BY_LOG, BY_BITMAP])
def test_counting_clients_needs_affinity(guardrail: dict[str, Any]) -> None:
    assert places(guardrails=[guardrail]) == ["guardrails[0].kind"]
    assert release(guardrails=[guardrail], route__affinity={"cookie": "session"}).guardrails


@pytest.mark.parametrize(
    ("guardrail", "place"),
    [
        (CLIENTS, "source"),
        ({**CLIENTS, "source": "access-log"}, "key"),
        ({**CLIENTS, "source": "bitmap", "seen": BY_BITMAP["seen"]}, "failed"),
        ({**BY_LOG, "seen": "s"}, "seen"),
        ({**BY_BITMAP, "key": {"field": "client"}}, "key"),
        ({**CLIENTS, "source": "somewhere"}, "source"),
    ],
)
def test_counting_clients_needs_to_say_where_their_outcomes_are(guardrail: dict[str, Any], place: str) -> None:
    assert places(guardrails=[guardrail], route__affinity={"cookie": "session"}) == [f"guardrails[0].{place}"]


CUSTOM = {"name": "orders", "kind": "custom", "good": 'g{r="{revision}"}', "total": 't{s="{service}"}'}


@pytest.mark.parametrize(
    ("guardrail", "field"),
    [(CUSTOM, "good"), (CUSTOM, "total"), (BY_BITMAP, "seen"), (BY_BITMAP, "failed")],
)
def test_a_query_that_reads_the_same_for_both_sides_is_refused(guardrail: dict[str, Any], field: str) -> None:
    """Candidate and baseline would always look alike, and the guardrail never fail."""
    more: dict[str, Any] = {"route__affinity": {"cookie": "session"}}
    assert release(guardrails=[guardrail], **more).guardrails
    for query in ("orders_total", ""):
        assert places(guardrails=[{**guardrail, field: query}], **more) == [f"guardrails[0].{field}"]


@pytest.mark.parametrize(
    ("guardrail", "field"),
    [
        ({"name": "a", "kind": "alert", "alert": ""}, "alert"),
        ({"name": "a", "kind": "slo", "objective": "100%"}, "objective"),
        ({"name": "a", "kind": "error-ratio", "objective": "100%"}, "objective"),
        ({"name": "a", "kind": "error-ratio", "negligible": "100%"}, "negligible"),
    ],
)
def test_a_guardrail_that_could_never_fail_is_refused(guardrail: dict[str, Any], field: str) -> None:
    assert places(guardrails=[guardrail]) == [f"guardrails[0].{field}"]


def test_more_than_all_pods_cannot_be_unavailable() -> None:
    assert places(workload__maxUnavailable="101%") == ["workload.maxUnavailable"]
    assert release(workload__maxUnavailable="100%").workload.max_unavailable == "100%"


def test_a_missing_source_is_told_with_both_ways_to_write_it() -> None:
    with pytest.raises(InputError) as refused:
        parse(text(guardrails=[CLIENTS], route__affinity={"cookie": "session"}), "test.yaml")
    (problem,) = refused.value.problems
    assert "source: access-log, key: {field: client}" in problem.remedy
    assert "source: bitmap" in problem.remedy


@pytest.mark.parametrize("affinity", [{}, {"cookie": "a", "header": "b"}])
def test_affinity_names_exactly_one_key(affinity: dict[str, str]) -> None:
    assert places(route__affinity=affinity) == ["route.affinity"]


@pytest.mark.parametrize(
    "guardrail",
    [
        {"name": "slow", "kind": "latency", "threshold": "5s"},
        {"name": "slow", "kind": "slo", "of": "latency", "threshold": "6s", "objective": "1%"},
    ],
)
def test_a_response_cannot_be_slower_than_the_timeout(guardrail: dict[str, str]) -> None:
    assert places(guardrails=[guardrail], route__timeout="5s") == ["guardrails[0].threshold"]


def test_a_stopping_pod_must_live_as_long_as_a_request_may_take() -> None:
    assert places(route__timeout="30s", workload__drain={"beforeStop": "5s", "grace": "30s"}) == ["workload.drain"]
    assert release(route__timeout="25s", workload__drain={"beforeStop": "5s", "grace": "30s"})


def test_no_timeout_is_not_written_as_zero() -> None:
    assert places(route__timeout=0) == ["route.timeout"]


def test_a_name_is_either_plain_or_secret() -> None:
    assert places(workload__secretEnv={"LOG": {"secret": "s", "key": "k"}}) == ["workload.secretEnv.LOG"]


def test_smoke_checks_need_a_preview() -> None:
    assert places(strategy={"kind": "blue-green", "smoke": SMOKE}) == ["strategy.smoke"]


@pytest.mark.parametrize("preview", [{}, {"header": {"name": "a", "value": "b"}, "host": "preview.example"}])
def test_a_preview_is_reached_in_exactly_one_way(preview: dict[str, object]) -> None:
    assert places(strategy={"kind": "blue-green", "preview": preview, "smoke": SMOKE}) == ["strategy.preview"]


def test_the_preview_is_not_where_the_users_are() -> None:
    strategy = {"kind": "blue-green", "preview": {"host": "checkout.example"}, "smoke": SMOKE}
    assert places(strategy=strategy) == ["strategy.preview.host"]


@pytest.mark.parametrize(("batch", "replicas"), [("25%", 1), ("100%", 4), ("51%", 2)])
def test_a_batch_that_replaces_everything_at_once_is_refused(batch: str, replicas: int) -> None:
    strategy = {"kind": "rolling", "batch": batch}
    assert places(strategy=strategy, workload__replicas=replicas) == ["strategy.batch"]


def test_every_time_of_a_step_fits_into_the_horizon() -> None:
    steps = [{"weight": 5, "bake": "2h"}, {"weight": 100, "bake": "10m"}]
    assert places(strategy={"kind": "canary", "steps": steps}) == ["strategy.steps[0].bake"]
    assert places(strategy={"kind": "rolling", "bake": "2h", "finalBake": "2h"}) == [
        "strategy.bake",
        "strategy.finalBake",
    ]
    assert places(analysis={"horizon": "10m", "dwell": "11m"}) == ["analysis.dwell"]


def test_a_rule_waits_for_the_sections_that_it_reads() -> None:
    found = places(migrations=[MIGRATION], rollback__maxMinutes="soon")
    assert found == ["rollback.maxMinutes"]
