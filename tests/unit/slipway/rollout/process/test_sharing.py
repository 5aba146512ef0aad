"""One request for many that ask."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest

from slipway.release.errors import ClusterError
from slipway.rollout.process.sharing import OLDEST, RECENT, REMEMBERED, Shared, recent


class Server:
    """Answers each key with the number of the request; `gate` holds requests, `clock` tells seconds."""

    def __init__(self) -> None:
        self.asked: list[frozenset[str]] = []
        self.seconds = 100.0
        self.takes = 0.0
        self.error: Exception | None = None
        self.gate = threading.Event()
        self.gate.set()
        self.arrived = threading.Semaphore(0)
        self.shared: Shared[str, int] = Shared(self._fetch, lambda: self.seconds)

    def _fetch(self, keys: Collection[str]) -> Mapping[str, int]:
        self.asked.append(frozenset(keys))
        number = len(self.asked)
        self.arrived.release()
        assert self.gate.wait(10.0)
        self.seconds += self.takes
        if self.error is not None:
            raise self.error
        return {key: number for key in keys if key != "nothing"}

    def get(self, key: str, reader: str | None = None, max_age: float = 1.0) -> int | None:
        return self.shared.get(key, reader or key, max_age)


@pytest.fixture
def server() -> Server:
    return Server()


def test_what_another_has_just_read_with_this_key_is_the_answer(server: Server) -> None:
    assert [server.get("a"), server.get("b")] == [1, 2]
    server.seconds += 0.5
    assert [server.get("b"), server.get("a")] == [3, 3]
    assert server.asked == [{"a"}, {"a", "b"}, {"a", "b"}]


def test_whoever_is_alone_asks_each_time_anew(server: Server) -> None:
    assert [server.get("a") for _ in range(3)] == [1, 2, 3]


def test_two_readers_of_one_key_may_have_one_answer(server: Server) -> None:
    assert [server.get("a", "x"), server.get("a", "y"), server.get("a", "y")] == [1, 1, 2]


def test_nothing_is_older_than_the_reader_takes(server: Server) -> None:
    server.get("a")
    server.get("b")
    server.seconds += 1.0
    assert server.get("a", max_age=1.0) == 2
    server.get("b")
    server.seconds += 1.1
    assert server.get("a", max_age=1.0) == 4


def test_what_was_begun_before_a_moment_does_not_count_for_who_wants_it_later(server: Server) -> None:
    server.get("a")
    server.get("b")
    server.seconds += 0.2
    assert server.get("a", max_age=0.1) == 3


def test_many_at_once_wait_for_one_request_and_share_the_next(server: Server) -> None:
    server.gate.clear()
    with ThreadPoolExecutor(20) as pool:
        first = pool.submit(server.get, "k0")
        assert server.arrived.acquire(timeout=10.0)
        others = [pool.submit(server.get, f"k{number}") for number in range(1, 20)]
        while len(server.shared._asked) < 20:
            threading.Event().wait(0.001)
        server.gate.set()
        assert first.result(10.0) == 1
        assert [other.result(10.0) for other in others] == [2] * 19
    assert len(server.asked) == 2


def test_a_failure_is_that_of_all_who_waited_for_it_and_of_nobody_later(server: Server) -> None:
    server.get("a")
    server.get("b")
    server.error = ClusterError("away")
    for key in ("b", "a"):
        with pytest.raises(ClusterError, match="away"):
            server.get(key)
    assert len(server.asked) == 3
    server.error = None
    assert server.get("a") == 4


def test_a_key_of_which_there_is_nothing_is_none(server: Server) -> None:
    assert server.get("nothing") is None


def test_a_key_that_nobody_asks_for_any_more_is_forgotten(server: Server) -> None:
    server.get("a")
    server.seconds += REMEMBERED + 1.0
    server.get("b")
    assert server.asked[-1] == {"b"}


def test_a_slow_server_is_asked_less_often(server: Server) -> None:
    server.takes = 0.1
    assert server.get("a") == 1
    server.seconds += 0.2
    assert server.get("a") == 1
    server.seconds += 0.2
    assert server.get("a") == 2


def test_who_looks_less_often_may_read_what_is_older_within_a_bound() -> None:
    assert [recent(every) for every in (0.5, 1.0, 1.5, 2.0, 10.0)] == [RECENT, 1.0, 1.5, 2.0, OLDEST]
