"""What the engine is answered: a refused service is an error of its own resource and of no other."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2, provider_pb2, status_pb2

from slipway.plugin import structs
from slipway.plugin.holdback import HoldBack
from slipway.plugin.partial import DETAILS
from slipway.plugin.provider import SlipwayProvider
from slipway.plugin.run_memory import RunMemory
from slipway.plugin.structs import to_plain, to_struct
from slipway.release.errors import ClusterError, RolloutAborted
from slipway.release.records.chain import lines_of
from slipway.release.records.journal import Head, Outcome, Quarantine
from slipway.release.records.store import FolderRecords, MemoryRecords, append
from slipway.release.rollout_inputs import RolloutInputs
from slipway.release.target import parse_target
from slipway.rollout import operations
from slipway.rollout.adapters import Adapters
from slipway.rollout.platforms.base import Readiness
from slipway.rollout.routers.base import Split
from slipway.rollout.update import Update
from tests.unit.slipway.rollout.examples import ROUTE, attempt, backend, head, serving, wanted
from tests.unit.slipway.rollout.simulation import Simulation

URN = "urn:pulumi:prod::shop::slipway:index:Canary$slipway:index:Rollout::checkout"
BAD = Quarantine(version="v2", reason="5% errors", at=1.0, rollout="r0")


class Answered(Exception):
    """The context's abort, which ends the call."""


class Context:
    """A gRPC context that remembers how the call ended."""

    def __init__(self) -> None:
        self.code: grpc.StatusCode | None = None
        self.text = ""
        self.trailing: dict[str, bytes] = {}

    def abort(self, code: grpc.StatusCode, text: str) -> None:
        self.code, self.text = code, text
        raise Answered(text)

    def set_trailing_metadata(self, pairs: tuple[tuple[str, bytes], ...]) -> None:
        self.trailing = dict(pairs)

    @property
    def stands(self) -> dict[str, Any] | None:
        """The outputs that the engine is told to record although the call failed."""
        if DETAILS not in self.trailing:
            return None
        failed = provider_pb2.ErrorResourceInitFailed()
        assert status_pb2.Status.FromString(self.trailing[DETAILS]).details[0].Unpack(failed)
        return to_plain(failed.properties)


class Engine:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.lines: list[tuple[int, str]] = []

    def Log(self, request: engine_pb2.LogRequest, timeout: float) -> None:  # noqa: N802
        self.lines.append((request.severity, request.message))

    def of(self, severity: int) -> list[str]:
        return [text for found, text in self.lines if found == severity]


class Process:
    """The engine's process, which answers an interrupt by Cancel."""

    def __init__(self, continues: bool) -> None:
        self.provider: Any = None
        self.interrupts = 0
        self._continues = continues

    def continues_on_error(self) -> bool:
        return self._continues

    def interrupt(self) -> bool:
        self.interrupts += 1
        self.provider.Cancel(empty_pb2.Empty(), None)
        return True


class Stage:
    """A provider on one world in memory."""

    def __init__(self, world: Adapters, quiet: float = 0.0, *, continues: bool = False) -> None:
        self.engine = Engine()
        self.context: Any = Context()
        engine: Any = self.engine
        process: Any = Process(continues)
        self.provider = SlipwayProvider(engine, lambda where, stack: world, HoldBack(quiet), process)
        self.process = process
        self.process.provider = self.provider

    def check(self, inputs: dict[str, Any]) -> provider_pb2.CheckResponse:
        request = provider_pb2.CheckRequest(urn=URN, type="slipway:index:Rollout", news=to_struct(inputs))
        return self.provider.Check(request, self.context)

    def update(
        self, inputs: RolloutInputs, *, preview: bool = False, olds: RolloutInputs | None = None
    ) -> provider_pb2.UpdateResponse | None:
        former = to_struct(olds.to_wire() if olds is not None else {})
        request = provider_pb2.UpdateRequest(urn=URN, news=to_struct(inputs.to_wire()), olds=former, preview=preview)
        try:
            return self.provider.Update(request, self.context)
        except Answered:
            return None

    def diff(self, olds: RolloutInputs, news: RolloutInputs) -> provider_pb2.DiffResponse:
        old, new = to_struct(olds.to_wire()), to_struct(news.to_wire())
        return self.provider.Diff(provider_pb2.DiffRequest(urn=URN, news=new, old_inputs=old), self.context)

    def create(self, inputs: RolloutInputs, *, preview: bool = False) -> provider_pb2.CreateResponse | None:
        request = provider_pb2.CreateRequest(urn=URN, properties=to_struct(inputs.to_wire()), preview=preview)
        try:
            return self.provider.Create(request, self.context)
        except Answered:
            return None


