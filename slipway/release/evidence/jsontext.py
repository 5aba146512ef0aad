"""JSON as evidence: UTF-8, no duplicate keys, no NaN, bounded in depth and in the number of containers."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from slipway.release.evidence.errors import EvidenceError
from slipway.release.evidence.limits import MOST_JSON_CONTAINERS


def load(data: bytes, what: str) -> Any:  # noqa: ANN401 - JSON is anything
    """Parse `data` (a UTF-8 byte order mark is allowed). Raises EvidenceError `empty` or `malformed`."""
    if not data.strip():
        raise EvidenceError("empty", f"{what}: the file is empty")
    if data.count(b"{") + data.count(b"[") > MOST_JSON_CONTAINERS:
        raise EvidenceError("too-large", f"{what}: more than {MOST_JSON_CONTAINERS} objects and lists")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise EvidenceError("malformed", f"{what}: not UTF-8 (byte {error.start})") from None
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except RecursionError:
        raise EvidenceError("malformed", f"{what}: nested too deeply") from None
    except ValueError as error:
        raise EvidenceError("malformed", f"{what}: not JSON: {error}") from None


def load_object(data: bytes, what: str) -> dict[str, Any]:
    """As `load`, and the top level must be an object."""
    value = load(data, what)
    if not isinstance(value, dict):
        raise EvidenceError("malformed", f"{what}: an object is expected at the top")
    return value


def looks_like_json_object(data: bytes) -> bool:
    """Whether the first character is `{`: cheap, for telling formats apart."""
    return data[:64].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        # Two readers that disagree on which of two keys counts could be shown two different documents.
        raise ValueError("an object has the same key twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
