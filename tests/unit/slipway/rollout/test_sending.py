"""The process that sends: killed at any instant, with receivers that fail in every way, it loses nothing."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from slipway.release.escalation.formats import signature
from slipway.release.escalation.outbox import Entry
from slipway.release.target import KubernetesTarget
from slipway.rollout.escalation.desk import environment_of, order_of
from slipway.rollout.escalation.outbox import FolderOutbox, add
from tests.escalations import entry

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - of the specification's example
SLACK_PATH = "/services/T000/B000/S3CRET"
SEED, ESCALATIONS, KILLS = 20261126, 4, 6


class Receiver(ThreadingHTTPServer):
    """Takes webhooks, Slack messages and alerts. By its seed it answers 503, 429, or too late to be heard; what it has
    answered 200 or 202 counts as taken, and `seen` has every id that it was sent."""

    daemon_threads = True

    def __init__(self, seed: int, *, always: int = 0) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.dice = random.Random(seed)  # noqa: S311
        self.always = always
        self.taken: Counter[str] = Counter()
        self.seen: Counter[str] = Counter()
        self.bad: list[str] = []
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Receiver
    FAULTS: ClassVar[tuple[int, ...]] = (503, 503, 429, 0, 200, 200, 200)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        with self.server.lock:
            known = self._id(body)
            status = self.server.always or self.server.dice.choice(self.FAULTS)
            self.server.seen[known] += 1
            if status in (0, 200):
                self.server.taken[known] += 1
        if status == 0:  # taken, but nobody hears of it
            self.connection.close()
            return
        self.send_response(status)
        if status == 429:
            self.send_header("Retry-After", "0")
        self.end_headers()

    def _id(self, body: bytes) -> str:
        if "webhook-id" not in self.headers:
            return str(json.loads(body)["blocks"][1]["text"]["text"].rpartition(" ")[2])
        known, at = self.headers["webhook-id"], int(self.headers["webhook-timestamp"])
        if self.headers["webhook-signature"] != signature(SECRET, known, at, body):
            self.server.bad.append(known)
        return known

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver(SEED) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def started(one: Entry, folder: Path, url: str) -> subprocess.Popen[bytes]:
    named = {**os.environ, "HOOK_SECRET": SECRET, "SLACK_URL": f"{url}{SLACK_PATH}"}
    process = subprocess.Popen(
        [sys.executable, "-m", "slipway.rollout.sending"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment_of(one, named),
    )
    assert process.stdin is not None
    with process.stdin:
        process.stdin.write(order_of(one, KubernetesTarget(namespace="shop"), str(folder)))
    process.stdin = None
    return process


def ended(process: subprocess.Popen[bytes], within: float = 60.0) -> str:
    """What it said."""
    output, _ = process.communicate(timeout=within)
    return output.decode()


def example(number: int, url: str) -> Entry:
    webhook: dict[str, Any] = {"kind": "webhook", "url": f"{url}/hook", "secret": {"env": "HOOK_SECRET"}}
    return entry(webhook, {"kind": "slack", "webhook": {"env": "SLACK_URL"}}, id=f"abort-checkout-{number}")


def test_a_sender_killed_at_any_instant_loses_nothing_and_its_ids_stay(receiver: Receiver, tmp_path: Path) -> None:
    dice = random.Random(SEED)  # noqa: S311
    outbox = FolderOutbox(tmp_path / "box")
    entries = [example(number, receiver.url) for number in range(ESCALATIONS)]
    for one in entries:
        add(outbox, one)
    running = {one.id: started(one, tmp_path / "box", receiver.url) for one in entries}
    said: list[str] = []
    for _ in range(KILLS):
        victim = dice.choice(entries)
        time.sleep(dice.uniform(0.0, 1.5))  # the instant of the kill, not a wait for anything
        running[victim.id].send_signal(signal.SIGKILL)
        said.append(ended(running[victim.id]))
        running[victim.id] = started(victim, tmp_path / "box", receiver.url)
    said += [ended(process) for process in running.values()]

    ids = {one.id for one in entries}
    assert set(receiver.taken) == ids
    assert set(receiver.seen) == ids
    assert all(count >= 2 for count in receiver.taken.values())  # by webhook and by Slack
    assert receiver.bad == []
    for one in outbox.entries():
        assert [delivery.state for delivery in one.deliveries] == ["delivered", "delivered"]
    told = "".join(said) + "".join(path.read_text() for path in (tmp_path / "box").glob("*.json"))
    assert "S3CRET" not in told
    assert SECRET not in told


def test_a_receiver_that_refuses_is_asked_once(tmp_path: Path) -> None:
    with Receiver(SEED, always=400) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        said = ended(started(example(1, server.url), tmp_path / "box", server.url))
        server.shutdown()
    assert server.seen["abort-checkout-1"] == 2
    assert said.count("WAS REFUSED") == 2
    assert all(one.state == "refused" for one in FolderOutbox(tmp_path / "box").entries()[0].deliveries)
    assert "S3CRET" not in said


def test_an_outbox_of_a_cluster_that_cannot_be_named_is_no_reason_not_to_send(tmp_path: Path) -> None:
    with Receiver(SEED, always=200) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        process = subprocess.Popen(
            [sys.executable, "-m", "slipway.rollout.sending"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={
                "PATH": os.environ["PATH"],
                "SLIPWAY_KUBECONFIG": str(tmp_path / "none"),
                "HOOK_SECRET": SECRET,
                "SLACK_URL": f"{server.url}{SLACK_PATH}",
            },
        )
        one = example(1, server.url)
        output, _ = process.communicate(order_of(one, KubernetesTarget(namespace="shop"), None), timeout=60)
        server.shutdown()
    assert "SLIPWAY_KUBECONFIG" in output.decode()
    assert server.taken["abort-checkout-1"] == 2
