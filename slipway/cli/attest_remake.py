"""Whether a file holds the same statement as the one that is being made: then it is made anew in its place."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from slipway.release.errors import InputError, Problem

_SAME = ("recommendation", "by", "role", "stack", "outcome", "procedure", "service", "database", "roundTrip")
"""What a statement says; its time, hashes and fingerprints change when it is made again."""
_LARGEST = 8 * 1024 * 1024


def is_remake(path: Path, predicate_type: str, digest: str, predicate: Mapping[str, object]) -> bool:
    """Whether `path` is a statement of this type about this artifact that says the same. What is written there is
    read and not believed: nothing of it is kept."""
    from slipway.release.evidence import dsse, jsontext, statement
    from slipway.release.evidence.errors import EvidenceError

    try:
        with path.open("rb") as file:
            document = jsontext.load_object(file.read(_LARGEST), path.name)
        if dsse.is_envelope(document):
            found = statement.parse(dsse.decode(str(document.get("payload", "")), path.name))
        else:
            found = statement.parse(json.dumps(document).encode())
    except (OSError, EvidenceError):
        return False
    if found.predicate_type != predicate_type or found.digests() != (digest,):
        return False
    if not _kinds(found.predicate) <= _kinds(predicate):
        return False  # it would bind less than before
    return all(found.predicate.get(key) == predicate.get(key) for key in _SAME)


def _kinds(predicate: Mapping[str, object]) -> set[object]:
    files = predicate.get("files")
    return {str(file.get("kind")) for file in files if isinstance(file, dict)} if isinstance(files, list) else set()


def replace(path: Path, content: bytes) -> None:
    """Put new content in a file's place, whole or not at all. Raises InputError."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_bytes(content)
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        problem = Problem("out", f"cannot be written: {error.strerror}", "Choose another place")
        raise InputError(str(path), [problem]) from None
