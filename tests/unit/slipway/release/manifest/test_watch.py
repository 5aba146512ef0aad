"""The section `watch`: what it means, and what is wrong with it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.release.errors import InputError, Problem
from slipway.release.manifest.load import parse
from slipway.release.manifest.watch import Watch, alphas
from slipway.release.rollout_inputs import MetricsSource, RolloutInputs, altered
from slipway.release.target import KubernetesTarget
from slipway.release.watch_inputs import WatchInputs
from tests.manifests import release, text

ERRORS: dict[str, Any] = {"name": "errors", "kind": "error-ratio"}
SLO: dict[str, Any] = {"name": "slo", "kind": "slo", "objective": "0.5%"}
LOGS: dict[str, Any] = {"name": "logs", "kind": "logs", "requests": "r:={revision}", "errors": "level:=error"}
CONTRACT = {"id": "0042", "up": "up.sql", "down": "down.sql", "phase": "contract"}
ONE_WAY = {"id": "0043", "up": "up.sql", "phase": "expand", "compensation": "restore"}


def problems(watch: dict[str, Any], **changes: object) -> dict[str, Problem]:
    with pytest.raises(InputError) as refused:
        parse(text(watch=watch, **changes), "test.yaml")
    return {problem.path.removeprefix("watch."): problem for problem in refused.value.problems}


def watched(watch: dict[str, Any], **changes: object) -> WatchInputs:
    found = WatchInputs.of(release(watch={"for": "1h", **watch}, **changes))
    assert found is not None
    return found


def names(watch: dict[str, Any], **changes: object) -> list[str]:
    return [guardrail.name for guardrail in watched(watch, **changes).guardrails]


def test_without_the_section_a_release_is_not_watched() -> None:
    assert release().watch is None
    assert WatchInputs.of(release()) is None


def test_left_out_guardrails_are_those_of_the_release_that_can_be_judged() -> None:
    guardrails = [ERRORS, SLO, {**ERRORS, "name": "bounded", "objective": "1%"}, LOGS]
    assert names({}, guardrails=guardrails) == ["slo", "bounded"]
    assert names({"holdback": "2%"}, guardrails=guardrails) == ["errors", "slo", "bounded", "logs"]


def test_a_guardrail_is_named_or_written_in_full() -> None:
    assert names({"holdback": "2%", "guardrails": ["errors", SLO]}, guardrails=[LOGS, ERRORS]) == ["errors", "slo"]


def test_every_problem_of_the_section_is_listed_at_once_with_its_line() -> None:
    found = problems(
        {"for": "10s", "holdback": "30%", "falseAbort": 2, "noDataGrace": "x", "onBreach": {"act": 1}, "a": 1}
    )
    assert found.keys() == {"for", "holdback", "falseAbort", "noDataGrace", "onBreach.act", "a"}
    assert all(problem.line for problem in found.values())
    assert "such as for: 1h" in found["for"].remedy


def test_a_guardrail_that_only_compares_needs_a_hold_back() -> None:
    found = problems({"for": "1h", "guardrails": ["errors", {**LOGS, "name": "own"}, SLO]}, guardrails=[ERRORS])
    assert found.keys() == {"guardrails[0]", "guardrails[1]"}
    assert "holdback: 2%" in found["guardrails[0]"].remedy
    assert "or give it an objective" in found["guardrails[0]"].remedy
    assert "objective" not in found["guardrails[1]"].remedy, "logs have none"


def test_a_watch_that_could_judge_nothing_is_refused() -> None:
    (found,) = problems({"for": "1h"}, guardrails=[ERRORS]).values()
    assert "no guardrail" in found.message


@pytest.mark.parametrize(
    ("guardrails", "place"),
    [
        (["nope"], "guardrails[0]"),
        (["errors", "errors"], "guardrails[1].name"),
        ([SLO, SLO], "guardrails[1].name"),
        ([{**ERRORS, "tolerate": 2}], "guardrails[0].name"),
        ([{"name": "kpi", "kind": "custom", "good": "g", "total": "t{revision}"}], "guardrails[0].good"),
        (
            [{"name": "c", "kind": "client-failures", "source": "access-log", "key": {"field": "k"}}],
            "guardrails[0].kind",
        ),
        ([{"name": "slo", "kind": "slow"}], "guardrails[0].kind"),
    ],
)
def test_what_is_wrong_with_a_guardrail_is_said_at_its_place(guardrails: list[Any], place: str) -> None:
    assert list(problems({"for": "1h", "holdback": "2%", "guardrails": guardrails}, guardrails=[ERRORS])) == [place]


def test_without_a_hold_back_a_bound_may_be_about_the_whole_service() -> None:
    kpi = {"name": "kpi", "kind": "custom", "good": "g", "total": "t", "objective": "20%"}
    assert names({"guardrails": [kpi]}) == ["kpi"]


def test_the_watch_leaves_alpha_to_the_rollout() -> None:
    found = problems({"for": "1h", "holdback": "2%", "falseAbort": "1%"}, analysis={"falseAbort": "1%"})
    assert "for both together" in found["falseAbort"].message


@given(st.floats(1e-6, 0.49), st.floats(0.01, 0.99) | st.none())
def test_rollout_and_watch_together_spend_what_is_declared(declared: float, part: float | None) -> None:
    watch = Watch(lasts=3600.0, false_abort=None if part is None else part * declared)
    rollout, own = alphas(declared, watch)
    assert rollout > 0.0 < own
    assert rollout + own == pytest.approx(declared, abs=1e-11)
    assert alphas(declared, None) == (declared, 0.0)


def test_the_rollout_resource_has_its_part_of_alpha_and_the_watch_the_rest() -> None:
    inputs = of_stack(
        release(watch={"for": "1h", "holdback": "2%", "falseAbort": "0.2%"}, analysis={"falseAbort": "1%"})
    )
    assert inputs.analysis.false_abort == 0.008
    assert inputs.watch is not None
    assert inputs.watch.false_abort == 0.002
    assert inputs.watch.weight == 98.0


def of_stack(declared: Any) -> RolloutInputs:
    metrics = MetricsSource(kind="prometheus", url="http://metrics.test")
    return RolloutInputs.of(declared, target=KubernetesTarget(namespace="shop"), metrics=metrics, manifest="m.yaml")


def test_a_watch_that_the_manifest_does_not_have_is_refused() -> None:
    declared = release(watch={"for": "1h", "holdback": "2%"})
    props = of_stack(declared).to_wire()
    assert altered(props, declared) == []
    assert RolloutInputs.model_validate(props).watch == of_stack(declared).watch
    props["watch"]["holdback"] = 0.01
    assert [one[0] for one in altered(props, declared)] == ["watch.holdback"]
    del props["watch"]
    assert altered(props, declared)


def test_a_breach_moves_traffic_only_where_that_undoes_the_release() -> None:
    plain = watched({"holdback": "2%"})
    assert plain.why_it_only_escalates(standby=True) == ""
    assert "standby" in plain.why_it_only_escalates(standby=False)
    told = watched({"holdback": "2%", "onBreach": {"action": "escalate"}})
    assert "escalate" in told.why_it_only_escalates(standby=True)


def test_a_migration_that_stays_applied_stands_in_the_way_of_a_rollback() -> None:
    stays = watched({"holdback": "2%"}, migrations=[CONTRACT, ONE_WAY], rollback__compensations=["restore"])
    why = stays.why_it_only_escalates(standby=True)
    assert "0042" in why
    assert "0043 stays applied (compensation: restore)" in why
    undone = watched({"holdback": "2%"}, migrations=[{**CONTRACT, "phase": "expand"}])
    assert undone.why_it_only_escalates(standby=True) == ""
