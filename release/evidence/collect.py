"""The evidence of one release, read and verified anew from the bytes: the gates call this, not the program."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from release.evidence import reports
from release.evidence.binding import Tie, bind, binding, check_release, check_subject, signer
from release.evidence.errors import EvidenceError
from release.evidence.facts import Facts, Kind
from release.evidence.files import Content
from release.evidence.model import MOST_ITEMS, Dossier, Item, Rejected
from release.evidence.references import Reference, Sources, limit_of, references
from release.evidence.trust import TrustRoots
from release.evidence.verify import Said, Verified, is_signed, said, verified
from release.fingerprint import fingerprint_of
from release.manifest.release import Release


def collect(release: Release, sources: Sources, trust: TrustRoots) -> Dossier:
    """Everything that the manifest names, normalised; what is no evidence is rejected with the reason, all at once.

    Reads files below `sources.root` and nothing else; never raises for what a file contains.
    """
    work = _Work(release, sources, trust)
    named = list(references(release))
    if len(named) > MOST_ITEMS:
        too_many = f"{len(named)} files are named, at most {MOST_ITEMS} are read"
        work.reject(Reference("evidence", "", None), "too-large", too_many)
        named = []
    reports_to_bind = [entry for reference in named for entry in work.first_look(reference)]
    for reference, content in reports_to_bind:
        work.report(reference, content)
    return Dossier(
        subject=release.artifact.digest,
        fingerprint=fingerprint_of(release),
        items=tuple(work.items[:MOST_ITEMS]),
        rejected=tuple(work.rejected[:MOST_ITEMS]),
    )


@dataclass
class _Work:
    release: Release
    sources: Sources
    trust: TrustRoots
    items: list[Item] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    ties: list[Tie] = field(default_factory=list)

    def first_look(self, reference: Reference) -> Iterator[tuple[Reference, Content]]:
        """Read a file; judge it at once when it is a statement, else hand it back as a report to be bound."""
        try:
            content = self.sources.read(reference.path, limit_of(reference))
            if reference.kind in reports.KINDS and not is_signed(content):
                yield reference, content
                return
            self._statement(reference, verified(content, self.trust))
        except EvidenceError as error:
            self.reject(reference, error.code, error.detail)

    def report(self, reference: Reference, content: Content) -> None:
        """Parse a report and find the statement that ties it to the artifact."""
        kind = reference.kind
        if kind is None:
            return
        subject = self.release.artifact.digest
        try:
            facts = reports.parse(kind, content.data, subject)
            tie, principal = bind(content, kind, subject, self.ties)
        except EvidenceError as error:
            self.reject(reference, error.code, error.detail)
            return
        self.items.append(
            Item(
                field=reference.field,
                path=content.path,
                sha256=content.sha256,
                subject=subject,
                at=tie.at,
                binding=binding(tie.verified, principal),
                facts=facts,
            )
        )

    def reject(self, reference: Reference, code: str, detail: str, kind: Kind | None = None) -> None:
        """Note why a file is no evidence."""
        self.rejected.append(
            Rejected.model_validate(
                {
                    "field": reference.field,
                    "path": reference.path,
                    "kind": reference.kind or kind,
                    "code": code,
                    "detail": detail,
                }
            )
        )

    def _statement(self, reference: Reference, statement: Verified) -> None:
        what = said(statement.statement, self.release.artifact.digest)
        if what.kind == "results":
            self._ties(reference, statement, what)
        elif reference.kind not in {None, what.kind}:
            raise EvidenceError("malformed", f"a statement of {what.kind} is listed as {reference.kind}")
        elif what.facts is not None:
            try:
                self._said(reference, statement, what, what.facts)
            except EvidenceError as error:
                self.reject(reference, error.code, error.detail, what.kind)

    def _ties(self, reference: Reference, statement: Verified, what: Said) -> None:
        if reference.kind is not None:
            raise EvidenceError("malformed", f"a results statement is listed as {reference.kind}, not under statements")
        if what.at is None:
            raise EvidenceError("malformed", "a results statement without a time")
        self.ties.extend(Tie(statement, what.at, file) for file in what.files)

    def _said(self, reference: Reference, statement: Verified, what: Said, facts: Facts) -> None:
        subject = check_subject(statement, facts, self.release.artifact.digest)
        principal = signer(statement, facts.kind, what.at)
        check_release(facts, self.release, principal)
        self.items.append(
            Item(
                field=reference.field,
                path=statement.content.path,
                sha256=statement.content.sha256,
                subject=subject,
                at=what.at,
                binding=binding(statement, principal),
                facts=facts,
            )
        )
