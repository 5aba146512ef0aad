"""Files of one YAML document -> `Document`: by a path that a person names, or below a folder that is not left."""

from __future__ import annotations

import os
from pathlib import Path

from slipway.release.errors import InputError, Problem
from slipway.release.evidence.errors import EvidenceError
from slipway.release.evidence.files import read_below
from slipway.release.manifest.document import MAX_BYTES, Document, read_document


def read_named(path: str | os.PathLike[str], remedy: str, subject: str | None = None) -> Document:
    """Read the file that a person names, wherever it lies. Raises InputError, also when it cannot be read: `remedy`
    says what to do then, `subject` is how messages call the file (its path when left out)."""
    name = subject or os.fspath(path)
    try:
        with Path(path).open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise InputError(name, [Problem("file", f"cannot be read: {reason}", remedy)]) from None
    return read_document(content, name)


def read_document_below(root: Path, reference: str, remedy: str) -> Document:
    """Read a file below `root`, without `..` and never through a symbolic link. Raises InputError as `read_named`."""
    try:
        content = read_below(root, reference, MAX_BYTES)
    except EvidenceError as error:
        raise InputError(reference, [Problem("file", f"cannot be read: {error.detail}", remedy)]) from None
    return read_document(content.data, reference)
