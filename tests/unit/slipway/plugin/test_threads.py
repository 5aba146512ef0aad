"""Threads for calls: none waits for another."""

from __future__ import annotations

import threading

import pytest

from slipway.plugin.threads import ThreadPerCall


def test_a_call_is_answered_while_hundreds_of_others_have_not_ended() -> None:
    threads, go = ThreadPerCall(), threading.Event()
    held = [threads.submit(go.wait, 30.0) for _ in range(300)]
    assert threads.submit(lambda: "now").result(timeout=5.0) == "now"
    assert not any(future.done() for future in held)
    go.set()
    assert all(future.result(timeout=5.0) for future in held)
    threads.shutdown()


def test_an_exception_reaches_whoever_waits() -> None:
    def fail() -> None:
        raise ValueError("odd")

    threads = ThreadPerCall()
    with pytest.raises(ValueError, match="odd"):
        threads.submit(fail).result(timeout=5.0)
    threads.shutdown()


def test_a_call_is_answered_when_the_system_gives_no_thread_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    threads = ThreadPerCall()
    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert threads.submit(lambda: "spare").result(timeout=5.0) == "spare"
    monkeypatch.undo()
    threads.shutdown()