@pytest.fixture(autouse=True)
def _judged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RunMemory, "refusal_reason", lambda self, stack, wanted: None)


def remembering(what: Head | None = None) -> Simulation:
    world = Simulation()
    if what is not None:
        world.journal.save(what.to_json(), None)
    return world


def quarantined() -> Simulation:
    return remembering(head(quarantined={"bbbbbbbb": BAD}))


def failing(monkeypatch: pytest.MonkeyPatch, reason: str = "checkout v2 aborted") -> None:
    """Every update fails."""

    def run(self: object) -> dict[str, Any]:
        raise RolloutAborted(reason)

    monkeypatch.setattr(Update, "run", run)


def test_a_check_asks_no_cluster_so_that_one_service_never_ends_the_program() -> None:
    answer = Stage(quarantined().world).check(wanted().to_wire())
    assert list(answer.failures) == []
    assert to_plain(answer.inputs) == json.loads(json.dumps(wanted().to_wire()))


def test_a_failed_check_names_the_field_itself_and_no_property() -> None:
    answer = Stage(Simulation().world).check({**wanted().to_wire(), "namespace": 7})
    assert [failure.property for failure in answer.failures] == [""]
    assert answer.failures[0].reason.startswith("namespace: ")


def test_a_preview_of_a_refused_service_is_an_error_line_and_goes_on() -> None:
    stage = Stage(quarantined().world)
    assert stage.update(wanted(), preview=True) is not None
    assert stage.context.code is None
    (line,) = stage.engine.of(engine_pb2.ERROR)
    assert line.startswith("checkout: revision bbbbbbbb (version v2) was aborted: 5% errors")
    assert stage.engine.of(engine_pb2.INFO) == []


def test_a_preview_of_a_service_that_is_not_refused_says_its_plan() -> None:
    stage = Stage(remembering(head()).world)
    assert stage.update(wanted(), preview=True) is not None
    assert stage.engine.of(engine_pb2.ERROR) == []
    assert stage.engine.of(engine_pb2.INFO)[0].startswith("checkout: v-aaaaaaaa -> v-bbbbbbbb")


def test_a_journal_that_cannot_be_read_is_an_error_of_its_own_service() -> None:
    world = Simulation()
    world.journal.save({"service": "checkout", "format": 99}, None)
    stage = Stage(world.world)
    request = provider_pb2.DiffRequest(
        urn=URN, news=to_struct(wanted().to_wire()), old_inputs=to_struct(wanted().to_wire())
    )
    assert stage.provider.Diff(request, stage.context).changes == provider_pb2.DiffResponse.DIFF_SOME
    assert stage.update(wanted(), preview=True) is not None
    assert "format 99" in stage.engine.of(engine_pb2.ERROR)[0]
    assert stage.update(wanted()) is None
    assert "format 99" in stage.context.text


def test_a_move_that_costs_traffic_is_announced_and_the_order_is_the_one_that_costs_least() -> None:
    stage = Stage(remembering(head(serving=serving("bbbbbbbb"))).world)
    same = stage.diff(wanted(), wanted(namespace="new"))
    assert same.deleteBeforeReplace
    assert "the route is deleted before the new one is ready" in stage.engine.of(engine_pb2.WARNING)[-1]
    elsewhere = {**ROUTE, "hostnames": ["new.example"]}
    other = stage.diff(wanted(), wanted(namespace="new", route=elsewhere))
    assert (list(other.replaces), other.deleteBeforeReplace) == (["namespace"], False)


def test_a_workload_that_was_changed_in_place_is_a_warning_of_the_plan() -> None:
    world = remembering(head(serving=serving("bbbbbbbb")))
    world.workloads.put(world.wanted.candidate, Readiness(3, 3, 3, 0, image="registry.example/x@sha256:ffff"))
    stage = Stage(world.world)
    stage.diff(wanted(), wanted())
    assert "its image was changed in place" in stage.engine.of(engine_pb2.WARNING)[0]


