from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.release.manifest.checks import contradictions
from slipway.release.manifest.release import Release
from slipway.release.manifest.strategy import BlueGreen, Canary, Rolling
from slipway.release.risk import History, recommend, riskier_than_recommended, warnings
from slipway.release.strategy import resolve
from tests.manifests import release

LEVELS = ["low", "medium", "high"]
FIX = {"id": "A", "kind": "fix", "risk": "low"}
MIGRATION = {"id": "1", "up": "up.sql", "down": "down.sql", "phase": "expand"}


def _release(**changes: object) -> Release:
    small: dict[str, object] = {
        "scope__changes": [FIX],
        "scope__size": {"commits": 1, "lines": 20},
        "strategy": {"kind": "auto"},
    }
    return release(**(small | changes))


def _changes(*kinds: str, **more: Any) -> list[dict[str, Any]]:
    return [{"id": f"A{n}", "kind": kind, "risk": "medium", **more} for n, kind in enumerate(kinds)]


def test_a_small_fix_is_low_risk_and_rolls() -> None:
    it = recommend(_release())
    assert (it.level, it.kind) == ("low", "rolling")
    assert isinstance(it.strategy, Rolling)
    assert it.strategy.batch == pytest.approx(1 / 3)


def test_a_service_with_few_replicas_gets_a_canary_instead() -> None:
    assert recommend(_release(workload__replicas=1)).kind == "canary"


def test_a_larger_release_gets_a_canary_that_begins_smaller() -> None:
    medium = recommend(_release(scope__size={"commits": 9, "lines": 400}))
    high = recommend(
        _release(
            scope__size={"commits": 40, "lines": 4000},
            scope__changes=_changes("feature", "dependency", "infrastructure", "refactor"),
        )
    )
    assert isinstance(medium.strategy, Canary)
    assert isinstance(high.strategy, Canary)
    assert (medium.level, high.level) == ("medium", "high")
    assert high.strategy.steps[0].weight < medium.strategy.steps[0].weight
    assert sum(step.bake for step in high.strategy.steps) > sum(step.bake for step in medium.strategy.steps)


def test_a_contract_migration_is_one_switch_with_smoke_checks() -> None:
    it = recommend(_release(migrations=[MIGRATION | {"phase": "contract"}]))
    assert isinstance(it.strategy, BlueGreen)
    assert it.strategy.smoke[0].path == "/ready"
    assert "contract" in it.reasons[0]


@pytest.mark.parametrize(
    "riskier",
    [
        {"scope__size": {"commits": 1, "lines": 300}},
        {"scope__size": {"commits": 1, "lines": 20}, "scope__changes": _changes("fix", "fix")},
        {"scope__changes": [FIX | {"risk": "high"}]},
        {"scope__changes": [FIX | {"kind": "infrastructure"}]},
        {"migrations": [MIGRATION]},
        {"environment": {"dependencies": [], "dependents": ["basket"]}},
        {"environment": {"dependencies": [{"name": "ledger", "ready": True}]}},
        {"rollback__constraints": ["the cache stays warm"]},
        {"rollback__maxMinutes": 60},
    ],
    ids=str,
)
def test_whatever_makes_a_release_riskier_raises_the_score_and_is_named(riskier: dict[str, Any]) -> None:
    before, after = recommend(_release()), recommend(_release(**riskier))
    assert after.score > before.score
    assert {factor.name for factor in after.factors} - {"size", "change"} >= {
        factor.name for factor in before.factors
    } - {
        "size",
        "change",
    }
    assert after.score == pytest.approx(sum(factor.points for factor in after.factors))


@pytest.mark.parametrize(
    "safer",
    [
        {"scope__reach": "internal"},
        {"scope__reach": "some-users"},
        {"scope__changes": [FIX | {"flag": "switch"}]},
    ],
    ids=str,
)
def test_a_smaller_blast_radius_and_a_flag_lower_the_score(safer: dict[str, Any]) -> None:
    assert recommend(_release(**safer)).score < recommend(_release()).score


def test_a_size_that_nobody_stated_counts_as_a_middling_one() -> None:
    it = _release()
    unknown = recommend(it.model_copy(update={"scope": it.scope.model_copy(update={"size": None})}))
    assert recommend(it).score < unknown.score < recommend(_release(scope__size={"commits": 1, "lines": 900})).score


@given(lines=st.integers(0, 10**6), more=st.integers(0, 10**6), replicas=st.integers(1, 1000))
def test_more_lines_never_lower_the_score_or_the_level(lines: int, more: int, replicas: int) -> None:
    small, large = (
        recommend(_release(scope__size={"commits": 1, "lines": n}, workload__replicas=replicas))
        for n in (lines, lines + more)
    )
    assert small.score <= large.score
    assert LEVELS.index(small.level) <= LEVELS.index(large.level)


