"""Writes journal and document of a set of flags so that a kill is never lost and a killed flag never comes back on.

The journal is written first, then the document that follows from it. Whatever writes the document has read its version
before the journal, and reads the journal once more after the write. So a writer that has not seen a kill either finds
the document changed (and begins anew), or sees the kill after its write (and writes again). A process that dies between
the two writes leaves a journal with the kill, from which every later call here derives the document.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from slipway.release.errors import ClusterError, Conflict
from slipway.release.flags import declaring, journal
from slipway.release.flags.effective import EffectiveFlags, effective
from slipway.release.flags.flagd import flagd_document
from slipway.release.flags.journal import Author, DocumentKind, Head
from slipway.rollout.platforms.base import DocumentStore, StoredDocument

TRIES = 20
"""A conflict means that another has written, so that one of them always comes through."""


@dataclass(frozen=True, slots=True)
class _Stored:
    """The journal as it was read; `version` is None where there is none yet."""

    head: Head
    version: str | None


@dataclass(frozen=True, slots=True)
class FlagWriter:
    """One set of flags: its journal and its document, in the kind of object that the journal names. `render` says what
    the document holds for flags in force. Several processes may write the same set."""

    name: str
    journal: DocumentStore
    documents: Mapping[DocumentKind, DocumentStore]
    kind: DocumentKind = "config-map"
    """Where the document lies as long as there is no journal."""
    render: Callable[[EffectiveFlags], dict[str, Any]] = flagd_document
    now: Callable[[], float] = time.time
    """Unix seconds, for records that people read."""

    def load(self) -> Head:
        """The journal; where it is missing, a new one with the kills that the document still names. Raises
        ClusterError."""
        return self._load().head

    def change(self, make: Callable[[Head], Head], *, declares: bool = False) -> Head:
        """Write the head that `make` makes of the present one, and the document that follows. `make` is called again
        when another wrote in between. Raises what `make` raises, and ClusterError; calling again is safe. Only what
        `declares` all flags may begin a journal."""
        for _ in range(TRIES):
            stored = self._load()
            if stored.version is None and not declares:
                raise self._gone()
            wanted = make(stored.head)
            if wanted != stored.head or stored.version is None:
                try:
                    self.journal.write(wanted.to_document(), stored.version)
                except Conflict:
                    continue
            return self._settle(wanted.document)
        raise ClusterError(f"the journal of the flags {self.name} could not be written: others keep writing it")

    def settle(self) -> Head:
        """Make the document what follows from the journal. Raises ClusterError."""
        return self._settle(self.load().document)

    def read_document(self) -> StoredDocument | None:
        """What evaluators read. Raises ClusterError."""
        return self.documents[self.load().document].read()

    def _settle(self, kind: DocumentKind) -> Head:
        for _ in range(TRIES):
            document = self.documents[kind].read()  # before the journal: see above
            stored = self._load()
            if stored.version is None:
                raise self._gone()
            if stored.head.document != kind:
                kind = stored.head.document
                continue
            wanted = self.render(effective(stored.head))
            if document is not None and document.content == wanted:
                return stored.head
            try:
                self.documents[kind].write(wanted, document.version if document is not None else None)
            except Conflict:
                continue
            if self._load().version == stored.version:
                return stored.head
        raise ClusterError(f"the document of the flags {self.name} could not be written: others keep writing it")

    def pending(self) -> str | None:
        """What of the document is not as the journal says, and who changed it; None when all of it is. Raises
        ClusterError."""
        head = self.load()
        return difference(self.documents[head.document].read(), self.render(effective(head)))

    def remove(self, author: Author) -> None:
        """The end of the set: its document goes, and its journal too unless a kill stands in it, which outlives the
        set. Raises ReleaseRefused while a flag is on, and ClusterError."""
        head = self.load()
        if self.journal.read() is not None:
            head = self.change(lambda head: declaring.after_end(head, author))
        self.documents[head.document].delete()
        if not any(head.killed(flag) for flag in head.changes):
            self.journal.delete()

    def _load(self) -> _Stored:
        found = self.journal.read()
        if found is not None:
            return _Stored(journal.parse(found.content), found.version)
        document = self.documents[self.kind].read()
        head = journal.recovered(self.name, document.content if document is not None else {})
        return _Stored(head.model_copy(update={"document": self.kind}), None)

    def _gone(self) -> ClusterError:
        return ClusterError(f"the flags {self.name} have no journal: `pulumi up` of their stack writes it anew")


def difference(document: StoredDocument | None, wanted: Mapping[str, Any]) -> str | None:
    """In words, what a document has that it should not have, or lacks."""
    if document is None:
        return "the document is missing" if wanted.get("flags") else None
    if document.content == wanted:
        return None
    there, flags = document.content.get("flags") or {}, wanted.get("flags") or {}
    names = [key for key in (*flags, *(key for key in there if key not in flags)) if there.get(key) != flags.get(key)]
    by = f"{document.by} changed" if document.by else "the document differs in"
    return f"{by} {', '.join(names) or 'its rules'}"
