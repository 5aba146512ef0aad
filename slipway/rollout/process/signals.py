"""Signals, heard without a lock.

Python runs a handler in the main thread between any two of its instructions, also within `threading.Event.wait`, which
then holds the lock that `Event.set` takes: a handler that sets an event may wait for itself for ever. Here the handler
only puts the signal into a queue whose `put` may be interrupted by itself (the documentation of queue.SimpleQueue), and
a thread does the rest.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from queue import SimpleQueue
from types import FrameType

ENDING = (signal.SIGINT, signal.SIGTERM)


def on_signals(do: Callable[[int], None], numbers: Sequence[signal.Signals] = ENDING) -> None:
    """Call `do` with the number of each of these signals, in their order and in a thread of its own, from now on.
    Only the main thread may."""
    _listen(do, numbers)


@contextmanager
def signals_to(do: Callable[[int], None], numbers: Sequence[signal.Signals] = ENDING) -> Iterator[None]:
    """The same for the length of the block; the handlers that were there before are put back."""
    former = {number: signal.getsignal(number) for number in numbers}
    heard = _listen(do, numbers)
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
        heard.put(None)


def _listen(do: Callable[[int], None], numbers: Sequence[signal.Signals]) -> SimpleQueue[int | None]:
    heard: SimpleQueue[int | None] = SimpleQueue()

    def handle(number: int, _frame: FrameType | None) -> None:
        heard.put(number)

    def tell() -> None:
        while (number := heard.get()) is not None:
            do(number)

    threading.Thread(target=tell, name="signals", daemon=True).start()
    for number in numbers:
        signal.signal(number, handle)
    return heard