@given(replicas=st.integers(1, 1000))
def test_what_is_recommended_is_never_riskier_than_recommended(replicas: int) -> None:
    for changes in ([FIX], _changes("feature", "feature", "infrastructure"), _changes("feature")):
        it = _release(scope__changes=changes, workload__replicas=replicas)
        chosen = it.model_copy(update={"strategy": recommend(it).strategy})
        assert riskier_than_recommended(chosen) == ""


@pytest.mark.parametrize(
    ("strategy", "riskier"),
    [
        ({"kind": "canary", "steps": [{"weight": 1, "bake": "1h"}, {"weight": 100, "bake": "1m"}]}, False),
        ({"kind": "canary", "steps": [{"weight": 10, "bake": "6m"}, {"weight": 100, "bake": "1m"}]}, False),
        ({"kind": "canary", "steps": [{"weight": 11, "bake": "1h"}, {"weight": 100, "bake": "1m"}]}, True),
        ({"kind": "canary", "steps": [{"weight": 5, "bake": "1m"}, {"weight": 100, "bake": "1h"}]}, True),
        ({"kind": "canary", "steps": [{"weight": 100, "bake": "1h"}]}, True),
        ({"kind": "rolling", "batch": "34%"}, True),
        ({"kind": "blue-green"}, True),
        ({"kind": "auto"}, False),
    ],
    ids=str,
)
def test_what_is_riskier_than_a_recommended_canary_from_5_percent(strategy: dict[str, Any], riskier: bool) -> None:
    it = _release(strategy=strategy, scope__size={"commits": 9, "lines": 400})
    why = riskier_than_recommended(it)
    assert bool(why) is riskier, why
    if riskier:
        assert "recommended at medium risk" in why


@pytest.mark.parametrize("horizon", ["10s", "2m", "1h"])
@pytest.mark.parametrize("phase", ["expand", "contract"])
def test_no_step_is_recommended_to_bake_beyond_the_horizon(horizon: str, phase: str) -> None:
    analysis = {"horizon": horizon, "dwell": "5s"}
    for migrations in ([], [MIGRATION | {"phase": phase}]):
        resolved = resolve(_release(analysis=analysis, migrations=migrations))
        assert contradictions({name: getattr(resolved, name) for name in type(resolved).model_fields}) == []


def test_two_versions_side_by_side_are_riskier_than_one_switch() -> None:
    steps = [{"weight": 1, "bake": "1h"}, {"weight": 100, "bake": "1h"}]
    it = _release(strategy={"kind": "canary", "steps": steps}, migrations=[MIGRATION | {"phase": "contract"}])
    assert "blue-green" in riskier_than_recommended(it)


def test_a_calm_past_and_an_unknown_one_change_nothing() -> None:
    it = _release()
    for past in (
        None,
        History(),
        History(releases=20, aborted=1, budget_remaining=0.9),
        History(releases=4, aborted=4),
    ):
        assert recommend(it, past) == recommend(it)


@given(st.integers(5, 50), st.integers(0, 50), st.floats(0, 1))
def test_a_worse_past_never_lowers_the_score(releases: int, aborted: int, left: float) -> None:
    it, aborted = _release(), min(aborted, releases)
    better = recommend(it, History(releases=releases, aborted=aborted // 2, budget_remaining=(1 + left) / 2))
    worse = recommend(it, History(releases=releases, aborted=aborted, budget_remaining=left))
    assert worse.score >= better.score >= recommend(it).score


def test_aborted_releases_and_a_small_error_budget_raise_the_score_and_are_told() -> None:
    it, past = _release(), History(releases=20, aborted=8, budget_remaining=0.1)
    assert recommend(it, past).score == recommend(it).score + 5.0
    assert {factor.name for factor in recommend(it, past).factors} >= {"aborted releases", "error budget"}
    told = "; ".join(warnings(past))
    assert "8 of the last 20 releases were aborted (40%)" in told
    assert "10% of it is left (error budget)" in told


def test_where_the_past_asks_for_more_care_auto_does_not_do_by_itself() -> None:
    it = _release(strategy={"kind": "auto"})
    assert riskier_than_recommended(it) == ""
    assert "recommended at medium risk" in riskier_than_recommended(it, History(budget_remaining=0.1))


def test_a_recommendation_explains_itself_in_one_line() -> None:
    line = recommend(_release()).describe()
    assert line.startswith("risk low (")
    assert "rolling, because" in line
