"""The FlagSet resource: what its check refuses, what its diff sees, and that an update keeps a killed flag off."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from google.protobuf import struct_pb2
from pulumi.runtime.proto import engine_pb2, provider_pb2

from slipway.plugin.flag_set_resource import FlagSetResource
from slipway.plugin.structs import to_plain, to_struct
from slipway.release.errors import ReleaseRefused
from slipway.release.flags.journal import DocumentKind, after_change, after_exposure
from slipway.release.flags.use import FlagUse
from slipway.release.records.chain import lines_of
from slipway.release.records.store import MemoryRecords
from slipway.release.target import KubernetesTarget, Target
from slipway.rollout.flags.writer import FlagWriter
from slipway.rollout.platforms.memory import MemoryDocumentStore
from tests.flags import BATCH, BY, FLAGS, NEW_CART, PAY, declared, kill, resume

URN = "urn:pulumi:prod::releases::slipway:index:FlagSet::flags"
SOME = provider_pb2.DiffResponse.DIFF_SOME
NONE = provider_pb2.DiffResponse.DIFF_NONE
OFF = {"pay": {**PAY, "default": "off"}}


class Engine:
    """Keeps the lines that the resource tells the engine."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def Log(self, request: engine_pb2.LogRequest, timeout: float) -> None:  # noqa: N802
        self.lines.append(request.message)


class Stage:
    """One set of flags in memory, by place and name, and the resource that is asked about it."""

    def __init__(self) -> None:
        self.engine = Engine()
        self.stores: dict[str, MemoryDocumentStore] = {}
        self.chains: dict[str, MemoryRecords] = {}
        self.resource = FlagSetResource(self.engine, self.connect)  # type: ignore[arg-type]

    def connect(self, target: Target, name: str, document: DocumentKind) -> FlagWriter:
        def store(part: str) -> MemoryDocumentStore:
            return self.stores.setdefault(f"{target}/{name}/{part}", MemoryDocumentStore())

        kinds: tuple[DocumentKind, ...] = ("config-map", "feature-flag")
        documents = {kind: store(kind) for kind in kinds}
        records = self.chains.setdefault(name, MemoryRecords())
        return FlagWriter(name, store("journal"), documents, document, now=lambda: 22_320.0, records=records)

    def writer(self, name: str = "flags") -> FlagWriter:
        """Of the set in the namespace `shop`."""
        return self.connect(KubernetesTarget(namespace="shop"), name, "config-map")

    def kill(self, flag: str) -> None:
        self.writer().change(lambda head: after_change(head, kill(flag)))

    def resume(self, flag: str) -> None:
        self.writer().change(lambda head: after_change(head, resume(flag)))

    def check(self, flags: dict[str, Any] | None = None, **props: Any) -> provider_pb2.CheckResponse:
        return self.resource.check(provider_pb2.CheckRequest(urn=URN, news=inputs(flags, **props)))

    def refused(self, flags: dict[str, Any] | None = None, **props: Any) -> list[str]:
        return [failure.reason for failure in self.check(flags, **props).failures]

    def diff(self, old: struct_pb2.Struct, new: struct_pb2.Struct) -> provider_pb2.DiffResponse:
        return self.resource.diff(provider_pb2.DiffRequest(urn=URN, old_inputs=old, news=new))

    def up(self, flags: dict[str, Any] | None = None, *, preview: bool = False, **props: Any) -> dict[str, Any]:
        request = provider_pb2.UpdateRequest(urn=URN, news=inputs(flags, **props), preview=preview)
        return to_plain(self.resource.update(request).properties)

    def delete(self, flags: dict[str, Any] | None = None, urn: str = URN, **props: Any) -> None:
        self.resource.delete(provider_pb2.DeleteRequest(urn=urn, old_inputs=inputs(flags, **props)))

    @property
    def document(self) -> dict[str, Any]:
        found = self.writer().read_document()
        assert found is not None
        flags: dict[str, Any] = found.content["flags"]
        return flags


def inputs(flags: dict[str, Any] | None = None, **props: Any) -> struct_pb2.Struct:
    """What a program gives, as the engine passes it on."""
    content = {"namespace": "shop", "name": "flags", "document": "config-map"}
    return to_struct({**content, "flags": declared(flags).flags_to_wire(), **props})


@pytest.fixture
def stage() -> Stage:
    made = Stage()
    made.up()
    return made


def test_check_tells_every_problem_of_every_flag() -> None:
    def reasons(flags: dict[str, Any]) -> list[str]:
        news = to_struct({"namespace": "shop", "flags": flags})
        found = Stage().resource.check(provider_pb2.CheckRequest(urn=URN, news=news))
        return sorted(failure.reason for failure in found.failures)

    missing = reasons({"b": {**NEW_CART, "owner": 3}, "d": {"kind": "ops", "default": "off"}})
    assert missing[0].startswith("flags.b.owner: must be text")
    assert missing[1].startswith("flags.d.owner: is missing. Write the team")
    unsound = reasons({"a": {**PAY, "default": "x"}, "c": {**BATCH, "targeting": {"iff": []}}})
    assert [reason.partition(":")[0] for reason in unsound] == ["flags.a.default", "flags.c.targeting.iff"]