def test_a_first_release_beside_a_route_with_the_same_match_is_warned_of() -> None:
    world = Simulation(first=True)
    world.router.others = ["checkout-old"]
    stage = Stage(world.world)
    assert stage.create(wanted(), preview=True) is not None
    assert "checkout-old claims checkout.example too" in stage.engine.of(engine_pb2.WARNING)[0]


def test_the_update_of_a_refused_service_fails_and_moves_nothing() -> None:
    world = quarantined()
    stage = Stage(world.world)
    assert stage.update(wanted()) is None
    assert stage.context.code is grpc.StatusCode.FAILED_PRECONDITION
    assert "was aborted: 5% errors" in stage.context.text
    assert world.router.history == []
    assert stage.context.stands is None, "the state keeps the workload that serves as a dependency"


def test_a_release_that_passed_no_gate_moves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RunMemory, "refusal_reason", lambda self, stack, wanted: "no Release passed the gates")
    world = remembering(head())
    stage = Stage(world.world)
    assert stage.update(wanted()) is None
    reason, following = stage.context.text.splitlines()
    assert reason == "no Release passed the gates"
    assert following.startswith("Next: `slipway status checkout --stack prod`")
    assert world.router.history == []


def test_a_failure_beside_others_says_its_reason_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch)
    stage = Stage(remembering(head()).world, quiet=0.05)
    assert stage.update(wanted()) is None
    assert stage.engine.of(engine_pb2.INFO) == [
        "checkout: checkout v2 aborted. The other rollouts of this update go on; this one fails when they are done"
    ]


def test_a_failure_after_an_interrupt_is_answered_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage(remembering(head()).world, quiet=600.0)

    def run(self: object) -> dict[str, Any]:
        stage.provider.Cancel(empty_pb2.Empty(), stage.context)
        raise RolloutAborted("interrupted")

    monkeypatch.setattr(Update, "run", run)
    assert stage.update(wanted()) is None
    reason, following = stage.context.text.splitlines()
    assert reason == "interrupted"
    assert "`pulumi up --stack prod` tries again" in following


def test_a_first_release_that_fails_is_recorded_so_that_destroy_reaches_what_it_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    failing(monkeypatch)
    world = Simulation(first=True)
    world.journal.save(head(serving=None, attempt=attempt()).to_json(), None)
    stage = Stage(world.world)
    assert stage.create(wanted()) is None
    assert stage.context.text.startswith("checkout v2 aborted\nNext: ")
    stands = stage.context.stands
    assert stands is not None
    assert (stands["service"], stands["weights"], stands.get("serving")) == ("checkout", {}, None)


def test_a_first_release_that_is_refused_for_another_stack_is_recorded_without_the_others_traffic() -> None:
    world = remembering(head(stack="shop/other"))
    stage = Stage(replace(world.world, stack="shop/prod"))
    assert stage.create(wanted()) is None
    assert "shop/other" in stage.context.text
    assert "shop/prod" in stage.context.text
    assert stage.context.stands is not None
    assert "serving" not in stage.context.stands
    assert world.router.history == []


def test_an_update_that_fails_after_its_commit_is_recorded_as_what_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch)
    stage = Stage(remembering(head(serving=serving("bbbbbbbb"))).world)
    assert stage.update(wanted()) is None
    stands = stage.context.stands
    assert stands is not None
    assert stands["serving"]["backend"]["revision"] == "bbbbbbbb"


def test_an_aborted_update_leaves_the_state_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch)
    stage = Stage(remembering(head()).world)
    assert stage.update(wanted()) is None
    assert stage.context.stands is None


def with_candidate_under_traffic(world: Simulation) -> Simulation:
    """The route still sends 25% to `cccccccc`, which neither state nor program name."""
    live = world.router.read()
    assert live is not None
    shares = Split(((world.old, 75.0), (backend("cccccccc"), 25.0)))
    world.router.apply(world.wanted.route, shares, live.version)
    return world


def test_an_engine_that_would_delete_a_workload_under_traffic_is_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch)
    stage = Stage(with_candidate_under_traffic(remembering(head())).world, continues=True)
    assert stage.update(wanted(), olds=wanted("aaaaaaaa")) is None
    assert stage.process.interrupts == 1
    assert "checkout-cccccccc may have traffic" in stage.engine.of(engine_pb2.ERROR)[0]


