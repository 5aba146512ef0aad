"""Kills of a feature flag whose writers die in the middle, at a random instant, alone or beside another writer.

Each writer is a process of its own that is ended by SIGKILL. What is left of it is what the cluster has.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import random
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from sandbox.errors import SandboxError
from slipway.release.flags.declaring import Declaration, after_declaration
from slipway.release.flags.journal import Author, Change, DocumentKind, Head, after_change
from slipway.release.target import KubernetesTarget
from slipway.rollout.assemble import connect_flags
from slipway.rollout.flags.writer import FlagWriter

VARIABLE = "SLIPWAY_KUBECONFIG"
_CONNECTING = threading.Lock()
READY_WITHIN = 30.0
WRITE_TAKES = 0.06
"""Seconds in which journal and document are usually written: the random instants lie in this span."""
PRELOADED = ["slipway.rollout.assemble", "sandbox.chaos.flag_writers"]

Write = Callable[[FlagWriter], Head]


@dataclass(frozen=True)
class FlagSet:
    """One set of flags in a cluster, by a kubeconfig."""

    namespace: str
    name: str
    document: DocumentKind
    kubeconfig: Path

    def writer(self) -> FlagWriter:
        """Its writer, for this process. The variable that names the kubeconfig is set while it connects, and no longer:
        other parts of the process have other rights."""
        with _CONNECTING:
            former = os.environ.get(VARIABLE)
            os.environ[VARIABLE] = str(self.kubeconfig)
            try:
                return connect_flags(KubernetesTarget(namespace=self.namespace), self.name, self.document)
            finally:
                if former is None:
                    del os.environ[VARIABLE]
                else:
                    os.environ[VARIABLE] = former


@dataclass(frozen=True)
class Kill:
    """Turn one flag off."""

    flag: str
    id: str = field(default_factory=lambda: uuid.uuid4().hex)

    def __call__(self, writer: FlagWriter) -> Head:
        change = Change(
            id=self.id, flag=self.flag, action="kill", by="chaos", at=time.time(), reason="one of many kills"
        )
        return writer.change(lambda head: after_change(head, change))


@dataclass(frozen=True)
class Redeclare:
    """What other `up`s do meanwhile: they declare the same flags, each with a new description."""

    flag: str
    times: int = 1

    def __call__(self, writer: FlagWriter) -> Head:
        author = Author(by="another up", at=time.time())
        for _ in range(self.times):
            head = writer.change(lambda head: after_declaration(head, self._declaration(head), author), declares=True)
        return head

    def _declaration(self, head: Head) -> Declaration:
        flag = head.declared.flags[self.flag].model_copy(update={"description": uuid.uuid4().hex})
        flags = head.declared.model_copy(update={"flags": {**head.declared.flags, self.flag: flag}})
        return Declaration(flags=flags, stack=str(head.stack), salt=uuid.uuid4().hex, document=head.document)


class DoomedWriter:
    """A process that writes once it is told to, and may be killed meanwhile."""

    def __init__(self, flags: FlagSet, write: Write) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(PRELOADED)
        self._ours, theirs = context.Pipe()
        self._process: ForkServerProcess = context.Process(target=_write, args=(flags, write, theirs), daemon=True)
        self._process.start()
        theirs.close()
        self._await("ready", READY_WITHIN)

    def go(self) -> None:
        """Begin to write."""
        self._ours.send("go")

    def kill(self) -> bool:
        """SIGKILL; whether it had been told before that its write stands."""
        self._process.kill()
        self._process.join()
        with contextlib.suppress(EOFError, OSError):
            return self._ours.poll() and self._ours.recv() == "done"
        return False

    def finish(self, within: float) -> bool:
        """Wait for its end; whether it was told that its write stands, which it is not when it failed."""
        with contextlib.suppress(EOFError, OSError):
            if self._ours.poll(within) and self._ours.recv() == "done":
                self._process.join()
                return True
        self._process.kill()
        self._process.join()
        return False

    def _await(self, word: str, seconds: float) -> None:
        try:
            if self._ours.poll(seconds) and self._ours.recv() == word:
                return
        except EOFError:
            pass
        self._process.kill()
        raise SandboxError("flags", f"a writer is not {word} within {seconds:g} s", "look at the error above")


def _write(flags: FlagSet, write: Write, told: Connection) -> None:
    writer = flags.writer()
    writer.load()  # the connection is open, the certificate checked
    told.send("ready")
    told.recv()
    write(writer)
    told.send("done")


def strike(flags: FlagSet, flag: str, dice: random.Random) -> bool:
    """One kill whose writer dies at a random instant, half of the time beside another writer who dies as well; whether
    the writer had been told that the kill stands."""
    kill = DoomedWriter(flags, Kill(flag))
    other = DoomedWriter(flags, Redeclare(flag)) if dice.random() < 0.5 else None
    writers = [kill] if other is None else dice.sample([kill, other], 2)
    for writer in writers:
        writer.go()
    time.sleep(dice.uniform(0, WRITE_TAKES))
    if other is not None:
        other.kill()
    return kill.kill()
