"""What an update does before and after its rollout: repair, settle, drain, standby, and what a preview says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from slipway.release.errors import (
    ClusterAway,
    ClusterError,
    InputError,
    JournalUnreadable,
    LeaseHeld,
    LeaseLost,
    ReleaseRefused,
    RolloutAborted,
)
from slipway.release.records import journal
from slipway.release.records.journal import Completed, Head, Outcome
from slipway.release.rollout_inputs import Backend, RolloutInputs
from slipway.release.target import KubernetesTarget, Target
from slipway.rollout import operations
from slipway.rollout.outputs import outputs_of
from slipway.rollout.platforms.base import Readiness
from slipway.rollout.routers.base import Split
from slipway.rollout.traffic.in_force import InForce
from slipway.rollout.update import Update
from tests.unit.slipway.rollout.examples import ROUTE, attempt, backend, head, wanted
from tests.unit.slipway.rollout.simulation import Simulation


class NoGuard:
    """A watchdog that is only counted."""

    def __init__(self) -> None:
        self.disarmed = False
        self.acted = False
        guards.append(self)

    @classmethod
    def arm(cls, target: Target, service: str, rollout_id: str) -> NoGuard:
        assert (target, service) == (KubernetesTarget(namespace="shop"), "checkout")
        return cls()

    def await_ready(self) -> None:
        """Nothing to wait for."""

    def disarm(self) -> None:
        self.disarmed = True

    def act(self) -> None:
        self.acted = True


guards: list[NoGuard] = []


@pytest.fixture(autouse=True)
def _no_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    guards.clear()
    monkeypatch.setattr("slipway.rollout.update.guards", lambda: NoGuard)


def update(
    world: Simulation, inputs: RolloutInputs | None = None, olds: dict[str, Any] | None = None
) -> dict[str, Any]:
    return Update(inputs or world.wanted, world.world, olds or {}, world.lines, world.cancelled).run()


def remember(world: Simulation, what: Head) -> None:
    world.journal.save(what.to_json(), None)


def test_a_completed_rollout_leaves_only_the_candidate_in_the_route_and_a_disarmed_watchdog() -> None:
    world = Simulation()
    remember(world, head())
    outputs = update(world)
    assert world.router.history[-1] == Split.whole(world.wanted.candidate)
    assert outputs["weights"] == {"checkout-bbbbbbbb": 100.0}
    assert outputs["outcome"]["result"] == "committed"
    assert [guard.disarmed for guard in guards] == [True]
    assert world.lease.read() is None


def test_an_aborted_rollout_disarms_its_watchdog_and_frees_the_lease() -> None:
    world = Simulation()
    remember(world, head())
    world.traffic.bad["checkout-bbbbbbbb"] = 0.3
    with pytest.raises(RolloutAborted):
        update(world)
    assert [guard.disarmed for guard in guards] == [True]
    assert world.lease.read() is None


def test_an_attempt_that_could_not_be_ended_stays_the_watchdogs() -> None:
    world = Simulation()
    remember(world, head())
    world.clock.at(2.0, lambda: world.fence.lose("the Lease is lost"))
    with pytest.raises(LeaseLost, match="the Lease is lost"):
        update(world)
    assert [(guard.disarmed, guard.acted) for guard in guards] == [(False, True)]


def test_with_the_old_manifest_an_unfinished_rollout_is_only_repaired() -> None:
    world = Simulation(wanted("aaaaaaaa"))
    candidate = backend("bbbbbbbb")
    world.workloads.put(candidate)
    live = world.router.read()
    assert live is not None
    world.router.apply(world.wanted.route, Split(((world.old, 75.0), (candidate, 25.0))), live.version)
    remember(world, head(attempt=attempt()))
    update(world)
    assert world.router.history[-1] == Split.whole(world.old)
    assert world.head.attempt is not None
    assert (world.head.attempt.outcome, world.head.attempt.by) == (Outcome.INTERRUPTED, "repair")
    assert guards == []


def test_a_revision_that_serves_is_not_rolled_out_again() -> None:
    world = Simulation(wanted("aaaaaaaa"))
    remember(world, head())
    update(world)
    assert guards == []


def test_a_rollout_beside_another_is_refused() -> None:
    world = Simulation()
    remember(world, head())
    other = type(world.lease)(world.clock.now, world.lease.record)
    other.acquire("somebody", 15.0)
    world.cancelled.set()  # do not wait for the other to die
    with pytest.raises(LeaseHeld):
        update(world)
    assert world.router.history == []


def test_a_rolling_standby_is_scaled_up_again_after_the_commit() -> None:
    candidate, old = backend("bbbbbbbb", scaled=True), backend("aaaaaaaa", scaled=True)
    strategy = {"kind": "rolling", "batch": "33%", "bake": "2s", "finalBake": "3s"}
    world = Simulation(wanted(strategy=strategy, candidate=candidate, standby=old))
    world.workloads.put(candidate, Readiness(1, 1, 1, 0))
    remember(world, head())
    update(world)
    assert world.workloads.replicas(old) == 3
    assert world.workloads.replicas(candidate) == 3


def test_a_preview_tells_the_plan_and_writes_nothing() -> None:
    world = Simulation()
    remember(world, head())
    line = operations.plan(world.wanted, world.world, {})
    assert line == "v-aaaaaaaa -> v-bbbbbbbb (bbbbbbbb), canary: 25% for 4s, 100% for 4s"
    assert world.router.history == []
    assert len(world.journal.saved) == 1


def test_a_preview_of_the_way_back_says_so() -> None:
    world = Simulation()
    known = journal.committed(head(serving=None), attempt("bbbbbbbb"), world.wanted.route, 1.0)
    remember(world, journal.committed(known, attempt("aaaaaaaa"), world.wanted.route, 2.0))
    assert "return to a known good revision: 100%" in operations.plan(world.wanted, world.world, {})


def test_inputs_that_cannot_be_read_are_refused_with_their_paths() -> None:
    values = {**wanted().to_wire(), "analysis": {"tick": "soon"}, "surprise": 1}
    with pytest.raises(InputError) as error:
        operations.parse(values)
    assert {problem.path for problem in error.value.problems} == {"analysis.tick", "surprise"}


def test_a_rollout_that_was_recorded_before_there_were_targets_is_no_other_one_by_naming_its_context() -> None:
    world = Simulation()
    recorded = wanted().to_wire()
    assert "target" not in recorded
    now = wanted(namespace=None, target={"context": "prod", "namespace": "shop"})
    found = operations.difference(recorded, now, world.world)
    assert (found.changed, found.replaces) == (("namespace", "target"), ())
    assert (
        operations.difference(recorded, wanted(target={"namespace": "shop"}, namespace=None), world.world).changed == ()
    )
    elsewhere = wanted(namespace=None, target={"name": "eu", "namespace": "shop"})
    assert operations.difference(recorded, elsewhere, world.world).replaces == ("target", "namespace")


def test_a_change_of_service_or_namespace_replaces() -> None:
    world = Simulation(wanted("aaaaaaaa"))
    remember(world, head())
    before = {**world.wanted.to_wire(), "namespace": "elsewhere"}
    assert operations.difference(before, world.wanted, world.world).replaces == ("namespace",)


def test_a_settled_world_has_no_difference() -> None:
    world = Simulation(wanted("aaaaaaaa"))
    remember(world, head())
    found = operations.difference(world.wanted.to_wire(), world.wanted, world.world)
    assert (found.changed, found.replaces, found.pending) == ((), (), None)


def test_a_standby_with_declared_replicas_that_rolling_scaled_down_is_warm_again() -> None:
    candidate = backend("bbbbbbbb", scaled=True)
    strategy = {"kind": "rolling", "batch": "33%", "bake": "2s", "finalBake": "3s"}
    world = Simulation(wanted(strategy=strategy, candidate=candidate, standby=backend("aaaaaaaa")))
    world.workloads.put(candidate, Readiness(1, 1, 1, 0))
    remember(world, head())
    update(world)
    assert world.workloads.replicas(world.old) == 3


def test_a_preview_foretells_what_each_step_will_notice_and_warns() -> None:
    analysis = {**wanted().to_wire()["analysis"], "expected": {"rate": 10, "badShare": "0.1%"}}
    world = Simulation(wanted(analysis=analysis))
    remember(world, head())
    lines = operations.forecast(world.wanted, world.world, {})
    assert lines[0] == "expected traffic: 10 requests/s, 0.1% bad"
    assert lines[1].startswith("25% for 4s, errors: 2x not seen")
    assert any(line.startswith("warning: ") for line in lines)
    assert world.router.history == []


@pytest.mark.parametrize(
    ("standby", "told"), [(backend(), "a breach puts the traffic back to 1.9"), (None, "a breach only escalates")]
)
def test_a_preview_foretells_what_the_watch_will_do(standby: Backend | None, told: str) -> None:
    watch = {"for": 600, "guardrails": [{"name": "slo", "kind": "slo", "objective": 0.01}], "falseAbort": 0.01}
    plan = {**watch, "noDataGrace": 300, "onBreach": {}}
    analysis = {**wanted().to_wire()["analysis"], "expected": {"rate": 10, "badShare": "0.1%"}}
    world = Simulation(wanted(analysis=analysis, watch=plan, standby=standby))
    remember(world, head())
    does, slo = operations.forecast(world.wanted, world.world, {})[-2:]
    assert does.startswith("watch for 10m after the commit")
    assert told.replace("1.9", world.old.version) in does
    assert slo.startswith("watch, slo: a fault of 5% in ")


def test_what_is_foretold_reckons_with_the_clusters_of_what_serves() -> None:
    analysis = {**wanted().to_wire()["analysis"], "horizon": "1h", "expected": {"rate": 100, "badShare": "0.5%"}}
    world = Simulation(wanted(analysis=analysis))
    remember(world, head())
    alone = operations.forecast(world.wanted, world.world, {})
    rng = np.random.default_rng(1)
    world.traffic.past = {"errors": [[(200, 6 * int(rng.poisson(0.3))) for _ in range(360)] for _ in range(3)]}
    clustered = operations.forecast(world.wanted, world.world, {})
    assert any("errors: bad events of what serves come in clusters (dispersion" in line for line in clustered)
    assert clustered[1] != alone[1]
    world.traffic.down = "connection refused"
    assert operations.forecast(world.wanted, world.world, {}) == alone


def test_a_preview_names_the_steps_that_are_too_short_for_how_often_the_gateway_is_scraped() -> None:
    world = Simulation()
    remember(world, head())
    assert not any("apart" in line for line in operations.forecast(world.wanted, world.world, {}))
    world.traffic.interval = 15.0
    lines = operations.forecast(world.wanted, world.world, {})
    assert any("noticed up to 15s later" in line for line in lines)
    assert any(line.startswith("warning: the metrics are 15s apart") and "bake for 30s" in line for line in lines)


def test_nothing_moves_while_the_profile_does_not_find_what_serves() -> None:
    world = Simulation()
    remember(world, head())
    world.traffic.hidden = "the profile traefik finds no request of checkout-aaaaaaaa"
    lines = operations.forecast(world.wanted, world.world, {})
    assert lines[0] == f"warning: nothing will move: {world.traffic.hidden}"
    written = len(world.router.history)
    with pytest.raises(ClusterError, match="nothing was moved: the profile traefik finds no request"):
        update(world)
    assert not any(world.wanted.candidate.entry in str(one) for one in world.router.history[written:])


def test_nothing_moves_while_copies_would_take_requests_from_another_route() -> None:
    steps = [{"mirror": "100%", "methods": ["GET"], "bake": "4s"}, {"weight": 100, "bake": "4s"}]
    world = Simulation(wanted(strategy={"kind": "canary", "steps": steps}))
    remember(world, head())
    world.router.narrower = ["partner"]
    warned = "warning: nothing will move: the mirror step would take GET from the route partner"
    assert operations.forecast(world.wanted, world.world, {})[0].startswith(warned)
    written = len(world.router.history)
    with pytest.raises(
        ReleaseRefused, match="nothing was moved: the mirror step would take GET from the route partner"
    ):
        update(world)
    assert not any(world.wanted.candidate.entry in str(one) for one in world.router.history[written:])


@pytest.mark.parametrize("profile", ["otel-http", None])
def test_a_candidate_that_is_silent_fails_where_only_answers_are_counted(profile: str | None) -> None:
    metrics = {"kind": "prometheus", "url": "http://p.example"} | ({"profile": profile} if profile else {})
    analysis = {**wanted().to_wire()["analysis"], "horizon": "30s"}
    world = Simulation(wanted(metrics=metrics, analysis=analysis))
    remember(world, head())
    world.traffic.silent.add(world.wanted.candidate.entry)
    with pytest.raises(RolloutAborted) as failed:
        update(world)
    assert ("leaves requests without an answer" in str(failed.value)) == (profile is not None)


def test_nothing_is_foretold_of_the_way_back() -> None:
    world = Simulation()
    known = journal.committed(head(serving=None), attempt("bbbbbbbb"), world.wanted.route, 1.0)
    remember(world, journal.committed(known, attempt("aaaaaaaa"), world.wanted.route, 2.0))
    assert operations.forecast(world.wanted, world.world, {}) == ()


def test_where_no_error_rate_can_be_claimed_plan_status_line_and_record_say_so() -> None:
    world = Simulation(wanted(route={**ROUTE, "affinity": {"cookie": "side"}}))
    remember(world, head())
    plan = operations.forecast(world.wanted, world.world, {})
    assert any("no error rate can be claimed for errors; declare a client-failures" in line for line in plan)
    outputs = update(world)
    caveat = "no error rate claimed for errors: clients stick to one side"
    assert f"checkout: {caveat}" in world.lines.lines
    assert any(line.endswith(f"({caveat})") for line in world.lines.lines)
    assert outputs["outcome"]["caveat"] == caveat


def recorded_outputs(world: Simulation, **changes: object) -> dict[str, object]:
    return {**outputs_of(world.wanted, head(), world.router.read()), **changes}


def test_refresh_shows_the_live_weights_and_keeps_what_another_version_recorded() -> None:
    world = Simulation(wanted("aaaaaaaa"))
    remember(world, head())
    olds = recorded_outputs(world, weights={}, surprise={"deep": 1}, analysis="in a form of its own")
    found = operations.refresh(olds, world.world)
    assert found == {**olds, "weights": {"checkout-aaaaaaaa": 100.0}}


def test_a_journal_of_a_newer_format_blocks_no_refresh() -> None:
    world = Simulation(wanted("aaaaaaaa"))
    world.journal.save({"format": 3, "service": "checkout"}, None)
    olds = recorded_outputs(world, weights={})
    assert operations.refresh(olds, world.world) == {**olds, "weights": {"checkout-aaaaaaaa": 100.0}}


def test_a_journal_of_a_newer_format_makes_an_update_due_that_says_what_to_do() -> None:
    world = Simulation(wanted("aaaaaaaa"))
    world.journal.save({"format": 3, "service": "checkout"}, None)
    pending = operations.difference(world.wanted.to_wire(), world.wanted, world.world).pending
    assert pending is not None
    assert "update Slipway" in pending
    with pytest.raises(JournalUnreadable, match="update Slipway"):
        update(world)
    assert world.router.history == []
    assert world.journal.saved == [{"format": 3, "service": "checkout"}]


def test_a_place_is_read_from_a_state_of_any_version() -> None:
    recorded = {"service": "checkout", "namespace": "shop", "strategy": {"kind": "unheard of"}, "surprise": 1}
    assert operations.Place.of(recorded) == operations.Place("checkout", KubernetesTarget(namespace="shop"))


def test_a_state_that_names_no_service_is_refused_with_the_field() -> None:
    with pytest.raises(InputError) as error:
        operations.Place.of({"namespace": "shop", "service": ""})
    assert [problem.path for problem in error.value.problems] == ["service"]


def test_recorded_inputs_may_have_fields_of_another_version() -> None:
    values = {**wanted().to_wire(), "surprise": 1}
    assert operations.parse(values, recorded=True) == wanted()


def test_the_ticks_of_the_last_rollouts_are_kept_and_those_of_older_ones_go() -> None:
    world = Simulation()
    remember(world, head(attempt=attempt(outcome=Outcome.ABORTED), recorded=("r1", "r0")))
    for name in ("r0", "r1", "forgotten"):
        world.journal.append(name, [{"at": 1.0}])
    update(world)
    newest, *others = world.head.recorded
    assert others == ["r1", "r0"]
    assert [bool(world.journal.records(name)) for name in (newest, "r1", "r0", "forgotten")] == [
        True,
        True,
        True,
        False,
    ]


def test_a_journal_that_cannot_be_pruned_stops_no_rollout() -> None:
    world = Simulation()
    remember(world, head())
    world.journal.faults.next("prune", ClusterError("the API server is away"))
    update(world)
    assert world.head.attempt is not None
    assert world.head.attempt.outcome is Outcome.COMMITTED


def unseen(self: InForce, cancelled: object) -> None:
    raise ClusterError("the data plane still sends to it")


def test_what_left_the_route_and_was_not_seen_without_requests_is_waited_for_before_anything_may_be_deleted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = Simulation(wanted("aaaaaaaa"))
    remember(world, head(leaving=(backend("bbbbbbbb"),)))
    due = operations.difference(world.wanted.to_wire(), world.wanted, world.world).pending
    assert due == "checkout-bbbbbbbb was not seen without requests yet"

    with monkeypatch.context() as patched:
        patched.setattr(InForce, "wait", unseen)
        with pytest.raises(
            ClusterError, match=r"not seen in force: the data plane still sends to it; its workload stays"
        ):
            update(world)
    assert [one.revision for one in world.head.leaving] == ["bbbbbbbb"]
    assert len(world.router.history) == 0
    update(world)
    assert world.head.leaving == ()
    assert operations.difference(world.wanted.to_wire(), world.wanted, world.world).pending is None


def test_a_commit_that_is_not_seen_in_force_fails_the_update_and_the_next_one_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = Simulation()
    remember(world, head())

    with monkeypatch.context() as patched:
        patched.setattr(InForce, "wait", unseen)
        with pytest.raises(ClusterError, match="not seen in force"):
            update(world)
    assert world.head.serving is not None
    assert world.head.serving.backend.revision == "bbbbbbbb"
    assert [one.revision for one in world.head.leaving] == ["aaaaaaaa"]
    assert [guard.disarmed for guard in guards] == [True]
    update(world)
    assert world.head.leaving == ()


def test_a_warm_standby_that_is_not_seen_without_requests_is_only_said(monkeypatch: pytest.MonkeyPatch) -> None:
    world = Simulation(wanted(standby=backend("aaaaaaaa")))
    remember(world, head())

    monkeypatch.setattr(InForce, "wait", unseen)
    update(world)
    assert any("not seen in force: the data plane still sends to it" in line for line in world.lines.lines)


def left_behind(world: Simulation) -> Backend:
    """An earlier version stands in the route at 0% and was not seen without requests."""
    earlier = backend("cccccccc")
    live = world.router.read()
    assert live is not None
    world.router.apply(world.wanted.route, Split(((world.old, 100.0), (earlier, 0.0))), live.version)
    remember(world, head(leaving=(earlier,)))
    return earlier


def test_the_next_rollout_sees_what_an_earlier_one_left_without_requests_before_it_moves_anything(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = Simulation()
    earlier = left_behind(world)
    before = list(world.router.history)
    with monkeypatch.context() as patched:
        patched.setattr(InForce, "wait", unseen)
        with pytest.raises(ClusterError, match=f"{earlier.entry.split('-')[0]}: .*not seen in force"):
            update(world)
    assert world.router.history == before
    assert guards == []
    update(world)
    assert world.router.history[-1] == Split.whole(world.wanted.candidate)


def past(revision: str) -> Completed:
    return Completed(revision=revision, version=f"v-{revision}", image="", manifest="releases/2.yaml", at=50.0)


def test_a_way_back_does_not_wait_for_what_an_earlier_rollout_left(monkeypatch: pytest.MonkeyPatch) -> None:
    world = Simulation(wanted("bbbbbbbb", standby=backend("aaaaaaaa")))
    earlier = left_behind(world)
    stored = world.journal.load()
    assert stored is not None
    known = head(leaving=(earlier,), completed=(past("bbbbbbbb"), past("aaaaaaaa")))
    world.journal.save(known.to_json(), stored.version)
    monkeypatch.setattr(InForce, "wait", unseen)
    with pytest.raises(ClusterError, match="not seen in force"):
        update(world)  # only the deletion of the earlier one waits
    assert world.head.serving is not None
    assert world.head.serving.backend.revision == "bbbbbbbb"
    assert all(earlier in [side for side, _ in split.shares] for split in world.router.history[-2:])


def test_weights_that_somebody_moved_to_the_standby_go_back_in_two_writes() -> None:
    standby = backend("cccccccc")
    world = Simulation(wanted("aaaaaaaa", standby=standby))
    world.workloads.put(standby)
    live = world.router.read()
    assert live is not None
    world.router.apply(world.wanted.route, Split(((world.old, 30.0), (standby, 70.0))), live.version)
    remember(world, head())
    update(world)
    back = [{side.revision: share for side, share in split.shares} for split in world.router.history[-2:]]
    assert back == [{"aaaaaaaa": 100.0, "cccccccc": 0.0}, {"aaaaaaaa": 100.0}]
    assert any([one["revision"] for one in saved["leaving"]] == ["cccccccc"] for saved in world.journal.saved)


def test_a_repair_marks_the_candidate_of_the_dead_process_as_leaving_until_it_is_seen_idle() -> None:
    world = Simulation(wanted("aaaaaaaa"))
    candidate = backend("bbbbbbbb")
    world.workloads.put(candidate)
    live = world.router.read()
    assert live is not None
    world.router.apply(world.wanted.route, Split(((world.old, 75.0), (candidate, 25.0))), live.version)
    remember(world, head(attempt=attempt()))
    update(world)
    marked = [document for document in world.journal.saved if document.get("leaving")]
    assert [one["leaving"][0]["revision"] for one in marked] == ["bbbbbbbb"]
    assert world.head.leaving == ()


def test_the_route_is_claimed_before_anything_is_decided() -> None:
    world = Simulation(wanted("aaaaaaaa"))
    remember(world, head())
    before = world.router.read()
    update(world)
    after = world.router.read()
    assert before is not None
    assert after is not None
    assert after.writer not in ("", before.writer)
    assert after.version != before.version


def test_another_stack_is_refused_with_both_names() -> None:
    world = Simulation()
    object.__setattr__(world.world, "stack", "shop/prod")
    remember(world, head(stack="legacy/prod"))
    with pytest.raises(ReleaseRefused, match=r"released by legacy/prod, so shop/prod may not"):
        update(world)
    assert world.router.history == []


def test_without_a_journal_the_route_still_says_whose_the_service_is() -> None:
    world = Simulation()
    object.__setattr__(world.world, "stack", "shop/prod")
    world.router.stack = "legacy/prod"
    world.router.claim()
    with pytest.raises(ReleaseRefused, match=r"released by legacy/prod, so shop/prod may not"):
        update(world)


def test_a_service_that_was_handed_over_is_taken_over_by_the_next_update() -> None:
    world = Simulation()
    object.__setattr__(world.world, "stack", "shop/prod")
    remember(world, head(stack="legacy/prod", handed_to="shop/prod"))
    update(world)
    assert (world.head.stack, world.head.handed_to) == ("shop/prod", None)


def test_the_plan_and_the_rollout_say_when_more_replicas_serve_than_the_new_version_will_have() -> None:
    world = Simulation()
    remember(world, head())
    world.workloads.put(world.old, Readiness(6, 6, 6, 0))
    assert "warning: 6 replicas serve, the manifest declares 3" in operations.plan(world.wanted, world.world, {})
    outputs = update(world)
    assert outputs["outcome"]["notes"] == ["warning: 6 replicas serve, the manifest declares 3"]


@pytest.mark.parametrize(
    ("part", "method"), [("lease", "acquire"), ("journal", "load"), ("router", "claim"), ("journal", "save")]
)
def test_an_api_server_that_is_away_when_an_update_begins_does_not_end_it(part: str, method: str) -> None:
    world = Simulation()
    remember(world, head())
    getattr(world, part).faults.next(method, ClusterAway("the API server did not answer in time"), times=3)
    outputs = update(world)
    assert outputs["weights"] == {"checkout-bbbbbbbb": 100.0}
    assert any("waiting for the cluster" in line for line in world.lines.lines)


def test_a_plan_is_made_although_the_first_reads_are_not_answered() -> None:
    world = Simulation()
    remember(world, head())
    world.journal.faults.next("load", ClusterAway("the API server did not answer in time"), times=2)
    assert "v-bbbbbbbb" in operations.plan(world.wanted, world.world, {})


def test_a_refusal_of_the_api_server_is_told_at_once() -> None:
    world = Simulation()
    remember(world, head())
    world.journal.faults.next("load", ClusterError("403"))
    with pytest.raises(ClusterError, match="403"):
        operations.plan(world.wanted, world.world, {})
    assert world.clock.now() == 1000.0