def test_an_engine_that_stops_at_errors_anyway_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch)
    stage = Stage(with_candidate_under_traffic(remembering(head())).world)
    assert stage.update(wanted(), olds=wanted("aaaaaaaa")) is None
    assert stage.process.interrupts == 0


def test_what_serves_is_kept_by_the_engine_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch)
    stage = Stage(remembering(head()).world, continues=True)
    assert stage.update(wanted(), olds=wanted("aaaaaaaa")) is None
    assert stage.process.interrupts == 0


def test_a_release_that_was_shown_to_be_bad_ends_with_how_it_may_be_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def run(self: object) -> dict[str, Any]:
        raise RolloutAborted("checkout v2 aborted at 25%", quarantined=True)

    monkeypatch.setattr(Update, "run", run)
    stage = Stage(remembering(head()).world)
    assert stage.update(wanted()) is None
    following = stage.context.text.splitlines()[-1]
    assert f"say in {wanted().manifest}, under retry.reason" in following
    assert following.endswith("then `pulumi up --stack prod`")


def test_an_error_that_nobody_foresaw_is_one_line_and_deletes_nothing_either(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(self: object) -> dict[str, Any]:
        raise AttributeError("no such thing\nand more")

    monkeypatch.setattr(Update, "run", run)
    stage = Stage(with_candidate_under_traffic(remembering(head())).world, continues=True)
    assert stage.update(wanted(), olds=wanted("aaaaaaaa")) is None
    assert stage.context.text.startswith("unexpected AttributeError: no such thing\nNext: ")
    assert stage.process.interrupts == 1


def test_what_may_have_traffic_cannot_be_told_without_the_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch)
    world = remembering(head())
    stage = Stage(world.world, continues=True)
    real = world.router.read

    def away() -> None:
        raise ClusterError("the API server did not answer")

    monkeypatch.setattr(world.router, "read", away)
    assert stage.update(wanted(), olds=wanted("aaaaaaaa")) is None
    assert stage.process.interrupts == 1
    assert real() is not None


def test_a_type_that_the_plugin_does_not_have_is_refused_by_name() -> None:
    stage = Stage(Simulation().world)
    request = provider_pb2.CheckRequest(urn=URN.replace("Rollout", "Rolout"), type="slipway:index:Rolout")
    with pytest.raises(Answered, match="slipway:index:Rolout is not a resource of this plugin; it has "):
        stage.provider.Check(request, stage.context)
    assert stage.context.code is grpc.StatusCode.INVALID_ARGUMENT


def test_each_type_goes_to_its_own_resource() -> None:
    stage = Stage(Simulation().world)
    request = provider_pb2.DeleteRequest(urn="urn:pulumi:prod::shop::slipway:index:Release::checkout")
    assert stage.provider.Delete(request, stage.context) == empty_pb2.Empty(), "a record needs no cluster"


def recorded(world: Simulation, **changes: object) -> dict[str, Any]:
    """Inputs or outputs as another version of Slipway wrote them."""
    values = {**world.wanted.to_wire(), "surprise": {"deep": 1}, "analysis": "in a form of its own", **changes}
    return {key: value for key, value in values.items() if value is not None}


def test_refresh_shows_the_live_weights_whatever_version_wrote_the_state() -> None:
    world = remembering(head())
    stage, state = Stage(world.world), recorded(world)
    request = provider_pb2.ReadRequest(
        id="shop/checkout", urn=URN, inputs=to_struct(state), properties=to_struct({**state, "weights": {}})
    )
    answer = stage.provider.Read(request, stage.context)
    assert to_plain(answer.inputs) == state
    properties = to_plain(answer.properties)
    assert properties["weights"] == {"checkout-aaaaaaaa": 100.0}
    assert properties["surprise"] == {"deep": 1}


def test_refresh_of_what_is_gone_says_so() -> None:
    world = Simulation(first=True)
    stage = Stage(world.world)
    request = provider_pb2.ReadRequest(id="shop/checkout", urn=URN, inputs=to_struct(recorded(world)))
    assert stage.provider.Read(request, stage.context) == provider_pb2.ReadResponse()


