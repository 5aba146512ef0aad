from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from sandbox.standins.errors import StandInError
from sandbox.standins.kubernetes import objects
from sandbox.standins.kubernetes.objects import Objects, Request, manager_name
from sandbox.standins.kubernetes.tokens import Kind
from tests.unit.sandbox.standins.kubernetes.server import Answer, Call, FakeServer, serving, status

KINDS = {"resources": [{"kind": "ConfigMap", "name": "configmaps", "namespaced": True}]}
INPUTS = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "shop"}}
KIND = Kind("", "v1", "ConfigMap")
PATH = "/api/v1/namespaces/shop/configmaps/a"


def answering(other: Callable[[Call], Answer]) -> Callable[[Call], Answer]:
    return lambda call: (200, KINDS) if call.path == "/api/v1" else other(call)


def request(said: list[str] | None = None, **inputs: Any) -> Request:
    say = (said if said is not None else []).append
    return Request(inputs=INPUTS | inputs, manager="m", timeout=1.0, say=say, warn=lambda _: None)


def objects_of(server: FakeServer, **settings: Any) -> Objects:
    return Objects(server.api(), replace(server.settings(), **settings), threading.Event())


def changes(server: FakeServer) -> list[Call]:
    return [call for call in server.calls if call.method != "GET"]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "_PAUSE", 0.001)


def test_a_namespace_that_is_still_to_come_is_waited_for() -> None:
    missing = status(404, 'namespaces "shop" not found', "NotFound", kind="namespaces")
    answers: list[Answer] = [missing, missing, (200, INPUTS)]
    said: list[str] = []
    with serving(answering(lambda _: answers.pop(0))) as server:
        assert objects_of(server).apply(request(said)) == INPUTS
    assert 'waiting: namespaces "shop" not found' in said


def test_a_namespace_that_never_comes_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "PATIENCE", 0.01)
    missing = status(404, 'namespaces "shop" not found', "NotFound", kind="namespaces")
    expected = 'ConfigMap shop/a was not applied: namespaces "shop" not found'
    with serving(answering(lambda _: missing)) as server, pytest.raises(StandInError, match=expected):
        objects_of(server).apply(request())


def test_a_conflict_names_the_remedy() -> None:
    conflict = status(409, 'conflict with "kubectl" using v1: .data.a', "Conflict")
    remedy = r"kubectl.*pulumi\.com/patchForce"
    with serving(answering(lambda _: conflict)) as server, pytest.raises(StandInError, match=remedy):
        objects_of(server).apply(request())
    assert len(changes(server)) == 1


def test_fields_are_taken_over_only_when_told_to() -> None:
    forced = INPUTS["metadata"] | {"annotations": {"pulumi.com/patchForce": "true"}}  # type: ignore[operator]
    with serving(answering(lambda _: (200, INPUTS))) as server:
        objects_of(server).apply(request())
        objects_of(server).apply(request(metadata=forced))
        objects_of(server, patch_force=True).apply(request())
    assert [call.query["force"] for call in changes(server)] == ["false", "true", "true"]


@pytest.mark.parametrize(
    "answer",
    [
        status(404, "x", "NotFound", kind="namespaces"),
        status(403, "not yours", "Forbidden"),
        status(400, 'admission webhook "w" does not support dry run'),
    ],
)
def test_a_dry_run_that_nobody_can_answer_tells_nothing(answer: Answer) -> None:
    with serving(answering(lambda _: answer)) as server:
        assert objects_of(server).dry_run(request(), create=True) is None
    assert [call.query["dryRun"] for call in changes(server)] == ["All"]


def test_a_dry_run_of_an_unknown_kind_tells_nothing() -> None:
    with serving(lambda _: (200, {"resources": []})) as server:
        assert objects_of(server).dry_run(request(), create=True) is None


def test_a_refusal_of_a_dry_run_is_an_error_unless_the_object_is_to_be_replaced() -> None:
    def answer(call: Call) -> Answer:
        return (200, INPUTS) if call.method == "GET" else status(422, "field is immutable", "Invalid")

    with serving(answering(answer)) as server:
        assert objects_of(server).dry_run(request(), create=True) is None
        with pytest.raises(StandInError, match="field is immutable"):
            objects_of(server).dry_run(request(), create=False)


def test_an_object_that_is_gone_needs_no_delete() -> None:
    with serving(answering(lambda _: status(404, "gone"))) as server:
        objects_of(server).delete(KIND, INPUTS, "shop/a", 1.0, lambda _: None)
    assert changes(server) == []


def test_a_delete_waits_until_the_object_is_gone() -> None:
    live = INPUTS | {"metadata": INPUTS["metadata"] | {"uid": "1"}}  # type: ignore[operator]
    answers: list[Answer] = [(200, live), (200, {}), (200, live), status(404, "gone")]
    with serving(answering(lambda _: answers.pop(0))) as server:
        objects_of(server).delete(KIND, INPUTS, "shop/a", 10.0, lambda _: None)
    assert answers == []
    assert [call.body["propagationPolicy"] for call in changes(server)] == ["Background"]


def test_a_read_by_name_alone_looks_in_the_default_namespace() -> None:
    with serving(answering(lambda _: (200, INPUTS))) as server:
        assert objects_of(server).read(KIND, "a") == INPUTS
    assert server.calls[-1].path == PATH


def test_an_unknown_kind_reads_as_gone() -> None:
    with serving(lambda _: (200, {"resources": []})) as server:
        assert objects_of(server).read(KIND, "shop/a") is None


def test_a_resource_keeps_its_field_manager() -> None:
    first = manager_name("urn:a", INPUTS, None)
    assert first == manager_name("urn:a", INPUTS, None)
    assert first != manager_name("urn:b", INPUTS, None)
    assert first.startswith("pulumi-kubernetes-")
    assert manager_name("urn:a", INPUTS, "recorded") == "recorded"
    noted = {"metadata": {"annotations": {"pulumi.com/patchFieldManager": "mine"}}}
    assert manager_name("urn:a", noted, "recorded") == "mine"
