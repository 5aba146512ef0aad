"""Writes journal and document of a set of flags so that a kill is never lost and a killed flag never comes back on.

The journal is written first, then the document that follows from it. Whoever writes the document has read its version
before the journal, and reads the journal once more after the write. So a writer that has not seen a kill either finds
the document changed (and begins anew), or sees the kill after its write (and writes again). A process that dies between
the two writes leaves a journal with the kill, from which every later call here derives the document.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from slipway.release.errors import ClusterError, Conflict
from slipway.release.flags import declaring, journal
from slipway.release.flags.declaring import Declaration
from slipway.release.flags.effective import effective
from slipway.release.flags.journal import Author, Change, Head
from slipway.rollout.flags.world import FlagWorld

TRIES = 20
"""A conflict means that another has written, so that somebody always comes through."""


@dataclass(frozen=True, slots=True)
class Stored:
    """The journal as it was read; `version` is None where there is none yet."""

    head: Head
    version: str | None


def load(world: FlagWorld) -> Stored:
    """The journal; where it is missing, a new one with the kills that the document still names. Raises ClusterError."""
    found = world.journal.read()
    if found is not None:
        return Stored(journal.parse(found.content), found.version)
    document = world.document.read()
    return Stored(journal.recovered(world.name, document.content if document is not None else {}), None)


def declare(world: FlagWorld, wanted: Declaration, author: Author) -> Head:
    """Put in force what an `up` declares. Raises ReleaseRefused for what may not be declared now."""
    return change(world, lambda head: declaring.after_declaration(head, wanted, author))


def kill_or_resume(world: FlagWorld, wanted: Change) -> Head:
    """Turn one flag off for everybody, or lift that."""
    return change(world, lambda head: journal.after_change(head, wanted), declares=False)


def expose(world: FlagWorld, flag: str, percent: float, salt: str, author: Author) -> Head:
    """Set how far the exposure of a flag has come. Raises ReleaseRefused for a flag that was killed."""
    return change(world, lambda head: journal.after_exposure(head, flag, percent, salt, author), declares=False)


def change(world: FlagWorld, make: Callable[[Head], Head], *, declares: bool = True) -> Head:
    """Write the head that `make` makes of the present one, and the document that follows. `make` is called again when
    another wrote in between. Raises what `make` raises, and ClusterError; calling again is safe. Only what declares
    all flags may begin a journal."""
    for _ in range(TRIES):
        stored = load(world)
        if stored.version is None and not declares:
            raise _journal_gone(world)
        wanted = make(stored.head)
        if wanted != stored.head or stored.version is None:
            try:
                world.journal.write(wanted.to_document(), stored.version)
            except Conflict:
                continue
        return settle(world)
    raise ClusterError(f"the journal of the flags {world.name} could not be written: others keep writing it")


def settle(world: FlagWorld) -> Head:
    """Make the document what follows from the journal. Raises ClusterError."""
    for _ in range(TRIES):
        document = world.document.read()  # before the journal: see above
        stored = load(world)
        if stored.version is None:
            raise _journal_gone(world)
        wanted = world.render(effective(stored.head))
        if document is not None and document.content == wanted:
            return stored.head
        try:
            world.document.write(wanted, document.version if document is not None else None)
        except Conflict:
            continue
        if load(world).version == stored.version:
            return stored.head
    raise ClusterError(f"the document of the flags {world.name} could not be written: others keep writing it")


def _journal_gone(world: FlagWorld) -> ClusterError:
    return ClusterError(
        f"the flags {world.name} have no journal: `pulumi up` of the stack that declares them writes it"
    )


def remove(world: FlagWorld, author: Author) -> None:
    """The end of a set: its document goes, and its journal too unless a kill stands in it, which outlives the set.
    Raises ReleaseRefused while a flag is on, and ClusterError."""
    if world.journal.read() is not None:
        head = change(world, lambda head: declaring.after_end(head, author))
        keep = any(head.killed(flag) for flag in head.changes)
    else:
        keep = False
    world.document.delete()
    if not keep:
        world.journal.delete()
