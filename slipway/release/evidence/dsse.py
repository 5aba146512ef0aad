"""DSSE envelopes (Dead Simple Signing Envelope, protocol 1.0.2) signed by declared keys."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated

from pydantic import Field

from slipway.release.evidence import keys
from slipway.release.evidence.errors import EvidenceError
from slipway.release.evidence.statement import PAYLOAD_TYPE
from slipway.release.evidence.trust import Principal, TrustRoots
from slipway.release.evidence.typed import Foreign, read


class _Signature(Foreign):
    sig: str
    keyid: str | None = None
    """A hint of the signer's, not authenticated: every declared key is tried whatever it says."""


class Envelope(Foreign):
    """As on the wire."""

    payload: str
    payload_type: str
    signatures: Annotated[list[_Signature], Field(min_length=1, max_length=16)]


def is_envelope(document: dict[str, object]) -> bool:
    """Whether a JSON object is a DSSE envelope."""
    return "payloadType" in document and "signatures" in document


def verify(document: dict[str, object], trust: TrustRoots) -> tuple[bytes, tuple[Principal, ...]]:
    """The payload and the principals of the trust roots who signed it; an envelope may have several signatures.

    Raises EvidenceError: `malformed`; `untrusted` when no signature verifies by any declared key.
    """
    envelope = read(Envelope, document, "DSSE envelope")
    if envelope.payload_type != PAYLOAD_TYPE:
        raise EvidenceError("unsupported", f"DSSE envelope: payloadType {envelope.payload_type}, not {PAYLOAD_TYPE}")
    payload = decode(envelope.payload, "DSSE payload")
    signed = pae(envelope.payload_type, payload)
    signatures = [decode(one.sig, "DSSE signature") for one in envelope.signatures]
    signers = tuple(p for p in trust.principals if _signed_by(p, signatures, signed))
    if not signers:
        raise EvidenceError("untrusted", "no signature of the envelope verifies by a key of the trust roots")
    return payload, signers


def _signed_by(principal: Principal, signatures: list[bytes], signed: bytes) -> bool:
    return any(keys.verifies(pem, signature, signed) for pem in principal.keys for signature in signatures)


def pae(payload_type: str, payload: bytes) -> bytes:
    """Pre-Authentication Encoding: what is signed (DSSE protocol, section "Signature Definition")."""
    from securesystemslib.dsse import Envelope as Encoder

    return bytes(Encoder(payload, payload_type, {}).pae())


def decode(text: str, what: str) -> bytes:
    """Base64, standard or URL-safe as DSSE allows. Raises EvidenceError `malformed`."""
    try:
        return base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        raise EvidenceError("malformed", f"{what}: not base64") from None