def test_checked_inputs_are_checked_again_without_a_change(stage: Stage) -> None:
    once = stage.check().inputs
    assert stage.resource.check(provider_pb2.CheckRequest(urn=URN, news=once)).inputs == once


def test_what_is_declared_is_in_the_document(stage: Stage) -> None:
    assert set(stage.document) == set(FLAGS)
    assert stage.document["pay"]["defaultVariant"] == "on"
    assert stage.diff(inputs(), inputs()).changes == NONE


def test_a_preview_writes_nothing() -> None:
    stage = Stage()
    told = stage.up(preview=True)
    assert told["effective"]["batch"] == {"default": "off", "percent": 50, "targeting": False}
    assert stage.writer().journal.read() is None


def test_a_kill_is_told_in_the_preview_and_an_up_keeps_it(stage: Stage) -> None:
    stage.kill("pay")
    assert stage.diff(inputs(), inputs()).changes == NONE
    assert stage.engine.lines == ["pay is off since 00:33 UTC, killed by guard (error-ratio 8.8x)"]
    told = stage.up()["effective"]["pay"]
    assert (told["default"], told["killed"]["by"]) == ("off", "guard")
    assert stage.document["pay"]["defaultVariant"] == "off"


def test_a_rising_exposure_of_a_killed_flag_is_refused_until_a_newer_resume(stage: Stage) -> None:
    more = {**FLAGS, "batch": {**BATCH, "exposure": {"steps": [{"percent": 100}]}}}
    stage.kill("batch")
    (reason,) = stage.refused(more)
    assert "`slipway resume batch --reason ...` first" in reason
    with pytest.raises(ReleaseRefused, match="batch was killed"):
        stage.up(more)
    stage.resume("batch")
    assert stage.refused(more) == []
    stage.up(more)
    assert stage.document["batch"]["targeting"]["if"][1]["fractional"][1] == ["on", 10_000]


def test_a_kill_after_the_check_is_refused_by_the_update_itself(stage: Stage) -> None:
    more = {**FLAGS, "batch": {**BATCH, "exposure": {"steps": [{"percent": 100}]}}}
    assert stage.refused(more) == []
    stage.kill("batch")
    with pytest.raises(ReleaseRefused, match="batch was killed"):
        stage.up(more)
    assert "targeting" not in stage.document["batch"]


def test_a_flag_that_is_on_is_not_removed(stage: Stage) -> None:
    rest = {key: value for key, value in FLAGS.items() if key != "pay"}
    assert "pay is on for some callers" in stage.refused(rest)[0]
    stage.up({**rest, **OFF})
    assert stage.refused(rest) == []
    stage.up(rest)
    assert "pay" not in stage.document


def test_a_document_that_another_changed_is_a_change(stage: Stage) -> None:
    changed = {"flags": {**stage.document, "pay": {**stage.document["pay"], "defaultVariant": "off"}}}
    stage.stores["shop/flags/config-map"].put(changed, "kubectl-edit")
    found = stage.diff(inputs(), inputs())
    assert (found.changes, list(found.diffs)) == (SOME, ["effective"])
    assert stage.engine.lines == ["kubectl-edit changed pay; the update writes what is declared and journaled"]
    stage.up()
    assert stage.document["pay"]["defaultVariant"] == "on"
    assert stage.diff(inputs(), inputs()).changes == NONE


def test_an_exposure_that_a_resume_let_begin_anew_is_a_change(stage: Stage) -> None:
    stage.kill("batch")
    stage.resume("batch")
    assert list(stage.diff(inputs(), inputs()).diffs) == ["effective"]
    stage.up()
    assert "targeting" in stage.document["batch"]


def test_changed_inputs_are_named(stage: Stage) -> None:
    found = stage.diff(inputs(), inputs({**FLAGS, "pay": {**PAY, "owner": "other"}}))
    assert (found.changes, list(found.diffs), list(found.replaces)) == (SOME, ["flags"], [])


def test_the_state_keeps_the_end_of_the_chain_as_the_last_update_left_it(stage: Stage) -> None:
    assert "record" not in stage.up(preview=True)
    outputs = stage.up()
    assert outputs["record"] == lines_of(stage.chains["flags"].read())[-1].anchor.model_dump(mode="json")
    stage.kill("pay")
    request = provider_pb2.ReadRequest(id="shop/flags/flags", urn=URN, properties=to_struct(outputs), inputs=inputs())
    refreshed = to_plain(stage.resource.read(request).properties)
    assert refreshed["record"] == outputs["record"], "a refresh takes no chain for whole"


