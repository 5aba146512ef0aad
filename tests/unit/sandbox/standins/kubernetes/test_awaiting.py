from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.standins.errors import StandInError
from sandbox.standins.kubernetes import awaiting
from sandbox.standins.kubernetes.awaiting import Waiter, label_selector
from sandbox.standins.kubernetes.failure import NotReadyError
from sandbox.standins.kubernetes.readiness import Needs, Rule, workloads
from tests.unit.sandbox.standins.kubernetes.server import Answer, Call, serving, status

PATH = "/api/v1/namespaces/shop/pods/web"
RULE = Rule(workloads.pod)


def pod(phase: str, **metadata: Any) -> dict[str, Any]:
    identity = {"name": "web", "namespace": "shop", "uid": "1", **metadata}
    return {"kind": "Pod", "metadata": identity, "spec": {}, "status": {"phase": phase}}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(awaiting, "_FIRST_PAUSE", 0.001)
    monkeypatch.setattr(awaiting, "_LONGEST_PAUSE", 0.01)


def scripted(*phases: str) -> Iterator[Answer]:
    for phase in phases[:-1]:
        yield 200, pod(phase)
    while True:
        yield 200, pod(phases[-1])


def test_the_object_is_returned_as_it_is_once_ready() -> None:
    answers, said = scripted("Pending", "Running", "Succeeded"), list[str]()
    with serving(lambda _: next(answers)) as server:
        waiter = Waiter(server.api(), threading.Event())
        live = waiter.until_ready(PATH, pod("Pending"), RULE, 30, said.append)
    assert live["status"]["phase"] == "Succeeded"
    assert said[0] == "waiting for the pod to become ready"
    assert said[-1] == "ready"


def test_an_object_that_is_ready_at_once_is_not_asked_for() -> None:
    with serving(lambda _: status(500, "not to be asked")) as server:
        waiter = Waiter(server.api(), threading.Event())
        assert waiter.until_ready(PATH, pod("Succeeded"), RULE, 30, lambda _: None) == pod("Succeeded")
    assert server.calls == []


def test_a_final_failure_ends_the_wait_with_its_reason() -> None:
    answers = scripted("Failed")
    with serving(lambda _: next(answers)) as server, pytest.raises(NotReadyError) as caught:
        Waiter(server.api(), threading.Event()).until_ready(PATH, pod("Pending"), RULE, 30, lambda _: None)
    assert caught.value.reasons[0] == "Pod shop/web failed"
    assert caught.value.live["status"]["phase"] == "Failed"


def test_the_time_is_named_when_it_is_up() -> None:
    with (
        serving(lambda _: (200, pod("Pending"))) as server,
        pytest.raises(NotReadyError, match=r"not ready within 0\.01 s"),
    ):
        Waiter(server.api(), threading.Event()).until_ready(PATH, pod("Pending"), RULE, 0.01, lambda _: None)


def test_a_cancellation_ends_every_wait() -> None:
    cancelled = threading.Event()
    cancelled.set()
    with serving(lambda _: (200, pod("Pending", finalizers=["a/b"]))) as server:
        waiter = Waiter(server.api(), cancelled)
        with pytest.raises(NotReadyError, match="cancelled while Pod shop/web was not ready"):
            waiter.until_ready(PATH, pod("Pending"), RULE, 30, lambda _: None)
        with pytest.raises(StandInError, match=r"when the operation was cancelled \(finalizers: a/b\)"):
            waiter.until_gone(PATH, "1", 30, lambda _: None)


def test_gone_is_a_404_or_another_object_of_that_name() -> None:
    answers: list[Answer] = [(200, pod("Running")), status(404, "gone")]
    with serving(lambda _: answers.pop(0)) as server:
        Waiter(server.api(), threading.Event()).until_gone(PATH, "1", 30, lambda _: None)
    with serving(lambda _: (200, pod("Running", uid="2"))) as server:
        Waiter(server.api(), threading.Event()).until_gone(PATH, "1", 30, lambda _: None)
    assert len(server.calls) == 1


def test_pods_are_looked_up_only_for_reasons_and_without_rights_there_are_none() -> None:
    deployment = {
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop", "generation": 1},
        "spec": {"selector": {"matchLabels": {"app": "web"}}},
        "status": {"observedGeneration": 1},
    }

    def answer(call: Call) -> Answer:
        assert call.query == {"labelSelector": "app=web"}
        return status(403, "forbidden")

    rule = Rule(workloads.deployment, Needs.PODS)
    with serving(answer) as server:
        verdict = Waiter(server.api(), threading.Event()).judge(deployment, rule)
    assert (verdict.ready, verdict.reasons) == (False, ())
    assert [call.path for call in server.calls] == ["/api/v1/namespaces/shop/pods"]


def test_selectors_are_written_as_queries() -> None:
    expressions = [
        {"key": "a", "operator": "In", "values": ["x", "y"]},
        {"key": "b", "operator": "NotIn", "values": ["z"]},
        {"key": "c", "operator": "Exists"},
        {"key": "d", "operator": "DoesNotExist"},
    ]
    selector = {"matchLabels": {"k": "v"}, "matchExpressions": expressions}
    assert label_selector(selector) == "k=v,a in (x,y),b notin (z),c,!d"
