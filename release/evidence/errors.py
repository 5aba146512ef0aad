"""The one error of every reader of evidence: a code that becomes a finding, and a line for the user."""

from __future__ import annotations

from typing import Literal

from release.errors import SlipwayError
from release.findings import plain

Code = Literal[
    "missing",
    "empty",
    "malformed",
    "mismatch",
    "duplicate",
    "omitted",
    "too-large",
    "unreadable",
    "outside",
    "unsupported",
    "unsigned",
    "untrusted",
    "not-allowed",
    "unbound",
    "wrong-digest",
    "wrong-release",
    "stale",
    "future",
]
"""missing: no such file or none named; empty: nothing in it; malformed: not the format; mismatch: its own totals
contradict it; duplicate: the same bytes are listed twice, where reports are added up; omitted: a signed statement
names a report of this artifact that the manifest does not list; too-large: beyond the size limit; unreadable: not a
regular file, or no permission; outside: the reference leaves the project; unsupported: a format or version that is
not read; unsigned and untrusted: no signature, or none by a trust root; not-allowed: the signer may not say this;
unbound: nothing ties the file to an artifact; wrong-digest: tied to another artifact; wrong-release: about another
release; stale and future: its time."""


class EvidenceError(SlipwayError):
    """A file cannot be used as evidence. `detail` is one printable line."""

    def __init__(self, code: Code, detail: str) -> None:
        self.code: Code = code
        self.detail = plain(detail, 300)
        super().__init__(f"{code}: {self.detail}")