def test_a_refresh_shows_what_is_in_force(stage: Stage) -> None:
    request = provider_pb2.ReadRequest(id="shop/flags/flags", urn=URN, properties=inputs(), inputs=inputs())
    stage.kill("pay")
    found = stage.resource.read(request)
    assert to_plain(found.properties)["effective"]["pay"]["killed"]["reason"] == "error-ratio 8.8x"
    assert to_plain(found.inputs) == to_plain(inputs())
    assert Stage().resource.read(request).id == ""


def test_the_set_is_not_removed_while_a_flag_is_on(stage: Stage) -> None:
    with pytest.raises(ReleaseRefused, match="pay is on for some callers"):
        stage.delete()
    assert set(stage.document) == set(FLAGS)


def test_a_set_whose_flags_are_off_is_removed() -> None:
    stage = Stage()
    stage.up(OFF)
    stage.delete(OFF)
    assert (stage.writer().journal.read(), stage.writer().read_document()) == (None, None)
    stage.delete(OFF)


def test_another_stack_that_took_over_keeps_the_set(stage: Stage) -> None:
    stage.delete(urn="urn:pulumi:old::releases::slipway:index:FlagSet::flags")
    assert set(stage.document) == set(FLAGS)


def test_another_name_is_refused_while_flags_are_on(stage: Stage) -> None:
    with pytest.raises(ReleaseRefused, match="another name is another set"):
        stage.diff(inputs(), inputs(name="others"))
    stage = Stage()
    stage.up(OFF)
    assert list(stage.diff(inputs(OFF), inputs(OFF, name="others")).replaces) == ["name"]


@pytest.mark.parametrize(("moved", "same"), [({"name": "others"}, False), ({"document": "feature-flag"}, True)])
def test_another_set_begins_another_chain_and_another_document_does_not(moved: dict[str, str], same: bool) -> None:
    stage, known = Stage(), {"seq": 4, "hash": "a" * 64}
    stage.up(OFF)
    old, new = inputs(OFF), inputs(OFF, **moved)
    olds = to_struct({**to_plain(old), "record": known})
    stage.resource.diff(provider_pb2.DiffRequest(urn=URN, old_inputs=old, news=new, olds=olds))
    created = stage.resource.create(provider_pb2.CreateRequest(urn=URN, properties=new))
    assert ("broken" in to_plain(created.properties)["record"]) is same


def test_a_document_of_another_kind_replaces_the_first_once_the_flags_are_off(stage: Stage) -> None:
    with pytest.raises(ReleaseRefused, match="another document is another set"):
        stage.diff(inputs(), inputs(document="feature-flag"))
    stage = Stage()
    stage.up(OFF)
    assert list(stage.diff(inputs(OFF), inputs(OFF, document="feature-flag")).replaces) == ["document"]
    created = provider_pb2.CreateRequest(urn=URN, properties=inputs(OFF, document="feature-flag"))
    assert stage.resource.create(created).id == "shop/flags/flags"
    stage.delete(OFF)
    assert stage.stores["shop/flags/config-map"].read() is None
    assert set(stage.document) == {"pay"}
    assert stage.stores["shop/flags/feature-flag"].written


def test_an_exposure_that_is_under_way_stays_through_an_up(stage: Stage) -> None:
    stage.writer().change(lambda head: after_exposure(head, "new-cart", 5.0, "s1", BY))
    stage.up({**FLAGS, "pay": {**PAY, "owner": "other"}})
    assert json.dumps("new-cart-s1-") in json.dumps(stage.document["new-cart"])


def test_check_says_which_flags_nobody_evaluates_and_that_is_no_change() -> None:
    stage = Stage()
    use = {"url": "http://prometheus.example:9090", "query": 'evaluations{key="{flag}"}', "within": "0.001s"}
    stage.up(OFF, used=use)
    asked: list[str] = []

    def unused(_use: FlagUse, flags: Iterable[str]) -> dict[str, str]:
        asked.extend(flags)
        return {"pay": "no evaluation"}

    stage.resource = replace(stage.resource, unused=unused)
    checked = stage.check(OFF, used=use, observed={"unused": {}}).inputs
    assert asked == []
    later = replace(stage.resource, connect=lambda *place: replace(stage.connect(*place), now=lambda: 99_999.0))
    found = later.check(provider_pb2.CheckRequest(urn=URN, news=inputs(OFF, used=use))).inputs
    assert to_plain(found)["observed"] == {"unused": {"pay": "no evaluation"}}
    assert stage.diff(checked, found).changes == NONE


def test_an_expired_flag_is_warned_of_in_each_preview() -> None:
    stage = Stage()
    stage.check({"new-cart": {**NEW_CART, "expires": "1969-12-31"}})
    assert stage.engine.lines[-1].startswith("new-cart expired 1 day ago (1969-12-31)")
