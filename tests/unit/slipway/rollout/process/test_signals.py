"""Signals are heard whatever the main thread does at that instant."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

from slipway.rollout.process.signals import signals_to

WITHIN = 60.0
WHILE_LOCKED = """
import os, signal, threading
from slipway.rollout.process.signals import on_signals
stop = threading.Event()
on_signals(lambda number: stop.set())
with stop._cond:  # as Event.wait has it for an instant
    os.kill(os.getpid(), signal.SIGTERM)
    for _ in range(1000):
        pass  # here the handler runs
stop.wait()
print("ended")
"""
WHILE_BLOCKED = """
import os, signal
from threading import Event
from slipway.rollout.process.signals import on_signals
stop = Event()
on_signals(lambda number: os.write(1, b"ended\\n") and os._exit(0))
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])  # another thread takes it, and this one is not woken
os.kill(os.getpid(), signal.SIGTERM)
stop.wait()
"""


def test_a_signal_that_does_not_wake_the_main_thread_is_heard() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", WHILE_BLOCKED], capture_output=True, text=True, timeout=WITHIN, check=True
    )
    assert ended.stdout == "ended\n"


def test_a_signal_within_the_wait_for_the_event_that_it_sets_is_heard() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", WHILE_LOCKED], capture_output=True, text=True, timeout=WITHIN, check=True
    )
    assert ended.stdout == "ended\n"


def test_each_signal_is_told_in_its_order_and_the_former_handlers_come_back() -> None:
    former = signal.getsignal(signal.SIGUSR1), signal.getsignal(signal.SIGUSR2)
    told: list[int] = []
    both = threading.Event()

    def tell(number: int) -> None:
        told.append(number)
        if len(told) == 2:
            both.set()

    with signals_to(tell, (signal.SIGUSR1, signal.SIGUSR2)):
        os.kill(os.getpid(), signal.SIGUSR1)
        os.kill(os.getpid(), signal.SIGUSR2)
        assert both.wait(WITHIN)
    assert told == [signal.SIGUSR1, signal.SIGUSR2]
    assert (signal.getsignal(signal.SIGUSR1), signal.getsignal(signal.SIGUSR2)) == former
