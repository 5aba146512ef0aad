from __future__ import annotations

import socket

import pytest

from sandbox.standins.kubernetes.client import ATTEMPTS, Api, ApiError, UnreachableError
from tests.unit.sandbox.standins.kubernetes.server import Answer, Call, FakeServer, serving, status


def test_an_apply_is_a_patch_with_its_manager() -> None:
    with serving(lambda call: (200, call.body)) as server:
        body = {"kind": "ConfigMap", "data": {"a": "1"}}
        back = server.api().apply("/x", body, manager="m", force=True, dry_run=True, warn=lambda _: None)
    assert back == body
    (call,) = server.calls
    assert (call.method, call.path, call.content_type) == ("PATCH", "/x", "application/apply-patch+yaml")
    assert call.query == {"fieldManager": "m", "force": "true", "fieldValidation": "Warn", "dryRun": "All"}


def test_warnings_of_the_server_are_passed_on() -> None:
    warned: list[str] = []
    with serving(lambda _: (200, {}, {"Warning": '299 - "unknown field \\"spec.x\\""'})) as server:
        server.api().apply("/x", {}, manager="m", force=False, dry_run=False, warn=warned.append)
    assert warned == ['unknown field "spec.x"']


def test_a_refusal_is_the_servers_own_sentence() -> None:
    refusal = status(409, "somebody else", "Conflict", name="a")
    with serving(lambda _: refusal) as server, pytest.raises(ApiError, match="somebody else") as caught:
        server.api().get("/x")
    assert caught.value.conflict
    assert caught.value.details == {"name": "a"}
    assert len(server.calls) == 1


def test_a_missing_namespace_is_told_from_a_missing_object() -> None:
    with serving(lambda call: status(404, "gone", "NotFound", kind=call.path.strip("/"))) as server:
        for kind, missing in (("namespaces", True), ("pods", False)):
            with pytest.raises(ApiError) as caught:
                server.api().get(f"/{kind}")
            assert caught.value.not_found
            assert caught.value.namespace_missing is missing


def test_a_busy_server_is_asked_again() -> None:
    answers: list[Answer] = [(429, {}, {"Retry-After": "0"}), (503, {}, {"Retry-After": "0"}), (200, {"ok": True})]
    with serving(lambda _: answers.pop(0)) as server:
        assert server.api().get("/x") == {"ok": True}
    assert len(server.calls) == 3


def test_a_server_that_stays_busy_is_an_error_in_the_end() -> None:
    busy = (503, {"message": "busy"}, {"Retry-After": "0"})
    with serving(lambda _: busy) as server, pytest.raises(ApiError, match="busy"):
        server.api().get("/x")
    assert len(server.calls) == ATTEMPTS


def test_a_closed_api_stops_asking_and_says_whom() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: connections are refused
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        api = Api(FakeServer(url).settings())
        api.close()
        with pytest.raises(UnreachableError, match=url):
            api.get("/x")


def test_an_answer_that_is_no_json_is_quoted() -> None:
    def answer(_: Call) -> Answer:
        return 502, "bad gateway"

    with serving(answer) as server, pytest.raises(ApiError, match="bad gateway"):
        server.api().get("/x")
