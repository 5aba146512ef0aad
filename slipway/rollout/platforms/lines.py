"""Records of a rollout as lines of JSON: the same text on every platform. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from slipway.release.errors import ClusterError
from slipway.rollout.platforms.base import Document

CHUNK_BYTES = 64 * 1024
"""Of one text at most."""
_ID = re.compile(r"[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?")


def check_rollout_id(rollout_id: str) -> None:
    """Raises ClusterError unless it can be a part of a name."""
    if not _ID.fullmatch(rollout_id):
        raise ClusterError(f"rollout id {rollout_id!r} must be a DNS label of at most 40 characters")


def line_of(document: Mapping[str, Any]) -> str:
    """One line of JSON. Raises ValueError for a number that is none."""
    return json.dumps(document, separators=(",", ":"), allow_nan=False, ensure_ascii=True)


def batches(records: Sequence[Mapping[str, Any]]) -> list[str]:
    """The lines of the records, joined into as few texts as fit into CHUNK_BYTES each. Raises ValueError."""
    texts: list[list[str]] = []
    size = CHUNK_BYTES + 1
    for line in [line_of(record) for record in records]:
        length = len(line.encode()) + 1
        if size + length > CHUNK_BYTES:
            texts.append([])
            size = 0
        texts[-1].append(line)
        size += length
    return ["".join(f"{line}\n" for line in text) for text in texts]


def documents_in(rollout_id: str, texts: Iterable[str]) -> list[Document]:
    """The records in these texts. Raises ClusterError when one is damaged."""
    try:
        return [json.loads(line) for text in texts for line in text.splitlines()]
    except ValueError as error:
        raise ClusterError(f"the records of rollout {rollout_id} are damaged: {error}") from error