def test_refresh_keeps_in_the_state_what_shows_that_records_were_cut() -> None:
    world, records = Simulation(first=True), MemoryRecords()
    append(records, lambda lines: {"what": 1})
    stage, known = Stage(replace(world.world, records=records)), {"seq": 4, "hash": "a" * 64}
    state = {**recorded(world), "record": known, "serving": serving().model_dump(mode="json", by_alias=True)}
    request = provider_pb2.ReadRequest(
        id="shop/checkout", urn=URN, inputs=to_struct(recorded(world)), properties=to_struct(state)
    )
    kept = to_plain(stage.provider.Read(request, stage.context).properties)
    assert kept["record"] == known
    assert kept.get("serving") is None, "nothing serves, so the next update must not wait for it"
    records.lines.clear()
    assert stage.provider.Read(request, stage.context) == provider_pb2.ReadResponse()


def test_refresh_looks_at_the_records_where_the_state_says_that_they_lie(tmp_path: Path) -> None:
    world, setting = Simulation(first=True), {"kind": "folder", "path": str(tmp_path)}
    stage, known = Stage(replace(world.world, records=MemoryRecords())), {"seq": 4, "hash": "a" * 64}
    append(FolderRecords(tmp_path, "checkout"), lambda lines: {"what": 1})
    state = recorded(world, records=setting)
    request = provider_pb2.ReadRequest(
        id="shop/checkout", urn=URN, inputs=to_struct(state), properties=to_struct({**state, "record": known})
    )
    assert to_plain(stage.provider.Read(request, stage.context).properties)["record"] == known
    (tmp_path / "checkout.jsonl").unlink()
    assert stage.provider.Read(request, stage.context) == provider_pb2.ReadResponse()


@pytest.mark.parametrize(("setting", "same"), [(None, False), ({"kind": "folder", "path": "records"}, True)])
def test_a_service_that_moves_begins_another_chain_unless_its_records_lie_elsewhere(
    setting: dict[str, Any] | None, same: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Update, "run", lambda self: {})
    world, known = Simulation(first=True), {"seq": 4, "hash": "a" * 64}
    records = MemoryRecords()
    append(records, lambda lines: {"what": 1})
    stage = Stage(replace(world.world, records=records))
    old, new = wanted(records=setting), wanted(records=setting, namespace="elsewhere")
    request = provider_pb2.DiffRequest(
        urn=URN,
        old_inputs=to_struct(old.to_wire()),
        news=to_struct(new.to_wire()),
        olds=to_struct({**old.to_wire(), "record": known}),
    )
    assert list(stage.provider.Diff(request, stage.context).replaces) == ["namespace"]
    created = stage.create(new)
    assert created is not None
    record = to_plain(created.properties)["record"]
    assert record["seq"] == 0 and ("broken" in record) is same
    failing(monkeypatch)
    assert stage.create(new) is None
    assert stage.context.stands is not None
    kept = stage.context.stands.get("record")
    assert kept == (known if same else None), "a create that fails leaves what its next update goes on from"


@pytest.mark.parametrize("journal", [head().to_json(), {"format": 9, "service": "checkout", "serving": "other"}, None])
def test_destroy_needs_service_and_namespace_only(journal: dict[str, Any] | None) -> None:
    world = Simulation()
    if journal is not None:
        world.journal.save(journal, None)
    stage, state = Stage(world.world), recorded(world, candidate=None, strategy=None)
    stage.provider.Delete(provider_pb2.DeleteRequest(urn=URN, old_inputs=to_struct(state)), stage.context)
    assert world.router.read() is None
    assert world.journal.load() is None
    assert world.lease.read() is None


def test_a_rollout_is_created_refreshed_and_deleted_in_its_own_target() -> None:
    world, seen = Simulation(first=True), []
    target = {"name": "eu", "context": "eu-prod", "namespace": "shop"}
    inputs = wanted(namespace=None, target=target)
    stage = Stage(world.world)

    def connect(where: RolloutInputs | operations.Place, stack: str) -> Adapters:
        seen.append(where.where)
        return world.world

    provider = SlipwayProvider(stage.engine, connect, HoldBack(0.0), stage.process)  # type: ignore[arg-type]
    state = to_struct(inputs.to_wire())
    created = provider.Create(provider_pb2.CreateRequest(urn=URN, properties=state, preview=True), stage.context)
    assert created.id == "eu/shop/checkout"
    provider.Read(provider_pb2.ReadRequest(id=created.id, urn=URN, inputs=state), stage.context)
    provider.Delete(provider_pb2.DeleteRequest(id=created.id, urn=URN, old_inputs=state), stage.context)
    assert set(seen) == {parse_target(target)}


