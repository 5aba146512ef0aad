"""Writes journal and document of a set of flags so that a kill is never lost and a killed flag never comes back on.

The invariant: from the first successful write of a kill until a resume of it is in the journal, the document has the
flag off, whatever process dies at whatever instant.

- A kill is written to the document first, which has the flag off then and names the kill by its id, and then to the
  journal. Everything else (a declaration, an exposure, a resume) is written to the journal first.
- Kills that the document names stand as much as those of the journal, unless the journal says that they ended. Each
  change here writes those that the journal lacks into it, before anything else. So what is left of a process that died
  after its first write is a kill that stands.
- A resume writes down in the journal which kill it ended. A document from before the resume cannot bring that kill
  back, and a kill that is tried again after it is not carried out anew.
- Each reads the document's version before the journal, and replaces only that version. A writer that has not seen a
  kill finds the document changed and begins anew. After its write it reads both once more, until the document is what
  follows from the journal.

What is not covered: a kill that is in the document alone is lost when another program than Slipway then removes it from
the document, or when the set moves to another kind of object at that instant.
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
from slipway.release.records.chain import Line, lines_of
from slipway.release.records.flag_changes import next_record
from slipway.release.records.kinds import FlagRecord
from slipway.release.records.release_record import read_kind
from slipway.release.records.store import RecordStore, append_next
from slipway.rollout.platforms.base import DocumentStore, StoredDocument

TRIES = 20
"""A conflict means that another has written, so that one of them always comes through."""


@dataclass(frozen=True, slots=True)
class _Stored:
    """Document and journal as they were read, in this order."""

    document: StoredDocument | None
    head: Head
    """The journal with the kills that only the document names."""
    version: str | None
    """Of the journal; None where there is none yet."""
    unsettled: tuple[str, ...] = ()
    """The flags whose kill the journal lacks."""


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
    records: RecordStore | None = None
    """The chain that keeps every change for good; None where none is kept."""
    target: str = ""
    """Where the set is, for its records."""

    def load(self) -> Head:
        """The journal with the kills that only the document names; where the journal is missing, a new one with these
        kills. Raises ClusterError."""
        return self._load().head

    def change(self, make: Callable[[Head], Head], *, declares: bool = False) -> Head:
        """Write the head that `make` makes of the present one, and the document that follows. `make` is called again
        when another wrote in between. Raises what `make` raises, and ClusterError; calling again is safe. Only what
        `declares` all flags may begin a journal."""
        for _ in range(TRIES):
            stored = self._load()
            if stored.version is None and not declares:
                raise self._gone()
            if stored.version is not None and stored.unsettled:
                self._try(self.journal, stored.head.to_document(), stored.version)
                continue
            wanted = make(stored.head)
            if self._write(stored, wanted):
                return self._kept(self._settle(wanted.document))
        raise ClusterError(f"the flags {self.name} could not be written: others keep writing them")

    def settle(self) -> Head:
        """Make the document what follows from the journal. Raises ClusterError."""
        return self._kept(self._settle(self._load().head.document))

    def read_document(self) -> StoredDocument | None:
        """What evaluators read. Raises ClusterError."""
        return self._load().document

    def pending(self) -> str | None:
        """What of the document is not as the journal says, and who changed it; None when all of it is. Raises
        ClusterError."""
        return self._difference(self._load())

    def problem(self) -> str | None:
        """The same, or else which kills only the document names: what the next change puts right. Raises
        ClusterError."""
        stored = self._load()
        if stored.unsettled:
            return f"the kill of {', '.join(stored.unsettled)} is in the document, but not in the journal yet"
        return self._difference(stored)

    def remove(self, author: Author) -> None:
        """The end of the set: its document goes, and its journal too unless a kill stands in it, which outlives the
        set. Raises ReleaseRefused while a flag is on, and ClusterError."""
        head = self.load()
        if self.journal.read() is not None:
            head = self.change(lambda head: declaring.after_end(head, author))
        self.documents[head.document].delete()
        if not any(head.killed(flag) for flag in head.changes):
            self.journal.delete()

    def _kept(self, head: Head) -> Head:
        """Put the changes of the journal that the chain lacks into it. What cannot be written now is written with the
        next change: the flags are as they should be, whatever becomes of their records."""
        if self.records is None:
            return head

        records = self.records

        def make(last: Line | None) -> Mapping[str, Any] | None:
            record = next_record(_last_change(records, last), head, self.target)
            return None if record is None else record.to_content()

        last: Line | None = None
        try:
            while (line := append_next(records, make)) is not None and line != last:
                last = line
        except ClusterError:
            return head
        return head

    def _load(self, kind: DocumentKind | None = None) -> _Stored:
        """From the document of this kind, or of the kind that the journal names."""
        if kind is None:
            found = self.journal.read()
            kind = journal.parse(found.content).document if found is not None else self.kind
        document = self.documents[kind].read()  # before the journal: see above
        found = self.journal.read()
        content = document.content if document is not None else {}
        if found is None:
            recovered = journal.recovered(self.name, content)
            return _Stored(document, recovered.model_copy(update={"document": kind}), None)
        head = journal.parse(found.content)
        if head.document != kind:
            return self._load(head.document)
        unsettled = journal.unsettled(head, content)
        return _Stored(
            document, journal.settled(head, unsettled), found.version, tuple(kill.flag for kill in unsettled)
        )

    def _write(self, stored: _Stored, wanted: Head) -> bool:
        """Both objects if it kills, the journal otherwise, and nothing if nothing changes; False when another wrote in
        between."""
        if wanted == stored.head and stored.version is not None:
            return True
        if journal.kills(stored.head, wanted) and not self._write_document(stored, wanted):
            return False
        return self._try(self.journal, wanted.to_document(), stored.version)

    def _settle(self, kind: DocumentKind) -> Head:
        for _ in range(TRIES):
            stored = self._load(kind)
            kind = stored.head.document
            if stored.version is None:
                raise self._gone()
            if stored.unsettled:
                self._try(self.journal, stored.head.to_document(), stored.version)
            elif self._is_current(stored):
                return stored.head
            else:
                self._write_document(stored, stored.head)
        raise ClusterError(f"the document of the flags {self.name} could not be written: others keep writing it")

    def _write_document(self, stored: _Stored, head: Head) -> bool:
        version = stored.document.version if stored.document is not None else None
        return self._try(self.documents[stored.head.document], self.render(effective(head)), version)

    def _is_current(self, stored: _Stored) -> bool:
        document = stored.document
        return (
            document is not None and document.is_published and document.content == self.render(effective(stored.head))
        )

    def _difference(self, stored: _Stored) -> str | None:
        return difference(stored.document, self.render(effective(stored.head)))

    @staticmethod
    def _try(store: DocumentStore, content: Mapping[str, Any], version: str | None) -> bool:
        """False when another wrote in between."""
        try:
            store.write(content, version)
        except Conflict:
            return False
        return True

    def _gone(self) -> ClusterError:
        return ClusterError(f"the flags {self.name} have no journal: `pulumi up` of their stack writes it anew")


def _last_change(records: RecordStore, last: Line | None) -> FlagRecord | None:
    """Of the last line, or of the whole chain where another version's line stands at its end."""
    if last is None:
        return None
    found = read_kind([last], FlagRecord) or read_kind(lines_of(records.read()), FlagRecord)
    return found[-1][1] if found else None


def difference(document: StoredDocument | None, wanted: Mapping[str, Any]) -> str | None:
    """In words, what a document has that it should not have, or lacks."""
    if document is None:
        return "the document is missing" if wanted.get("flags") else None
    if document.content == wanted:
        return None if document.is_published else "the document is written, but evaluators do not get it yet"
    there, flags = document.content.get("flags") or {}, wanted.get("flags") or {}
    names = [key for key in (*flags, *(key for key in there if key not in flags)) if there.get(key) != flags.get(key)]
    by = f"{document.by} changed" if document.by else "the document differs in"
    return f"{by} {', '.join(names) or 'its rules'}"
