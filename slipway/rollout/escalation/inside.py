"""Sends escalations from threads of this process, where no other one outlives it: in a pod."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from slipway.release.escalation.outbox import Entry
from slipway.rollout.escalation.outbox import Outbox
from slipway.rollout.escalation.sender import Sender

POLL = 1.0


class SendingThreads:
    """One thread for each entry; `tell` takes a line. What is left when the process ends is in the outbox, for the next
    one."""

    def __init__(self, outbox: Outbox, tell: Callable[[str], None]) -> None:
        self._outbox = outbox
        self._tell = tell
        self._threads: dict[str, threading.Thread] = {}

    def start(self, entry: Entry) -> None:
        """Begin to send it, unless that is under way."""
        running = self._threads.get(entry.id)
        if running is not None and running.is_alive():
            return
        sender = Sender(self._outbox, entry, self._tell)
        thread = threading.Thread(target=sender.run, args=(time.time, time.sleep), name=f"send-{entry.id}", daemon=True)
        self._threads[entry.id] = thread
        thread.start()

    def wait(self, told_to_go: threading.Event) -> bool:
        """Until everything is sent and closed, or this process is to end; whether everything is."""
        while any(one.is_alive() for one in self._threads.values()):
            if told_to_go.wait(POLL):
                return False
        return True
