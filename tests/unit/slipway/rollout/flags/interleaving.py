"""Several writers of one set of flags, one call of a store at a time in an order that a test chooses."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from slipway.release.errors import SlipwayError
from slipway.release.flags import journal
from slipway.release.flags.journal import Head
from slipway.rollout.flags.writer import FlagWriter
from slipway.rollout.platforms.base import StoredDocument
from slipway.rollout.platforms.memory import MemoryDocumentStore

Act = Callable[[FlagWriter], object]


class Killed(BaseException):
    """SIGKILL of a process."""


class Process:
    """A writer that stops before each call of a store until it is told to go on, or to die there."""

    def __init__(self, world: World, act: Act) -> None:
        stores = [Stepped(store, self._await_turn) for store in (world.journal, world.document)]
        self._writer = FlagWriter("flags", stores[0], {"config-map": stores[1]})
        self._act = act
        self._turn, self._stopped = threading.Semaphore(0), threading.Semaphore(0)
        self._dies = False
        self.ended = False
        self.succeeded = False
        self.failure: BaseException | None = None
        """What no process may raise."""
        threading.Thread(target=self._run, daemon=True).start()
        self._stopped.acquire()

    def step(self, *, dies: bool = False) -> None:
        """One call of a store, up to the next one; or death in its place."""
        self._dies = dies
        self._turn.release()
        self._stopped.acquire()

    def _await_turn(self) -> None:
        self._stopped.release()
        self._turn.acquire()
        if self._dies:
            raise Killed

    def _run(self) -> None:
        try:
            self._act(self._writer)
            self.succeeded = True
        except (Killed, SlipwayError):
            pass
        except BaseException as error:
            self.failure = error
        self.ended = True
        self._stopped.release()


@dataclass(frozen=True)
class Stepped:
    """A store whose calls wait for their turn."""

    store: MemoryDocumentStore
    wait: Callable[[], None]

    def read(self) -> StoredDocument | None:
        """See DocumentStore."""
        self.wait()
        return self.store.read()

    def write(self, content: Mapping[str, Any], expect: str | None) -> str:
        """See DocumentStore."""
        self.wait()
        return self.store.write(content, expect)

    def delete(self) -> None:
        """See DocumentStore."""
        self.wait()
        self.store.delete()


@dataclass(frozen=True)
class World:
    """Journal and document of one set, and everything that was ever written to them."""

    journal: MemoryDocumentStore = field(default_factory=MemoryDocumentStore)
    document: MemoryDocumentStore = field(default_factory=MemoryDocumentStore)

    def writer(self) -> FlagWriter:
        """One that nothing interrupts."""
        return FlagWriter("flags", self.journal, {"config-map": self.document})

    @property
    def head(self) -> Head:
        """What the journal says."""
        found = self.journal.read()
        assert found is not None
        return journal.parse(found.content)

    def is_off(self, flag: str) -> bool:
        """Whether the document has it off."""
        found = self.document.read()
        assert found is not None
        return bool(found.content["flags"][flag]["defaultVariant"] == "off")

    def standing(self) -> set[tuple[str, str]]:
        """Flag and id of the kills that were once written anywhere, and that no resume ended."""
        named = {(kill.flag, kill.id) for written in self.document.written for kill in journal.named(written)}
        journaled = {
            (change.flag, change.id)
            for written in self.journal.written
            for change in journal.parse(written).changes.values()
            if change.action == "kill"
        }
        return {(flag, kill) for flag, kill in named | journaled if kill not in self.head.ended}

    def interleave(
        self, acts: Sequence[Act], schedule: Sequence[tuple[int, bool]], look: Callable[[], None]
    ) -> list[Process]:
        """Run all of them to their end: by the schedule (which process goes on, and whether it dies there), and then
        one after the other. `look` is called after every step."""
        processes = [Process(self, act) for act in acts]
        for index, dies in schedule:
            process = processes[index % len(processes)]
            if not process.ended:
                process.step(dies=dies)
                look()
        for process in processes:
            while not process.ended:
                process.step()
                look()
            assert process.failure is None, process.failure
        return processes
