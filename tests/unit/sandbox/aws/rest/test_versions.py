"""Versions of the sandbox's Lambda as containers, and events as requests to them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from sandbox.aws.ecs.pods import Seen
from sandbox.aws.rest.adapter import is_error, request_of
from sandbox.aws.rest.versions import Versions, task_of

EVENT = {"rawPath": "/cart", "rawQueryString": "a=1", "requestContext": {"http": {"method": "GET"}}}


class Answers(BaseHTTPRequestHandler):
    """200 for all but `/broken`."""

    def do_GET(self) -> None:
        body = self.path.encode()
        self.send_response(503 if self.path == "/broken" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing."""


class Node:
    """Containers that do what a test says."""

    def __init__(self) -> None:
        self.pods: dict[str, Seen] = {}

    def seen(self) -> dict[str, Seen]:
        return dict(self.pods)

    def create(self, task: str, definition: Any, group: str, overrides: Any) -> None:
        self.pods[task] = Seen("Pending", "", {}, {}, "", deleting=False)

    def delete(self, task: str, grace: int | None = None) -> None:
        self.pods.pop(task, None)


@pytest.fixture
def port() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


def version(number: str, port: int) -> dict[str, Any]:
    names = {"AWS_LWA_PORT": str(port), "AWS_LWA_ERROR_STATUS_CODES": "500,502-504"}
    named = {"FunctionName": "cart", "Version": number, "RevisionId": f"r{number}", "ImageUri": "cart@sha256:1"}
    return {**named, "State": "Pending", "MemorySize": 128, "Timeout": 5, "Environment": {"Variables": names}}


def test_a_version_is_active_once_its_container_answers_and_gone_when_it_is_deleted(port: int) -> None:
    node, one = Node(), version("1", port)
    published = [one]
    versions = Versions(node, lambda: published)
    versions.look()
    assert (list(node.pods), one["State"]) == ([task_of(one)], "Pending")
    node.pods[task_of(one)] = Seen("Running", "127.0.0.1", {}, {}, "", deleting=False)
    versions.look()
    assert one["State"] == "Active"
    assert versions.invoke(one, EVENT)["body"]["body"] == "/cart?a=1"
    failed = versions.invoke(one, {**EVENT, "rawPath": "/broken", "rawQueryString": ""})
    assert (failed["error"], "503" in failed["body"]["errorMessage"]) == (True, True)
    published.clear()
    versions.look()
    assert node.pods == {}


def test_a_version_whose_image_is_not_there_has_failed_and_says_so(port: int) -> None:
    node, one = Node(), version("1", port)
    versions = Versions(node, lambda: [one])
    versions.look()
    node.pods[task_of(one)] = Seen("Pending", "", {}, {}, "CannotPullContainerError: no", deleting=False)
    versions.look()
    assert (one["State"], one["StateReason"]) == ("Failed", "CannotPullContainerError: no")


def test_a_container_that_ended_is_started_again_and_meanwhile_every_request_fails(port: int) -> None:
    node, one = Node(), version("1", port)
    versions = Versions(node, lambda: [one])
    versions.look()
    node.pods[task_of(one)] = Seen("Failed", "127.0.0.1", {"function": 1}, {}, "", deleting=False)
    versions.look()
    assert (node.pods, one["State"], versions.invoke(one, EVENT)["error"]) == ({}, "Active", True)
    versions.look()
    assert list(node.pods) == [task_of(one)]


@pytest.mark.parametrize(("status", "bad"), [(200, False), (500, True), (501, False), (503, True), (505, False)])
def test_statuses_are_errors_where_the_function_says_so(status: int, bad: bool) -> None:
    assert is_error(status, "500, 502-504") is bad
    assert not is_error(status, "")


def test_an_event_that_is_no_request_is_posted_whole() -> None:
    assert request_of({"id": 1}, {}) == ("POST", "/events", b'{"id": 1}', {"content-type": "application/json"})
