"""One escalation on its way: at least once to each receiver, whatever fails."""

from __future__ import annotations

from collections.abc import Callable

from slipway.release.errors import ClusterError
from slipway.release.escalation.model import Escalation
from slipway.release.escalation.outbox import Closed, Entry, Outcome, closed
from slipway.release.escalation.receivers import Receiver
from slipway.rollout.escalation.outbox import Held, MemoryOutbox, change
from slipway.rollout.escalation.sender import Sender
from tests.escalations import ALERTMANAGER, SLACK, WEBHOOK, entry

DELIVERED = Outcome("delivered")


class Receivers:
    """Answers each kind of receiver by its script; the last answer stays."""

    def __init__(self, **scripts: list[Outcome]) -> None:
        self.scripts = scripts
        self.got: list[tuple[str, str, bool]] = []
        self.before: Callable[[], object] = lambda: None

    def __call__(self, to: Receiver, about: Escalation, end: Closed | None, now: float) -> Outcome:
        self.before()
        self.got.append((to.kind, about.id, end is not None))
        script = self.scripts.get(to.kind, [DELIVERED])
        return script.pop(0) if len(script) > 1 else script[0]


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def pause(self, seconds: float) -> None:
        self.now += seconds


class Away(MemoryOutbox):
    """Cannot be reached while `away`."""

    away = False

    def load(self, entry_id: str) -> Held | None:
        if self.away:
            raise ClusterError("the API server is away")
        return super().load(entry_id)

    def save(self, entry: Entry, expect: str | None) -> str:
        if self.away:
            raise ClusterError("the API server is away")
        return super().save(entry, expect)

    def entries(self) -> list[Entry]:
        if self.away:
            raise ClusterError("the API server is away")
        return super().entries()


def run(outbox: MemoryOutbox, one: Entry, receivers: Receivers, life: float = 1e5) -> tuple[list[str], Clock]:
    lines: list[str] = []
    clock = Clock()
    Sender(outbox, one, lines.append, receivers).run(clock, clock.pause, life)
    return lines, clock


def test_the_entry_is_in_the_outbox_before_the_first_try_and_its_state_after_each() -> None:
    outbox, receivers = MemoryOutbox(), Receivers(webhook=[Outcome("again", "HTTP 503"), DELIVERED])
    seen: list[int | None] = []
    receivers.before = lambda: seen.append(outbox.entries()[0].deliveries[0].tries if outbox.entries() else None)
    run(outbox, entry(), receivers)
    assert seen == [0, 1]
    assert outbox.entries()[0].deliveries[0].tries == 2


def test_a_failure_is_tried_again_until_it_is_taken_always_by_the_same_id() -> None:
    receivers = Receivers(webhook=[*[Outcome("again", "HTTP 503")] * 4, DELIVERED])
    lines, clock = run(MemoryOutbox(), entry(), receivers)
    assert receivers.got == [("webhook", "abort-checkout-1", False)] * 5
    assert clock.now == 1000.0 + 1 + 2 + 4 + 8
    assert lines[-1] == "escalation abort-checkout-1: webhook http://oncall.example/hook has it"


def test_a_refusal_is_said_loudly_and_never_tried_again() -> None:
    receivers = Receivers(webhook=[Outcome("refused", "HTTP 400: bad field")])
    outbox = MemoryOutbox()
    lines, _ = run(outbox, entry(), receivers)
    assert len(receivers.got) == 1
    assert "WAS REFUSED by webhook http://oncall.example/hook: HTTP 400: bad field" in lines[0]
    assert outbox.entries()[0].refused


def test_one_receiver_that_fails_keeps_no_other_from_being_told() -> None:
    def explode() -> None:
        raise RuntimeError("a bug")

    receivers = Receivers(webhook=[Outcome("again", "HTTP 503")])
    run(MemoryOutbox(), entry(WEBHOOK, SLACK), receivers, life=10)
    assert ("slack", "abort-checkout-1", False) in receivers.got
    receivers.before = explode
    outbox = MemoryOutbox()
    run(outbox, entry(SLACK), receivers, life=1)
    assert outbox.entries()[0].deliveries[0].why == "unexpected RuntimeError"


def test_an_alertmanager_is_told_each_minute_until_somebody_closes_it_and_then_of_the_end() -> None:
    outbox, receivers, clock = MemoryOutbox(), Receivers(), Clock()
    sender = Sender(outbox, entry(ALERTMANAGER), send=receivers)
    for _ in range(200):
        if (at := sender.once(clock())) is None:
            break
        if clock() >= 1200 and outbox.entries()[0].closed is None:
            change(outbox, "abort-checkout-1", lambda one: closed(one, Closed(by="kim", at=clock())))
        clock.pause(min(5.0, max(0.0, at - clock())))
    assert [end for _, _, end in receivers.got] == [False] * 4 + [True]


def test_an_escalation_that_is_closed_is_sent_to_nobody_any_more() -> None:
    outbox, receivers = MemoryOutbox(), Receivers(webhook=[Outcome("again", "HTTP 503")])
    outbox.save(closed(entry(SLACK), Closed(by="kim", at=1.0)), None)
    run(outbox, entry(SLACK), receivers)
    assert receivers.got == []


def test_an_outbox_that_is_away_stops_nothing_and_gets_what_came_of_it_later() -> None:
    outbox = Away()
    outbox.away = True
    receivers, clock = (
        Receivers(webhook=[Outcome("again", "HTTP 503"), Outcome("again", "HTTP 503"), DELIVERED]),
        Clock(),
    )
    sender = Sender(outbox, entry(WEBHOOK), send=receivers)
    sender.once(clock())
    clock.pause(1.0)
    sender.once(clock())
    assert [len(receivers.got), sender.entry.deliveries[0].tries] == [2, 2]
    outbox.away = False
    clock.pause(2.0)
    assert sender.once(clock()) is None
    assert outbox.entries()[0].deliveries[0].tries == 3
    assert outbox.entries()[0].deliveries[0].state == "delivered"


def test_two_senders_of_one_entry_lose_no_result() -> None:
    outbox = MemoryOutbox()
    receivers = Receivers()
    first, second = (Sender(outbox, entry(WEBHOOK, SLACK), send=receivers) for _ in range(2))
    first.once(0.0)
    second.once(0.0)
    assert [one.state for one in outbox.entries()[0].deliveries] == ["delivered", "delivered"]
    assert len(receivers.got) == 2


def test_lines_about_one_failure_become_rare() -> None:
    receivers = Receivers(webhook=[Outcome("again", "HTTP 503")])
    lines, _ = run(MemoryOutbox(), entry(), receivers, life=6000)
    assert 5 < len(lines) < 12
