"""A failure waits for the other rollouts of its update, and for nothing else."""

from __future__ import annotations

import threading
from collections.abc import Callable

from slipway.plugin.holdback import HoldBack


class Clock:
    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def failing(hold: HoldBack) -> tuple[threading.Thread, threading.Event]:
    """A call that fails in a thread of its own; the event is set when its failure is answered."""
    answered, waits = threading.Event(), threading.Event()

    def run() -> None:
        with hold.call():
            waits.set()
            hold.wait()
        answered.set()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert waits.wait(5)
    return thread, answered


def another(hold: HoldBack) -> Callable[[], None]:
    """A call of another service that goes on; the result ends it."""
    end, began, ended = threading.Event(), threading.Event(), threading.Event()

    def run() -> None:
        with hold.call():
            began.set()
            end.wait(5)
        ended.set()

    threading.Thread(target=run, daemon=True).start()
    assert began.wait(5)

    def finish() -> None:
        end.set()
        assert ended.wait(5)

    return finish


def test_a_failure_alone_in_its_update_is_answered_when_the_engine_has_been_quiet() -> None:
    thread, answered = failing(HoldBack(quiet=0.05))
    assert answered.wait(5)
    thread.join(5)


def test_a_failure_waits_while_another_rollout_goes_on_and_no_longer() -> None:
    hold = HoldBack(quiet=0.0)
    finish = another(hold)
    _, answered = failing(hold)
    assert not answered.wait(0.1)
    finish()
    assert answered.wait(5)


def test_two_failures_do_not_wait_for_each_other() -> None:
    hold = HoldBack(quiet=0.05)
    _, first = failing(hold)
    _, second = failing(hold)
    assert first.wait(5)
    assert second.wait(5)


def test_an_engine_that_still_asks_is_waited_for() -> None:
    clock = Clock()
    hold = HoldBack(quiet=5.0, clock=clock)
    with hold.call():
        clock.seconds += 4.0
        assert hold.busy
        clock.seconds += 2.0
        assert not hold.busy
        with hold.call():
            assert hold.busy


def test_a_rollout_that_failed_long_after_all_others_ended_waits_for_nothing() -> None:
    clock = Clock()
    hold = HoldBack(quiet=5.0, clock=clock)
    with hold.call():
        clock.seconds += 60.0
        assert not hold.busy
        hold.wait()


def test_an_interrupt_lets_all_failures_go() -> None:
    hold = HoldBack()
    finish = another(hold)
    _, answered = failing(hold)
    assert not answered.wait(0.05)
    hold.release()
    assert answered.wait(5)
    finish()


def test_the_end_of_one_run_does_not_release_the_failures_of_the_next() -> None:
    hold = HoldBack()
    hold.release()
    finish = another(hold)
    _, answered = failing(hold)
    assert not answered.wait(0.05)
    hold.release()
    assert answered.wait(5)
    finish()


def test_no_failure_is_held_back_for_ever() -> None:
    hold = HoldBack(quiet=0.0, longest=0.05)
    finish = another(hold)
    _, answered = failing(hold)
    assert answered.wait(5)
    finish()
