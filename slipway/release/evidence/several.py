"""Files that hold several signed statements: one a line (`gh attestation download`, `cosign download attestation`), or
a list (`gh attestation verify --format json`, the API of a forge)."""

from __future__ import annotations

import json
from dataclasses import replace

from slipway.release.evidence import dsse, jsontext, sigstore_bundle
from slipway.release.evidence.errors import EvidenceError
from slipway.release.evidence.files import Content

MOST = 64


def apart(content: Content) -> list[Content]:
    """Each statement of a file, with the path and hash of the file; the file itself where it holds one, or none."""
    found = _lines(content.data) or _entries(content)
    if len(found) > MOST:
        raise EvidenceError("too-large", f"{content.path}: {len(found)} statements, at most {MOST} are read")
    return [replace(content, data=data) for data in found] or [content]


def is_statement(document: object) -> bool:
    """Whether it is an envelope or a bundle, by its outside."""
    return isinstance(document, dict) and (dsse.is_envelope(document) or sigstore_bundle.is_bundle(document))


def type_of(content: Content) -> str:
    """The predicate type that a statement claims, before anything is verified; empty when it cannot be told."""
    try:
        document = jsontext.load_object(content.data, content.path)
        inner = document.get("dsseEnvelope", document)
        payload = inner.get("payload") if isinstance(inner, dict) else None
        statement = jsontext.load_object(dsse.decode(str(payload), content.path), content.path)
    except EvidenceError:
        return ""
    return str(statement.get("predicateType", ""))


def _lines(data: bytes) -> list[bytes]:
    lines = [line for line in data.splitlines() if line.strip()]
    if not len(lines) >= 2 or not all(
        line.lstrip().startswith(b"{") and line.rstrip().endswith(b"}") for line in lines
    ):
        return []
    try:
        return lines if all(is_statement(jsontext.load(line, "line")) for line in lines) else []
    except EvidenceError:
        return []


def _entries(content: Content) -> list[bytes]:
    if not content.data[:64].lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"[", b'{"attestations"')):
        return []
    try:
        value = jsontext.load(content.data, content.path)
    except EvidenceError:
        return []
    listed = value.get("attestations") if isinstance(value, dict) else value
    found = [_unwrapped(entry) for entry in listed] if isinstance(listed, list) else []
    return [json.dumps(one).encode() for one in found] if found and all(map(is_statement, found)) else []


def _unwrapped(entry: object) -> object:
    for key in ("attestation", "bundle"):
        if isinstance(entry, dict) and isinstance(entry.get(key), dict):
            entry = entry[key]
    return entry
