"""The controller: what it does for every combination of state and look, without any world."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.release.manifest.plan import PlannedStep
from slipway.rollout.analysis.types import Verdict
from slipway.rollout.controller import (
    Abort,
    Cause,
    Commit,
    ControllerSettings,
    ControllerState,
    Observation,
    Phase,
    Prepare,
    Reach,
    Shift,
    Smoke,
    Wait,
    next_action,
    resumed,
)
from tests.unit.slipway.rollout.examples import decision

RULES = ControllerSettings(
    steps=(PlannedStep(25.0, 10.0), PlannedStep(100.0, 10.0)),
    replicas=3,
    ready_within=60.0,
    dwell=5.0,
    horizon=100.0,
    error_grace=5.0,
    smoke=False,
)
BAKING = ControllerState(phase=Phase.BAKE, began=0.0)
PASS, FAIL, OPEN = decision(Verdict.PASS), decision(Verdict.FAIL, "too many errors"), decision(Verdict.INCONCLUSIVE)


def look(now: float = 20.0, **changes: object) -> Observation:
    return replace(Observation(now=now, ready=3, accepted=True), **changes)  # type: ignore[arg-type]


def test_requests_without_an_answer_are_held_against_the_candidate_whatever_its_own_counts_say() -> None:
    _, action = next_action(RULES, BAKING, look(decision=PASS, unanswered="it leaves requests without an answer"))
    assert action == Abort(Cause.CANDIDATE, "it leaves requests without an answer")


def test_no_weight_is_written_before_every_wanted_replica_is_ready() -> None:
    _, action = next_action(RULES, ControllerState(), look(ready=2, hint="pod x is starting"))
    assert action == Wait("2 of 3 replicas ready: pod x is starting", left=40.0)


def test_the_first_weight_is_written_when_the_candidate_is_ready() -> None:
    state, action = next_action(RULES, ControllerState(), look())
    assert action == Shift(RULES.steps[0])
    assert state.phase is Phase.SHIFT


def test_a_candidate_that_is_not_ready_in_time_is_aborted_with_the_reason() -> None:
    _, action = next_action(RULES, ControllerState(), look(now=61.0, ready=1, hint="pod x: ImagePullBackOff"))
    assert isinstance(action, Abort)
    assert action.cause is Cause.CANDIDATE
    assert "within 1m" in action.reason
    assert "1 of 3 replicas ready: pod x: ImagePullBackOff" in action.reason


def test_a_crash_loop_is_aborted_without_waiting_for_the_deadline() -> None:
    _, action = next_action(RULES, ControllerState(), look(now=1.0, ready=0, fatal="pod x: CrashLoopBackOff"))
    assert action == Abort(Cause.CANDIDATE, "the candidate does not run: pod x: CrashLoopBackOff")


def test_smoke_checks_run_before_any_weight() -> None:
    rules = replace(RULES, smoke=True)
    state, action = next_action(rules, ControllerState(), look())
    assert action == Smoke()
    state, action = next_action(rules, state, look(smoke=""))
    assert action == Shift(RULES.steps[0])


def test_a_failed_smoke_check_aborts_at_zero_percent() -> None:
    state = ControllerState(phase=Phase.SMOKE)
    _, action = next_action(replace(RULES, smoke=True), state, look(smoke="GET / answered 500"))
    assert action == Abort(Cause.CANDIDATE, "smoke check failed at 0%: GET / answered 500")


def test_a_step_does_not_count_before_the_gateway_has_accepted_it() -> None:
    _, action = next_action(RULES, ControllerState(phase=Phase.SHIFT, began=19.0), look(accepted=False, decision=PASS))
    assert isinstance(action, Wait)


def test_a_route_that_is_never_accepted_is_no_verdict_on_the_candidate() -> None:
    state = ControllerState(phase=Phase.SHIFT, began=0.0)
    _, action = next_action(RULES, state, look(now=31.0, accepted=False, route_problem="BackendNotFound"))
    assert isinstance(action, Abort)
    assert action.cause is Cause.ENVIRONMENT
    assert "BackendNotFound" in action.reason


def test_a_pass_before_the_bake_time_waits() -> None:
    _, action = next_action(RULES, BAKING, look(now=9.0, decision=PASS))
    assert action == Wait("", left=1.0)


def test_a_pass_after_the_bake_time_goes_to_the_next_step() -> None:
    state, action = next_action(RULES, BAKING, look(decision=PASS))
    assert action == Prepare(RULES.steps[1], Verdict.PASS)
    assert (state.index, state.phase) == (1, Phase.READY)


def test_a_pass_at_the_last_step_commits() -> None:
    _, action = next_action(RULES, replace(BAKING, index=1), look(decision=PASS))
    assert action == Commit(Verdict.PASS)


def test_a_step_is_never_left_while_its_measured_share_differs_from_its_weight() -> None:
    _, action = next_action(RULES, BAKING, look(decision=PASS, share_problem="the measured share is 0%"))
    assert action == Wait("holding, undecided: the measured share is 0%", left=90.0)


def test_nothing_measured_is_not_a_pass() -> None:
    _, action = next_action(RULES, BAKING, look(decision=None))
    assert action == Wait("holding, undecided: nothing was measured yet", left=90.0)


def test_an_undecided_step_is_aborted_when_the_policy_says_so() -> None:
    _, action = next_action(RULES, BAKING, look(decision=OPEN, on_inconclusive="abort"))
    assert action == Abort(Cause.ENVIRONMENT, "undecided at the end of the step: because")


def test_holding_ends_in_an_abort_at_the_horizon() -> None:
    _, action = next_action(RULES, BAKING, look(now=111.0, decision=OPEN))
    assert isinstance(action, Abort)
    assert "undecided after 1m40s of holding" in action.reason


@pytest.mark.parametrize("policy", ["hold", "abort"])
def test_a_step_that_stays_undecided_is_not_held_against_the_candidate(policy: str) -> None:
    wrong = look(now=111.0, decision=PASS, share_problem="the measured share is 1%", on_inconclusive=policy)
    _, action = next_action(RULES, BAKING, wrong)
    assert isinstance(action, Abort)
    assert action.cause is Cause.ENVIRONMENT
    _, action = next_action(RULES, BAKING, replace(wrong, decision=OPEN, share_problem=None))
    assert isinstance(action, Abort)
    assert action.cause is Cause.ENVIRONMENT


def test_metrics_may_fail_within_the_grace_and_the_clock_restarts_when_they_recover() -> None:
    failing = look(now=20.0, source_error="connection refused", decision=PASS)
    state, action = next_action(RULES, BAKING, failing)
    assert isinstance(action, Wait)
    state, _ = next_action(RULES, state, look(now=24.0, decision=OPEN))
    assert state.failing_since is None


def test_metrics_that_fail_beyond_the_grace_abort_without_blaming_the_candidate() -> None:
    state = replace(BAKING, failing_since=20.0)
    _, action = next_action(RULES, state, look(now=26.0, source_error="connection refused", decision=PASS))
    assert isinstance(action, Abort)
    assert action.cause is Cause.ENVIRONMENT
    assert "failed for over 5s: connection refused" in action.reason


@pytest.mark.parametrize("index", [0, 1])
def test_no_weight_is_written_while_metrics_fail(index: int) -> None:
    blind = look(now=20.0, source_error="connection refused")
    state, action = next_action(RULES, ControllerState(index=index), blind)
    assert action == Wait("metrics fail, within the grace: connection refused")
    again, action = next_action(RULES, state, look(now=24.0))
    assert (again.failing_since, action) == (None, Shift(RULES.steps[index]))
    _, action = next_action(RULES, state, replace(blind, now=26.0))
    assert isinstance(action, Abort)
    assert action.cause is Cause.ENVIRONMENT


def test_a_candidate_with_traffic_that_nobody_sees_does_not_wait_for_its_next_replicas() -> None:
    state = ControllerState(index=1, failing_since=20.0)
    blind = look(now=26.0, ready=2, source_error="connection refused")
    _, action = next_action(RULES, state, blind)
    assert isinstance(action, Abort)
    _, action = next_action(RULES, replace(state, index=0), blind)
    assert action == Wait("2 of 3 replicas ready", left=34.0)


def test_a_hold_policy_keeps_a_rollout_with_dead_metrics_where_it_is() -> None:
    state = replace(BAKING, failing_since=20.0)
    _, action = next_action(RULES, state, look(now=30.0, source_error="gone", decision=PASS, on_error="hold"))
    assert action == Wait("holding, metrics fail: gone")


def test_a_candidate_without_any_ready_replica_is_left_at_once() -> None:
    _, action = next_action(RULES, BAKING, look(now=1.0, ready=0, hint="pod x was evicted"))
    assert action == Abort(Cause.CANDIDATE, "the candidate has no ready replica left: pod x was evicted")
    _, action = next_action(RULES, BAKING, look(now=1.0, ready=0))
    assert action == Abort(Cause.CANDIDATE, "the candidate has no ready replica left", unexplained=True)


def test_pause_holds_a_passing_step_until_resume() -> None:
    state, action = next_action(RULES, BAKING, look(decision=PASS, intent="pause"))
    assert action == Wait("paused")
    state, action = next_action(RULES, state, look(now=500.0, decision=PASS))
    assert action == Wait("paused")
    _, action = next_action(RULES, state, look(now=500.0, decision=PASS, intent="resume"))
    assert isinstance(action, Prepare)


def test_a_paused_rollout_does_not_write_the_weight_of_a_step_that_becomes_ready() -> None:
    _, action = next_action(RULES, ControllerState(paused=True), look())
    assert action == Wait("paused, the candidate is ready")


def test_promote_leaves_an_undecided_step() -> None:
    _, action = next_action(RULES, BAKING, look(now=1.0, decision=OPEN, intent="promote"))
    assert action == Prepare(RULES.steps[1], Verdict.INCONCLUSIVE)


def test_an_operator_can_abort_in_every_phase() -> None:
    for phase in Phase:
        _, action = next_action(RULES, ControllerState(phase=phase), look(intent="abort", by="kim: too slow"))
        assert action == Abort(Cause.OPERATOR, "aborted by kim: too slow")


def test_a_return_to_a_known_revision_needs_no_pass_but_a_fail_still_stops_it() -> None:
    rules = replace(RULES, judged=False, steps=(PlannedStep(100.0, 0.0),), dwell=0.0)
    assert next_action(rules, BAKING, look(decision=None))[1] == Commit(Verdict.INCONCLUSIVE)
    assert isinstance(next_action(rules, BAKING, look(decision=FAIL))[1], Abort)


@given(
    phase=st.sampled_from(Phase),
    paused=st.booleans(),
    intent=st.sampled_from([None, "pause", "resume", "promote"]),
    now=st.floats(0, 1000),
    ready=st.integers(0, 5),
    accepted=st.booleans(),
)
def test_a_fail_always_aborts_whatever_else_is_seen(
    phase: Phase, paused: bool, intent: str | None, now: float, ready: int, accepted: bool
) -> None:
    seen = Observation(now=now, ready=ready, accepted=accepted, decision=FAIL, intent=intent)
    _, action = next_action(RULES, ControllerState(phase=phase, paused=paused), seen)
    assert action == Abort(Cause.CANDIDATE, "too many errors")


@given(
    verdict=st.sampled_from([Verdict.INCONCLUSIVE, Verdict.ERROR]),
    phase=st.sampled_from(Phase),
    now=st.floats(0, 1e6),
    index=st.integers(0, 1),
    policy=st.sampled_from(["hold", "abort"]),
)
def test_no_passage_of_time_promotes_what_did_not_pass(
    verdict: Verdict, phase: Phase, now: float, index: int, policy: str
) -> None:
    seen = look(now=now, decision=decision(verdict), on_inconclusive=policy, on_error=policy)
    _, action = next_action(RULES, ControllerState(index=index, phase=phase), seen)
    assert not isinstance(action, Commit | Prepare)


@pytest.mark.parametrize("phase", list(Phase))
def test_a_lost_lease_stops_everything_before_any_other_cause(phase: Phase) -> None:
    seen = look(lease_lost=True, cancelled=True, decision=FAIL)
    _, action = next_action(RULES, ControllerState(phase=phase), seen)
    assert isinstance(action, Abort)
    assert action.cause is Cause.LEASE


def test_a_promote_that_comes_before_the_step_bakes_is_kept_until_it_does() -> None:
    state, action = next_action(RULES, ControllerState(), look(ready=1, intent="promote"))
    assert isinstance(action, Wait)
    state, action = next_action(RULES, state, look())
    assert action == Shift(RULES.steps[0])
    state, action = next_action(RULES, state, look(now=20.0, decision=OPEN))
    assert action == Prepare(RULES.steps[1], Verdict.INCONCLUSIVE)
    assert not state.promoted


def test_no_commit_before_every_replica_is_ready() -> None:
    last = ControllerState(1, Phase.BAKE, 0.0)
    state, action = next_action(RULES, last, look(now=500.0, decision=PASS, ready=RULES.replicas - 1, hint="pod x"))
    assert action == Wait(f"before the commit: {RULES.replicas - 1} of {RULES.replicas} replicas ready: pod x")
    _, action = next_action(RULES, state, look(now=501.0, decision=PASS, ready=RULES.replicas))
    assert isinstance(action, Commit)


def test_replicas_that_never_come_before_the_commit_end_it() -> None:
    state = ControllerState(1, Phase.BAKE, 0.0, short_since=10.0)
    late = 11.0 + RULES.ready_within
    _, action = next_action(RULES, state, look(now=late, decision=PASS, ready=RULES.replicas - 1))
    assert isinstance(action, Abort)
    assert action.cause is Cause.CANDIDATE


def test_one_word_promotes_all_steps_that_are_left() -> None:
    state, action = next_action(RULES, BAKING, look(now=1.0, decision=OPEN, intent="promote", scope="all"))
    assert isinstance(action, Prepare)
    assert (state.promoted, state.promote_all) == (True, True)
    state, action = next_action(RULES, replace(state, phase=Phase.BAKE, began=1.0), look(now=1.5, decision=OPEN))
    assert isinstance(action, Commit)


def test_a_promote_of_one_step_leaves_the_next_one_its_time() -> None:
    state, action = next_action(RULES, BAKING, look(now=1.0, decision=OPEN, intent="promote"))
    assert isinstance(action, Prepare)
    assert not state.promoted


def test_a_step_beside_a_serving_version_without_replicas_protects_nobody_and_is_left() -> None:
    _, action = next_action(RULES, BAKING, look(now=1.0, decision=OPEN, serving_dead_for=9.0))
    assert isinstance(action, Wait)
    _, action = next_action(RULES, BAKING, look(now=2.0, decision=OPEN, serving_dead_for=10.0))
    assert isinstance(action, Prepare)


def test_the_last_step_keeps_its_time_although_the_serving_version_is_dead() -> None:
    _, action = next_action(
        RULES, ControllerState(1, Phase.BAKE, 0.0), look(now=1.0, decision=OPEN, serving_dead_for=60.0)
    )
    assert isinstance(action, Wait)


def test_a_candidate_that_fails_is_left_although_the_serving_version_is_dead() -> None:
    _, action = next_action(RULES, BAKING, look(now=2.0, decision=FAIL, serving_dead_for=10.0))
    assert isinstance(action, Abort)


def test_what_somebody_else_wrote_into_the_route_ends_the_rollout_and_is_named() -> None:
    _, action = next_action(RULES, BAKING, look(foreign="another writer (kubectl) changed the weights to x 99%"))
    assert action == Abort(Cause.ENVIRONMENT, "another writer (kubectl) changed the weights to x 99%")


def test_metrics_that_do_not_judge_end_nothing() -> None:
    rules = replace(RULES, judged=False)
    broken = look(now=500.0, source_error="connection refused")
    _, action = next_action(rules, ControllerState(1, Phase.BAKE, 0.0, failing_since=1.0), broken)
    assert isinstance(action, Commit)


def test_a_first_release_is_committed_only_once_a_request_has_reached_it() -> None:
    rules = replace(RULES, judged=False, reach=True)
    state, action = next_action(rules, ControllerState(1, Phase.BAKE, 0.0), look(now=500.0))
    assert isinstance(action, Reach)
    state, action = next_action(rules, state, look(now=501.0, reached="GET / answered 503"))
    assert isinstance(action, Reach)
    _, ended = next_action(rules, state, look(now=502.0 + RULES.ready_within + 30, reached="GET / answered 503"))
    assert ended == Abort(Cause.ENVIRONMENT, "no request through the gateway reached it: GET / answered 503")
    _, action = next_action(rules, state, look(now=503.0, reached=""))
    assert isinstance(action, Commit)


def test_time_in_which_the_cluster_could_not_be_asked_is_no_time_of_waiting_for_it() -> None:
    state = resumed(ControllerState(phase=Phase.SHIFT, began=0.0), 25.0)
    _, action = next_action(RULES, state, look(now=31.0, accepted=False))
    assert isinstance(action, Wait)
    assert resumed(ControllerState(began=5.0), 25.0).began == 30.0


def test_a_bake_goes_on_while_the_cluster_cannot_be_asked() -> None:
    assert resumed(BAKING, 25.0) == BAKING