def test_a_state_that_names_no_service_is_one_clear_line() -> None:
    world = remembering(head())
    stage = Stage(world.world)
    request = provider_pb2.ReadRequest(id="shop/checkout", urn=URN, properties=to_struct({"namespace": "shop"}))
    with pytest.raises(Answered, match="service: the recorded state does not name it"):
        stage.provider.Read(request, stage.context)


def test_the_difference_is_told_of_inputs_that_another_version_wrote() -> None:
    world = Simulation(wanted("aaaaaaaa"))
    world.journal.save(head().to_json(), None)
    stage, state = Stage(world.world), {**world.wanted.to_wire(), "surprise": 1}
    request = provider_pb2.DiffRequest(urn=URN, old_inputs=to_struct(state), news=to_struct(state))
    assert list(stage.provider.Diff(request, stage.context).diffs) == ["surprise"]


def test_a_cancel_outside_of_a_rollout_does_not_stick(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bool] = []

    def run(self: Update) -> dict[str, Any]:
        seen.append(self._cancelled.is_set())
        return {}

    monkeypatch.setattr(Update, "run", run)
    stage = Stage(remembering(head()).world)
    stage.provider.Cancel(empty_pb2.Empty(), stage.context)
    stage.update(wanted())
    stage.provider.Cancel(empty_pb2.Empty(), stage.context)
    stage.update(wanted())
    assert seen == [False, False]


def test_a_cancel_reaches_the_rollout_in_flight(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage(remembering(head()).world)
    seen: list[bool] = []

    def run(self: Update) -> dict[str, Any]:
        stage.provider.Cancel(empty_pb2.Empty(), stage.context)
        seen.append(self._cancelled.is_set())
        return {}

    monkeypatch.setattr(Update, "run", run)
    stage.update(wanted())
    assert seen == [True]


def test_a_secret_among_the_inputs_is_refused_by_its_name() -> None:
    secret = {structs.SIGNATURE: structs.SECRET, "value": "http://prometheus.example"}
    answer = Stage(Simulation().world).check({**wanted().to_wire(), "metrics": {"kind": "prometheus", "url": secret}})
    assert [failure.property for failure in answer.failures] == ["metrics"]
    assert "is a secret" in answer.failures[0].reason


def test_an_update_leaves_a_record_whose_place_and_hash_are_outputs(monkeypatch: pytest.MonkeyPatch) -> None:
    world = remembering(head())
    records = MemoryRecords()
    done = head(attempt=attempt(outcome=Outcome.COMMITTED))

    def run(self: object) -> dict[str, Any]:
        world.journal.save(done.to_json(), "1")
        return {"weights": {}}

    monkeypatch.setattr(Update, "run", run)
    answer = Stage(replace(world.world, records=records)).update(wanted())
    assert answer is not None
    (line,) = lines_of(records.read())
    assert to_plain(answer.properties)["record"] == {"seq": 0, "hash": line.hash}
    assert line.content["event"]["rollout"] == "r1"


def test_an_update_after_records_were_cut_keeps_the_former_anchor(monkeypatch: pytest.MonkeyPatch) -> None:
    world, records = remembering(head()), MemoryRecords()
    monkeypatch.setattr(Update, "run", lambda self: {"weights": {}})
    append(records, lambda lines: {"what": 1})
    stage = Stage(replace(world.world, records=records))
    known = {"seq": 4, "hash": "a" * 64}
    request = provider_pb2.UpdateRequest(
        urn=URN, news=to_struct(wanted().to_wire()), olds=to_struct({**wanted().to_wire(), "record": known})
    )
    kept = to_plain(stage.provider.Update(request, stage.context).properties)["record"]
    assert (kept["seq"], kept["broken"]) == (0, [known])


def test_a_refused_update_leaves_a_record_and_a_preview_of_it_none() -> None:
    records = MemoryRecords()
    stage = Stage(replace(quarantined().world, records=records))
    stage.update(wanted(), preview=True)
    assert records.read() == []
    assert stage.update(wanted()) is None
    (line,) = lines_of(records.read())
    assert (line.content["event"]["ending"], line.content["service"]) == ("refused", "checkout")
