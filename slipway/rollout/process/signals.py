"""Signals, heard whatever the main thread does.

Python runs a handler in the main thread between any two of its instructions. Within `threading.Event.wait` that thread
holds the lock that `Event.set` takes, so a handler that sets an event may wait for itself for ever; and a handler that
is due just as the thread blocks runs only when it wakes, which may be never. Here the interpreter writes the number of
each signal into a socket at once (`signal.set_wakeup_fd`), and a thread that reads it does the rest.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
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
    written, former_descriptor = _listen(do, numbers)
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(former_descriptor)
        written.close()


def _listen(do: Callable[[int], None], numbers: Sequence[signal.Signals]) -> tuple[socket.socket, int]:
    """The socket that signals are written to, which ends the thread when it is closed, and the former descriptor."""
    read, written = socket.socketpair()
    written.setblocking(False)
    former = signal.set_wakeup_fd(written.fileno(), warn_on_full_buffer=False)

    def tell() -> None:
        # The thread keeps `written` open where the caller does not.
        while written.fileno() >= 0 and (received := read.recv(1)):
            if received[0] in numbers:
                do(received[0])
            elif former >= 0:
                with contextlib.suppress(OSError):
                    os.write(former, received)

    threading.Thread(target=tell, name="signals", daemon=True).start()
    for number in numbers:
        signal.signal(number, _handle)
    return written, former


def _handle(_number: int, _frame: FrameType | None) -> None:
    """Nothing: it stands in the place of the default, which would end the process."""
