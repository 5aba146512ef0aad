"""The one error of every reader of evidence: a code that becomes a finding, and a line for the user."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from slipway.release.errors import SlipwayError
from slipway.release.findings import plain

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


REMEDIES: Mapping[Code, str] = {
    "missing": "Correct the path, or produce the file",
    "empty": "Run the tool again; an empty report says nothing",
    "malformed": "Run the tool again and keep its output unchanged",
    "mismatch": "Run the tool again; its own totals contradict its details",
    "duplicate": "List each report once: their numbers are added up",
    "omitted": "List that report too, or take out a statement that a newer one has replaced",
    "too-large": "Split the report",
    "unreadable": "Make it a regular, readable file",
    "outside": "Put the file into the project and name it by its relative path",
    "unsupported": "Produce one of the formats that are read",
    "unsigned": "Sign it: `slipway attest`, or any DSSE or Sigstore signer",
    "untrusted": "Let a principal of the trust roots sign it",
    "not-allowed": "Let a principal who may vouch for it sign it",
    "unbound": "Bind it with `slipway attest results`, and list that statement in evidence.statements",
    "wrong-digest": "Produce it for this artifact",
    "wrong-release": "Ask again for this release as it is now",
    "stale": "Produce it anew",
    "future": "Correct the clock of the machine that made it",
}
"""What to do about each, where the reader knows nothing better."""


class EvidenceError(SlipwayError):
    """A file cannot be used as evidence. `detail` is one printable line, `remedy` what mends it."""

    def __init__(self, code: Code, detail: str, remedy: str = "") -> None:
        self.code: Code = code
        self.detail = plain(detail, 300)
        self.remedy = plain(remedy) or REMEDIES[code]
        super().__init__(f"{code}: {self.detail}")
