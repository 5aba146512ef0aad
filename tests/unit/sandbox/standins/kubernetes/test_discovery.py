from __future__ import annotations

from collections.abc import Callable

import pytest

from sandbox.standins.kubernetes import discovery
from sandbox.standins.kubernetes.discovery import Discovery, NoSuchKindError, Place
from sandbox.standins.kubernetes.tokens import Kind
from tests.unit.sandbox.standins.kubernetes.server import Answer, Call, serving, status

DEPLOYMENTS = {"kind": "Deployment", "name": "deployments", "namespaced": True}
SUBRESOURCE = {"kind": "Scale", "name": "deployments/scale", "namespaced": True}


def listing(*resources: dict[str, object]) -> Callable[[Call], Answer]:
    return lambda _: (200, {"resources": list(resources)})


def test_a_kind_is_found_and_asked_for_once() -> None:
    with serving(listing(DEPLOYMENTS, SUBRESOURCE)) as server:
        found = Discovery(server.api())
        for _ in range(3):
            place = found.place(Kind("apps", "v1", "Deployment"))
    assert place.object("shop", "web") == "/apis/apps/v1/namespaces/shop/deployments/web"
    assert [call.path for call in server.calls] == ["/apis/apps/v1"]


def test_the_core_group_has_a_root_of_its_own_and_cluster_wide_kinds_no_namespace() -> None:
    with serving(listing({"kind": "Namespace", "name": "namespaces", "namespaced": False})) as server:
        place = Discovery(server.api()).place(Kind("", "v1", "Namespace"))
    assert place == Place("/api/v1", "namespaces", False)
    assert place.object("ignored", "shop") == "/api/v1/namespaces/shop"


def test_a_kind_that_is_defined_later_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery, "FRESH", 0.0)
    answers: list[Answer] = [status(404, "no such group"), (200, {"resources": [DEPLOYMENTS]})]
    with serving(lambda _: answers.pop(0)) as server:
        found = Discovery(server.api())
        with pytest.raises(NoSuchKindError, match="CustomResourceDefinition"):
            found.place(Kind("apps", "v1", "Deployment"))
        assert found.place(Kind("apps", "v1", "Deployment")).plural == "deployments"


def test_a_missing_kind_is_not_asked_for_over_and_over() -> None:
    with serving(listing()) as server:
        found = Discovery(server.api())
        for _ in range(5):
            with pytest.raises(NoSuchKindError):
                found.place(Kind("apps", "v1", "Deployment"))
    assert len(server.calls) == 1
