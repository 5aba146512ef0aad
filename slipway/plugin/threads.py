"""Threads for the calls of a gRPC server: one for each call, made when it comes, so that none waits for another."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any

SPARE = 4
"""Threads that are made beforehand, for calls that come when the system gives no more."""


class ThreadPerCall(Executor):
    """Runs each call at once in a thread of its own.

    A rollout holds its thread until it ends. In a pool of a fixed size `Cancel` waits for one to get free: with 256
    rollouts in flight in a pool of 256, Ctrl-C was dead. The threads are daemons: a call that does not end within the
    time that the server gives it does not keep the process alive.
    """

    def __init__(self) -> None:
        self._spare = ThreadPoolExecutor(SPARE, thread_name_prefix="spare")
        all_there = threading.Barrier(SPARE)
        for _ in range(SPARE):
            self._spare.submit(all_there.wait)

    def submit(self, call: Callable[..., Any], /, *args: object, **kwargs: object) -> Future[Any]:
        """Start it. Never raises for want of threads: then a spare one takes the call."""
        future: Future[Any] = Future()
        thread = threading.Thread(target=_run, args=(future, call, args, kwargs), name="call", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            return self._spare.submit(call, *args, **kwargs)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the spare threads; the others end with their calls."""
        self._spare.shutdown(wait=wait, cancel_futures=cancel_futures)


def _run(future: Future[Any], call: Callable[..., Any], args: tuple[object, ...], kwargs: dict[str, object]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = call(*args, **kwargs)
    except BaseException as error:
        future.set_exception(error)
    else:
        future.set_result(result)
