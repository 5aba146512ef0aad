"""Makes in-toto statements and signs them with a local key, as DSSE envelopes that `verify` reads."""

from __future__ import annotations

import base64
import json
from typing import Literal

from slipway.release.errors import InputError, Problem
from slipway.release.evidence.dsse import pae
from slipway.release.evidence.facts import Digest
from slipway.release.evidence.statement import PAYLOAD_TYPE, STATEMENT_TYPE

KeyKind = Literal["ed25519", "ecdsa"]


def statement(subject: Digest, name: str, predicate_type: str, predicate: dict[str, object]) -> bytes:
    """An in-toto Statement v1 about one artifact, as canonical JSON."""
    content = {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": name, "digest": {"sha256": subject.removeprefix("sha256:")}}],
        "predicateType": predicate_type,
        "predicate": predicate,
    }
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def sign(payload: bytes, private_pem: bytes) -> bytes:
    """A DSSE envelope around `payload`. Raises InputError when the key cannot be used."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from securesystemslib.signer import CryptoSigner

    try:
        key = load_pem_private_key(private_pem, password=None)
        if not isinstance(key, Ed25519PrivateKey | EllipticCurvePrivateKey):
            raise ValueError("an Ed25519 or ECDSA key is expected")
        signer = CryptoSigner(key)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        problem = Problem("key", f"cannot be used: {error}", "Make one with `slipway attest keygen`")
        raise InputError("signing key", [problem]) from None
    signature = signer.sign(pae(PAYLOAD_TYPE, payload))
    envelope = {
        "payloadType": PAYLOAD_TYPE,
        "payload": base64.b64encode(payload).decode(),
        "signatures": [
            {"keyid": signature.keyid, "sig": base64.b64encode(bytes.fromhex(signature.signature)).decode()}
        ],
    }
    return json.dumps(envelope, indent=2).encode() + b"\n"


def generate_key(kind: KeyKind = "ed25519") -> tuple[bytes, bytes]:
    """A fresh key pair in PEM, private and public. For sandboxes and tests: it is not encrypted."""
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519

    key = ed25519.Ed25519PrivateKey.generate() if kind == "ed25519" else ec.generate_private_key(ec.SECP256R1())
    private = key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())
    public = key.public_key().public_bytes(form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo)
    return private, public
