"""Raising an escalation never fails what raises it, and what sends it gets no more of the environment than it needs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from slipway.release.escalation.outbox import Closed, Entry, Outcome, after_try, closed, next_due
from slipway.release.target import KubernetesTarget
from slipway.rollout.escalation.desk import Desk, environment_of, order_of
from slipway.rollout.escalation.outbox import MemoryOutbox, change
from tests.escalations import ALERTMANAGER, PAGERDUTY, SLACK, WEBHOOK, entry, escalation, route
from tests.unit.slipway.rollout.escalation.test_sender import Away

END = Closed(by="rollout r2", at=9.0)


def desk(outbox: MemoryOutbox, *receivers: dict[str, Any]) -> tuple[Desk, list[Entry]]:
    started: list[Entry] = []
    return Desk(route(*receivers), outbox, started.append), started


def delivered(outbox: MemoryOutbox, *receivers: dict[str, Any], **changes: Any) -> None:
    outbox.save(after_try(entry(*receivers, **changes), 0, Outcome("delivered"), 0.0, closing=False), None)


def test_an_escalation_is_written_and_then_sent() -> None:
    outbox = MemoryOutbox()
    raising, started = desk(outbox, WEBHOOK, SLACK)
    assert raising.escalate(escalation()) is None
    assert outbox.entries() == started
    assert [one.receiver.kind for one in started[0].deliveries] == ["webhook", "slack"]


def test_without_the_outbox_it_is_sent_all_the_same_and_that_is_said() -> None:
    outbox = Away()
    outbox.away = True
    raising, started = desk(outbox)
    said = raising.escalate(escalation())
    assert said == "the escalation abort-checkout-1 is not in the outbox yet: the API server is away"
    assert len(started) == 1


def test_a_sender_that_cannot_be_started_is_said() -> None:
    def fail(_: Entry) -> None:
        raise OSError(11, "Resource temporarily unavailable")

    outbox = MemoryOutbox()
    said = Desk(route(), outbox, fail).escalate(escalation())
    assert said is not None
    assert "no process sends the escalation abort-checkout-1" in said
    assert "slipway escalations send" in said
    assert len(outbox.entries()) == 1


def test_a_good_release_ends_what_is_open_about_its_service_and_tells_those_who_know() -> None:
    outbox = MemoryOutbox()
    delivered(outbox, ALERTMANAGER, id="mine")
    delivered(outbox, SLACK, id="told-once")
    delivered(outbox, ALERTMANAGER, id="of-another", service="cart")
    ending, started = desk(outbox)
    assert ending.settle("checkout", END) is None
    assert {one.id for one in outbox.entries() if one.closed is not None} == {"mine", "told-once"}
    assert [one.id for one in started] == ["mine"]


def test_the_next_rollout_sends_what_an_earlier_process_could_not() -> None:
    outbox = MemoryOutbox()
    outbox.save(entry(id="open"), None)
    delivered(outbox, WEBHOOK, id="told")
    delivered(outbox, WEBHOOK, id="ended")
    change(outbox, "ended", lambda one: closed(one, END))
    going, started = desk(outbox)
    assert going.go_on("checkout") is None
    assert [one.id for one in started] == ["ended", "open"]
    assert all(next_due(one) is not None for one in started)


def test_an_outbox_that_is_away_is_said_and_nothing_more() -> None:
    outbox = Away()
    outbox.away = True
    raising, _ = desk(outbox)
    assert "cannot be settled: the API server is away" in (raising.settle("checkout", END) or "")


def test_a_sender_gets_the_secrets_that_its_entry_names_and_no_others() -> None:
    given = {
        "PATH": "/bin",
        "PULUMI_CONFIG_PASSPHRASE": "p",
        "PD_KEY": "r",
        "SLACK_URL": "u",
        "HOOK_SECRET": "s",
        "https_proxy": "http://proxy.example",
        "KUBECONFIG": "k",
    }
    found = environment_of(entry(PAGERDUTY, SLACK), given)
    assert found == {name: given[name] for name in ("PATH", "PD_KEY", "SLACK_URL", "https_proxy", "KUBECONFIG")}


def test_the_order_of_a_sender_holds_no_secret_and_a_whole_path(tmp_path: Path) -> None:
    order = json.loads(order_of(entry(), KubernetesTarget(namespace="shop"), "box"))
    assert order["folder"] == str(Path("box").resolve())
    assert order["entry"]["deliveries"][0]["receiver"]["secret"] == {"env": "HOOK_SECRET"}
    assert order["target"]["namespace"] == "shop"
