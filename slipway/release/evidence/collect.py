"""The evidence of one release, read and verified anew from the bytes: the gates call this, not the program."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from slipway.release.evidence import reports, several
from slipway.release.evidence.binding import Tie, bind, binding, check_release, check_subject, signer
from slipway.release.evidence.errors import EvidenceError
from slipway.release.evidence.facts import ApprovalFacts, Facts, Kind, QaFacts
from slipway.release.evidence.files import Content
from slipway.release.evidence.joined import joined
from slipway.release.evidence.migration_files import read_migrations
from slipway.release.evidence.model import MOST_ITEMS, EvidenceRecord, Item, Rejected
from slipway.release.evidence.receipts import MOST_FILES
from slipway.release.evidence.references import SECTIONS, Reference, Sources, expanded, limit_of
from slipway.release.evidence.trust import TrustRoots
from slipway.release.evidence.verify import Said, Verified, is_signed, kind_of_type, read_predicate, verify
from slipway.release.fingerprint import fingerprint_of
from slipway.release.manifest.release import Release

_ADDED_UP: frozenset[Kind] = frozenset({"tests", "coverage"})
"""Kinds of which the gates add all reports up, so that one may not be counted twice."""
_COMPLETE: tuple[Kind, ...] = ("tests", "coverage", "static-analysis", "security-scan")


def collect(release: Release, sources: Sources, trust: TrustRoots) -> EvidenceRecord:
    """Everything that the manifest names, normalised; what is no evidence is rejected with the reason, all at once.

    Reads files below `sources.root` and nothing else; never raises for what a file contains.
    """
    fingerprint = fingerprint_of(release, read_migrations(release, sources))
    work = _Work(release, sources, trust, fingerprint)
    reports_to_bind = [entry for reference in work.bounded() for entry in work.first_look(reference)]
    for reference, content in reports_to_bind:
        work.report(reference, content)
    work.omitted()
    items = joined(work.items)
    if len(items) > MOST_ITEMS:  # what is cut off must not look like passing
        read_predicate = f"{len(items)} pieces of evidence, at most {MOST_ITEMS} are recorded"
        remedy = "Name folders or patterns of test and coverage reports, which are recorded as one"
        work.rejected.insert(
            0, rejected_as(Reference("evidence", "", None), EvidenceError("too-large", read_predicate, remedy))
        )
    return EvidenceRecord(
        subject=release.artifact.digest,
        fingerprint=fingerprint,
        items=tuple(items[:MOST_ITEMS]),
        rejected=tuple(work.rejected[:MOST_ITEMS]),
    )


@dataclass
class _Work:
    release: Release
    sources: Sources
    trust: TrustRoots
    fingerprint: str
    """Of the release as it is now."""
    items: list[tuple[str, Item]] = field(default_factory=list)
    """Each with the pattern that its file was found by."""
    named: list[Reference] = field(default_factory=list)
    """Every file, folders and patterns written out."""
    rejected: list[Rejected] = field(default_factory=list)
    ties: list[Tie] = field(default_factory=list)
    seen: dict[Kind, list[str]] = field(default_factory=dict)
    """SHA-256 of what was read, by kind."""
    signed: Counter[Kind] = field(default_factory=Counter)
    """Listed reports that are signed statements themselves, so that nothing has to bind them."""

    def bounded(self) -> list[Reference]:
        """Every file that is named. An entry that goes beyond what is read is refused by itself."""
        by_entry: dict[str, list[Reference]] = {}
        for reference in expanded(self.release, self.sources):
            by_entry.setdefault(reference.field, []).append(reference)
        for entry in by_entry.values():
            if len(self.named) + len(entry) > MOST_FILES:
                read_predicate = f"{len(entry)} files are named, at most {MOST_FILES} of a release are read"
                whole = replace(entry[0], path=entry[0].pattern or entry[0].path)
                self.reject(
                    whole, EvidenceError("too-large", read_predicate, "Let the tool write fewer, larger reports")
                )
            else:
                self.named += entry
        return self.named

    def first_look(self, reference: Reference) -> Iterator[tuple[Reference, Content]]:
        """Read a file; judge it at once when it is a statement, else hand it back as a report to be bound."""
        try:
            content = self.sources.read(reference.path, limit_of(reference))
            parts = several.apart(content)
            if reference.kind in reports.KINDS and not is_signed(parts[0]):
                yield reference, content
                return
        except EvidenceError as error:
            self.reject(reference, error)
            return
        for part in parts if len(parts) == 1 else _readable(parts, reference.kind):
            try:
                self._statement(reference, verify(part, self.trust))
            except EvidenceError as error:
                self.reject(reference, error)

    def report(self, reference: Reference, content: Content) -> None:
        """Parse a report and find the statement that ties it to the artifact."""
        kind = reference.kind
        if kind is None:
            return
        subject = self.release.artifact.digest
        try:
            self._once(kind, content)
            facts = reports.parse(kind, content.data, subject)
            tie, principal = bind(content, kind, subject, self.ties, self.release.service)
        except EvidenceError as error:
            self.reject(reference, error)
            return
        item = Item(
            field=reference.field,
            path=content.path,
            sha256=content.sha256,
            subject=subject,
            at=tie.at,
            binding=binding(tie.verified, principal),
            facts=facts,
        )
        self.items.append((reference.pattern, item))

    def reject(self, reference: Reference, error: EvidenceError, kind: Kind | None = None) -> None:
        """Note why a file is no evidence."""
        self.rejected.append(rejected_as(reference, error, kind))

    def omitted(self) -> None:
        """A report that was signed for this artifact and is not listed beside others: perhaps the one that failed.

        A listed file that no statement names may be the same report, changed since; it is refused by itself.
        """
        named = [reference.kind for reference in self.named]
        for kind in (kind for kind in _COMPLETE if kind in named):
            ties = {
                tie.file.sha256: tie
                for tie in self.ties
                if tie.file.kind == kind and self.release.artifact.digest in tie.verified.digests
            }
            seen = self.seen.get(kind, [])
            unlisted = [tie for sha256, tie in ties.items() if sha256 not in seen]
            changed = named.count(kind) - self.signed[kind] - sum(1 for sha256 in seen if sha256 in ties)
            for tie in unlisted[changed:]:
                read_predicate = (
                    f"{tie.file.name or tie.file.sha256} was signed as {kind} of this artifact, and is not listed"
                )
                path = tie.verified.content.path
                self.reject(
                    Reference(f"evidence.{SECTIONS[kind]}", path, kind), EvidenceError("omitted", read_predicate)
                )

    def _once(self, kind: Kind, content: Content) -> None:
        seen = self.seen.setdefault(kind, [])
        if kind in _ADDED_UP and content.sha256 in seen:
            raise EvidenceError("duplicate", f"{content.path} has the same bytes as another report of {kind}")
        seen.append(content.sha256)

    def _statement(self, reference: Reference, statement: Verified) -> None:
        what = read_predicate(statement.statement, self.release.artifact.digest)
        if what.kind == "results":
            self._ties(reference, statement, what)
        elif reference.kind not in {None, what.kind}:
            raise EvidenceError("malformed", f"a statement of {what.kind} is listed as {reference.kind}")
        elif what.facts is not None:
            try:
                self._said(reference, statement, what, what.facts)
            except EvidenceError as error:
                self.reject(reference, error, what.kind)

    def _ties(self, reference: Reference, statement: Verified, what: Said) -> None:
        if reference.kind is not None:
            raise EvidenceError("malformed", f"a results statement is listed as {reference.kind}, not under statements")
        if what.at is None:
            raise EvidenceError("malformed", "a results statement without a time")
        self.ties.extend(Tie(statement, what.at, file) for file in what.files)

    def _said(self, reference: Reference, statement: Verified, what: Said, facts: Facts) -> None:
        if reference.kind is not None:
            self.signed[reference.kind] += 1
        self._once(facts.kind, statement.content)
        subject = check_subject(statement, facts, self.release.artifact.digest)
        by = facts.by if isinstance(facts, QaFacts | ApprovalFacts) else ""
        principal = signer(statement, facts.kind, what.at, by, self.release.service)
        check_release(facts, self.release, self.fingerprint, principal)
        item = Item(
            field=reference.field,
            path=statement.content.path,
            sha256=statement.content.sha256,
            subject=subject,
            at=what.at,
            binding=binding(statement, principal),
            facts=facts,
        )
        self.items.append((reference.pattern, item))


def _readable(parts: list[Content], kind: Kind | None) -> list[Content]:
    """Of a file with several statements those that are read here: a forge hands out bills of materials with them. Each
    is verified as strictly as a file of its own; all of them where none is of a type that is known."""
    known = [part for part in parts if (found := kind_of_type(several.type_of(part))) and kind in {None, found}]
    return known or parts


def rejected_as(reference: Reference, error: EvidenceError, kind: Kind | None = None) -> Rejected:
    """The record of a file that is no evidence."""
    return Rejected(
        field=reference.field,
        path=reference.path,
        kind=reference.kind or kind,
        code=error.code,
        detail=error.detail,
        remedy=error.remedy,
    )
