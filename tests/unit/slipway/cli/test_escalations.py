"""`slipway escalations`: what it lists, closes, sends and tests, with an outbox in a folder and a receiver on
loopback."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from slipway.cli.main import cli
from slipway.release.escalation.outbox import Outcome, after_try
from slipway.rollout.escalation.outbox import FolderOutbox, MemoryOutbox, change
from tests.escalations import WEBHOOK, entry


class Receiver(ThreadingHTTPServer):
    """Answers each request with `status`, and keeps the bodies."""

    status = 200

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.got: list[Any] = []


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        self.server.got.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def project(tmp_path: Path, receiver: Receiver) -> Path:
    url = f"http://127.0.0.1:{receiver.server_port}"
    setting = {
        "owners": {"payments": {"page": [{"kind": "alertmanager", "url": url}]}},
        "fallback": "payments",
        "outbox": str(tmp_path / "box"),
    }
    (tmp_path / "Pulumi.yaml").write_text("name: releases\n")
    config = {"config": {"releases:namespace": "shop", "releases:escalation": setting}}
    (tmp_path / "Pulumi.prod.yaml").write_text(yaml.safe_dump(config))
    return tmp_path


def run(project: Path, *words: str) -> Result:
    return CliRunner().invoke(cli, ["escalations", "-C", str(project), *words])


def raised(project: Path, receiver: Receiver, **changes: Any) -> FolderOutbox:
    outbox = FolderOutbox(project / "box")
    url = f"http://127.0.0.1:{receiver.server_port}"
    outbox.save(entry({"kind": "alertmanager", "url": url}, **changes), None)
    return outbox


def test_an_empty_outbox_is_said(project: Path) -> None:
    found = run(project)
    assert found.exit_code == 0
    assert found.output == f"nothing is escalated in the folder {project}/box\n"


def test_each_escalation_is_listed_with_what_is_known_and_how_far_it_has_come(
    project: Path, receiver: Receiver
) -> None:
    outbox = FolderOutbox(project / "box")
    one = entry(WEBHOOK)
    outbox.save(one, None)
    change(outbox, one.id, lambda now: after_try(now, 0, Outcome("refused", "HTTP 400"), 0.0, closing=False))
    text = run(project).output
    assert text.startswith("checkout: release aborted  page, refused\n")
    assert "hit       37 bad of 1200 requests" in text
    assert "to        webhook http://oncall.example/hook: REFUSED, 1 try; HTTP 400" in text
    (shown,) = json.loads(run(project, "--json").output)["escalations"]
    assert (shown["id"], shown["state"], shown["deliveries"][0]["tries"]) == ("abort-checkout-1", "refused", 1)


def test_an_escalation_is_closed_and_those_who_know_of_it_are_told(project: Path, receiver: Receiver) -> None:
    outbox = raised(project, receiver)
    assert run(project, "send").stdout == "nothing is left to tell\n"
    assert receiver.got[-1][0]["labels"]["escalation"] == "abort-checkout-1"
    closed = run(project, "close", "abort-checkout-1", "--reason", "fixed")
    assert (closed.exit_code, closed.output) == (0, "abort-checkout-1 is closed\n")
    assert receiver.got[-1][0]["endsAt"] < receiver.got[0][0]["endsAt"]
    assert "fixed" in receiver.got[-1][0]["annotations"]["description"]
    ended = outbox.entries()[0].closed
    assert ended is not None
    assert ended.reason == "fixed"
    assert "nothing is escalated" in run(project).output
    assert "closed" in run(project, "--all").output


def test_the_outboxes_of_all_places_are_one(project: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    path = project / "Pulumi.prod.yaml"
    content = yaml.safe_load(path.read_text())
    del content["config"]["releases:escalation"]["outbox"]
    content["config"]["releases:places"] = {"eu": {"target": {"name": "eu", "namespace": "carts"}}}
    path.write_text(yaml.safe_dump(content))
    boxes = {"shop": MemoryOutbox(), "eu/carts": MemoryOutbox()}
    monkeypatch.setattr("slipway.cli.escalations_io.connect_outbox", lambda target, folder: boxes[str(target)])
    told = {"kind": "alertmanager", "url": f"http://127.0.0.1:{receiver.server_port}"}
    boxes["eu/carts"].save(entry(told, id="abort-cart-1", at=1.0), None)
    boxes["shop"].save(entry(told, id="abort-checkout-1", at=2.0), None)
    listed = json.loads(run(project, "--json").output)
    assert listed["outbox"] == "the namespace shop, eu/carts"
    assert [one["id"] for one in listed["escalations"]] == ["abort-cart-1", "abort-checkout-1"]
    assert run(project, "send").stdout == "nothing is left to tell\n"
    assert len(receiver.got) == 2
    assert run(project, "close", "abort-cart-1").exit_code == 0
    assert [one.closed is None for box in boxes.values() for one in box.entries()] == [True, False]


def test_what_nobody_has_cannot_be_closed(project: Path) -> None:
    found = run(project, "close", "abort-nobody-1")
    assert found.exit_code == 1
    assert "has no escalation abort-nobody-1; `slipway escalations` lists them" in found.output


def test_what_cannot_be_delivered_is_named_and_fails_the_command(project: Path, receiver: Receiver) -> None:
    raised(project, receiver)
    receiver.status = 503
    found = run(project, "send")
    assert found.exit_code == 1
    assert "abort-checkout-1: alertmanager http://127.0.0.1:" in found.output
    assert "HTTP 503" in found.output


def test_a_test_reaches_the_owner_ends_at_once_and_stays_nowhere(project: Path, receiver: Receiver) -> None:
    found = run(project, "test", "payments")
    assert found.exit_code == 0, found.output
    assert "took it" in found.output
    first, last = receiver.got
    assert first[0]["labels"]["alertname"] == "SlipwayTest"
    assert "nothing is wrong" in first[0]["annotations"]["description"]
    assert last[0]["endsAt"] < first[0]["endsAt"]
    assert not (project / "box").exists()


def test_a_test_that_does_not_arrive_fails(project: Path, receiver: Receiver) -> None:
    receiver.status = 400
    found = run(project, "--json", "test", "payments")
    assert found.exit_code == 1
    assert json.loads(found.stdout)["passed"] is False


def test_an_owner_without_receivers_is_named_with_those_that_have_some(project: Path) -> None:
    found = run(project, "test", "nobody")
    assert found.exit_code == 1
    assert "has no nobody. Name one of: payments" in found.output


def test_a_stack_without_the_setting_is_told_what_to_write(project: Path) -> None:
    (project / "Pulumi.prod.yaml").write_text("config:\n  releases:namespace: shop\n")
    found = run(project, "-n", "shop", "test", "payments")
    assert found.exit_code == 1
    assert "Pulumi.prod.yaml has no releases:escalation: no owner is told. Write releases:escalation" in found.output
