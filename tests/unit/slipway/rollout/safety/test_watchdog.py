"""The watchdog's side: which rollouts it puts back, and when."""

from __future__ import annotations

import queue
import subprocess
import threading
from collections.abc import Iterator

from slipway.release.errors import ClusterError
from slipway.release.target import Target, parse_target
from slipway.rollout.adapters import Adapters
from slipway.rollout.safety.rescue import AnyAdapters
from slipway.rollout.safety.watchdog import Watchdog, new_rollout_id
from slipway.rollout.safety.watchdog_process import watchdog_command
from tests.unit.slipway.rollout.simulation import Simulation


def guard(service: str, rollout_id: str, **target: str) -> str:
    """The line that begins it."""
    where = parse_target({"namespace": "shop", **target})
    return f"guard {rollout_id} {service} {where.model_dump_json(exclude_none=True)}\n"


class Provider:
    """What a provider writes to its watchdog, and what the watchdog does."""

    def __init__(self) -> None:
        self.lines: queue.Queue[str | None] = queue.Queue()
        self.said: queue.Queue[str] = queue.Queue()
        self.rescued: queue.Queue[str] = queue.Queue()
        self.watched: queue.Queue[tuple[str, threading.Event]] = queue.Queue()
        self.away = ""
        self.hold = threading.Event()
        self.hold.set()
        self.dog = Watchdog(self.said.put, self._connect, self._act, self._watch)
        self._thread = threading.Thread(target=self.dog.run, args=(self._read(),), daemon=True)
        self._thread.start()

    def say(self, *lines: str) -> None:
        for line in lines:
            self.lines.put(line)

    def die(self) -> list[str]:
        """The pipe ends; what was put back by the time that the watchdog ends."""
        self.lines.put(None)
        self._thread.join(10.0)
        assert not self._thread.is_alive()
        return sorted(self.rescued.queue)

    def answers(self, number: int) -> list[str]:
        return sorted(self.said.get(timeout=10.0) for _ in range(number))

    def _read(self) -> Iterator[str]:
        while (line := self.lines.get()) is not None:
            yield line

    def _connect(self, service: str, target: Target) -> Adapters:
        if service == self.away:
            raise ClusterError(f"{target} cannot be reached\nand more")
        return Simulation().world

    def _act(self, world: AnyAdapters, rollout_id: str) -> None:
        self.hold.wait(10.0)
        self.rescued.put(rollout_id)

    def _watch(self, world: AnyAdapters, rollout_id: str, disarmed: threading.Event) -> None:
        self.watched.put((rollout_id, disarmed))


def test_when_its_provider_dies_every_rollout_that_is_guarded_is_put_back() -> None:
    provider = Provider()
    provider.say(guard("checkout", "r1"), guard("cart", "r2"), guard("search", "r3"))
    assert provider.answers(3) == ["ready r1", "ready r2", "ready r3"]
    provider.say("disarm r2\n")
    assert provider.die() == ["r1", "r3"]


def test_they_are_put_back_at_the_same_time() -> None:
    provider = Provider()
    meeting = threading.Barrier(3)

    def act(world: AnyAdapters, rollout_id: str) -> None:
        meeting.wait(10.0)
        provider.rescued.put(rollout_id)

    provider.dog._act = act
    provider.say(guard("checkout", "r1"), guard("cart", "r2"), guard("search", "r3"))
    assert provider.die() == ["r1", "r2", "r3"]


def test_on_demand_one_is_put_back_while_its_provider_lives_and_not_again_afterwards() -> None:
    provider = Provider()
    provider.say(guard("checkout", "r1"), guard("cart", "r2"), "act r1\n")
    assert provider.rescued.get(timeout=10.0) == "r1"
    provider.say("disarm r2\n", "act r1\n")
    assert provider.die() == []


def test_it_ends_only_when_what_it_puts_back_is_back() -> None:
    provider = Provider()
    provider.hold.clear()
    provider.say(guard("checkout", "r1"), "act r1\n")
    provider.lines.put(None)
    provider._thread.join(0.05)
    assert provider._thread.is_alive()
    provider.hold.set()
    assert provider.die() == ["r1"]


def test_a_cluster_that_cannot_be_reached_is_said_in_one_line_and_the_others_are_guarded() -> None:
    provider = Provider()
    provider.away = "checkout"
    provider.say(guard("checkout", "r1"), guard("cart", "r2"))
    assert provider.answers(2) == ["error r1 shop cannot be reached", "ready r2"]
    assert provider.die() == ["r2"]


def test_each_rollout_that_is_guarded_is_watched_until_it_is_disarmed() -> None:
    provider = Provider()
    provider.say(guard("checkout", "r1"))
    rollout_id, disarmed = provider.watched.get(timeout=10.0)
    assert (rollout_id, disarmed.is_set()) == ("r1", False)
    provider.say("disarm r1\n")
    provider.die()
    assert disarmed.is_set()


def test_a_line_that_was_cut_off_disarms_nothing() -> None:
    provider = Provider()
    provider.say(guard("checkout", "r10"), "disarm r1", "guard r1 checkout\n", "\n")
    assert provider.die() == ["r10"]


def test_the_process_ends_with_its_input_and_does_nothing_unasked() -> None:
    done = subprocess.run(watchdog_command(), input=b"", capture_output=True, timeout=60.0, check=False)
    assert (done.returncode, done.stdout) == (0, b"")


def test_ids_are_new_and_fit_into_names() -> None:
    ids = {new_rollout_id() for _ in range(100)}
    assert len(ids) == 100
    assert all(one.isalnum() and len(one) <= 16 for one in ids)


def test_a_rollout_is_put_back_in_its_own_cluster() -> None:
    seen: queue.Queue[Target] = queue.Queue()
    provider = Provider()
    connect = provider.dog._connect

    def noted(service: str, target: Target) -> AnyAdapters:
        seen.put(target)
        return connect(service, target)

    provider.dog._connect = noted
    provider.say(guard("checkout", "r1", name="eu", context="admin @ eu"), guard("checkout", "r2", name="us"))
    assert provider.answers(2) == ["ready r1", "ready r2"]
    assert provider.die() == ["r1", "r2"]
    found = sorted((one.name, one.context) for one in seen.queue)
    assert found == [("eu", "admin @ eu"), ("eu", "admin @ eu"), ("us", None), ("us", None)]


def test_a_target_that_it_does_not_understand_is_not_said_to_be_guarded() -> None:
    provider = Provider()
    provider.say('guard r1 checkout {"kind": "ecs"}\n')
    assert provider.answers(1) == ["error r1 the watchdog does not understand the target of checkout"]
    assert provider.die() == []
