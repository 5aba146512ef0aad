"""The rollouts of a process side by side in one line."""

from __future__ import annotations

import queue

import pytest

from slipway.plugin.live_line import LiveLine, side_by_side

WAIT = 10.0


class Screen:
    def __init__(self, width: int | None = 80) -> None:
        self.columns = width
        self.drawn: queue.Queue[str] = queue.Queue()

    def width(self) -> int | None:
        return self.columns

    def draw(self, line: str) -> None:
        self.drawn.put(line)


@pytest.mark.parametrize("width", [79, 109, 149])
@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_every_service_has_its_turn_and_none_is_cut(width: int, count: int) -> None:
    services = [lambda room, name=f"s{index}": name.ljust(max(room, 38), ".") for index in range(count)]
    seen: set[str] = set()
    for turn in range(count):
        line = side_by_side(services, width, turn)
        assert len(line) <= width
        seen |= {part[:2] for part in line.split(" | ") if part.startswith("s")}
    assert len(seen) == count


def test_two_services_stand_side_by_side_at_80_columns() -> None:
    line = side_by_side([lambda room: "a" * room, lambda room: "b" * room], 79, 0)
    assert line == "a" * 38 + " | " + "b" * 38


def test_those_that_have_to_wait_are_counted() -> None:
    assert side_by_side([lambda room: "a", lambda room: "b", lambda room: "c"], 109, 0) == "a | b | +1"


def test_the_line_is_drawn_again_until_the_rollout_is_over_and_then_it_is_empty() -> None:
    screen = Screen()
    live = LiveLine(screen, again=0.001)
    live.show("urn", lambda width: f"at {width}")
    assert [screen.drawn.get(timeout=WAIT) for _ in range(3)] == ["at 79"] * 3
    live.end("urn")
    rest = list(screen.drawn.queue)
    assert rest[-1] == ""


def test_a_terminal_without_a_tree_is_left_alone() -> None:
    screen = Screen(None)
    live = LiveLine(screen)
    live.show("urn", lambda width: "line")
    live.end("urn")
    assert screen.drawn.empty()
