"""Which record a person means. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from slipway.release.errors import ReleaseRefused
from slipway.release.records.release_record import Recorded

SHORTEST = 4
"""Characters of a revision or a digest that may stand for it."""
DIGEST = "sha256:"


def find_record(records: Sequence[Recorded], name: str) -> Recorded:
    """The newest record of this version, revision, artifact digest or rollout; `#7` is the record with that number.
    Raises ReleaseRefused."""
    found = [one for one in records if _is(one, name)]
    if found:
        return found[-1]
    known = ", ".join(dict.fromkeys(one.record.subject.version for one in reversed(records[-8:])))
    rest = f"on record are {known}" if known else "no release is on record"
    raise ReleaseRefused(f"no release {name}: {rest}; `slipway history` lists them")


def _is(one: Recorded, name: str) -> bool:
    record = one.record
    if name.startswith("#"):
        return name[1:] == str(one.anchor.seq)
    if name in (record.subject.version, record.event.rollout):
        return True
    if name.startswith(DIGEST):
        return len(name) >= len(DIGEST) + SHORTEST and record.digest.startswith(name)
    return len(name) >= SHORTEST and record.subject.revision.startswith(name)
