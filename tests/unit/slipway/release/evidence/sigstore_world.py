"""A Sigstore instance of our own for tests: authority, certificate log and transparency log, all in memory.

It makes bundles as the public instance does (RFC 6962 certificate log entry in the certificate, RFC 6962 Merkle tree of
one entry, signed note as checkpoint, inclusion promise over canonical JSON), so that the real verifier verifies them.
"""

from __future__ import annotations

import base64
import hashlib
import json
import struct
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sandbox.pki import key_usage
from slipway.release.evidence.dsse import pae
from slipway.release.evidence.statement import PAYLOAD_TYPE

SIGNED_AT = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
ISSUER = "https://issuer.example"
_SCT_LIST = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
_ISSUER_V1 = x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.1")
_ISSUER_V2 = x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.8")
_REPOSITORY = x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.12")
_SHA256_ECDSA = struct.pack("!BB", 4, 3)


def _key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _der(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


@dataclass
class Sigstore:
    """The keys of the instance, and its trusted root as JSON."""

    authority_key: ec.EllipticCurvePrivateKey = field(default_factory=_key)
    certificate_log: ec.EllipticCurvePrivateKey = field(default_factory=_key)
    log: ec.EllipticCurvePrivateKey = field(default_factory=_key)
    authority: x509.Certificate = field(init=False)

    def __post_init__(self) -> None:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test authority")])
        key = self.authority_key
        self.authority = (
            x509.CertificateBuilder(name, name, key.public_key(), 1)
            .not_valid_before(SIGNED_AT - timedelta(days=300))
            .not_valid_after(SIGNED_AT + timedelta(days=300))
            .add_extension(x509.BasicConstraints(True, 0), True)
            .add_extension(key_usage("key_cert_sign", "crl_sign"), True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
            .sign(key, hashes.SHA256())
        )

    def root(self) -> str:
        """`trusted_root.json`."""
        start = {"start": "2026-01-01T00:00:00Z"}

        def log(key: ec.EllipticCurvePrivateKey) -> dict[str, Any]:
            public = {"rawBytes": _b64(_der(key)), "keyDetails": "PKIX_ECDSA_P256_SHA_256", "validFor": start}
            return {
                "baseUrl": "https://log.example",
                "hashAlgorithm": "SHA2_256",
                "publicKey": public,
                "logId": {"keyId": _b64(hashlib.sha256(_der(key)).digest())},
            }

        certificate = {"rawBytes": _b64(self.authority.public_bytes(serialization.Encoding.DER))}
        return json.dumps(
            {
                "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
                "tlogs": [log(self.log)],
                "certificateAuthorities": [
                    {
                        "subject": {"organization": "test", "commonName": "test authority"},
                        "uri": "https://authority.example",
                        "certChain": {"certificates": [certificate]},
                        "validFor": start,
                    }
                ],
                "ctlogs": [log(self.certificate_log)],
            }
        )

    def bundle(
        self,
        payload: bytes,
        subject: str,
        issuer: str = ISSUER,
        at: datetime = SIGNED_AT,
        repository: str | None = None,
    ) -> dict[str, Any]:
        """A bundle with a DSSE envelope around `payload`, signed by `subject` (an e-mail address) at `at`."""
        key = _key()
        certificate = self._certificate(key, subject, issuer, at, repository)
        signature = key.sign(pae(PAYLOAD_TYPE, payload), ec.ECDSA(hashes.SHA256()))
        envelope = {"payload": _b64(payload), "payloadType": PAYLOAD_TYPE, "signatures": [{"sig": _b64(signature)}]}
        return {
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": {
                "certificate": {"rawBytes": _b64(certificate.public_bytes(serialization.Encoding.DER))},
                "tlogEntries": [self._entry(payload, signature, certificate, at)],
            },
            "dsseEnvelope": envelope,
        }

    def _certificate(
        self, key: ec.EllipticCurvePrivateKey, subject: str, issuer: str, at: datetime, repository: str | None = None
    ) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder(
                self.authority.subject, x509.Name([]), key.public_key(), x509.random_serial_number()
            )
            .not_valid_before(at - timedelta(minutes=5))
            .not_valid_after(at + timedelta(minutes=5))
            .add_extension(x509.BasicConstraints(False, None), True)
            .add_extension(key_usage("digital_signature"), True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), False)
            .add_extension(x509.SubjectAlternativeName([_name(subject)]), True)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.authority_key.public_key()), False)
            .add_extension(x509.UnrecognizedExtension(_ISSUER_V1, issuer.encode()), False)
            .add_extension(x509.UnrecognizedExtension(_ISSUER_V2, bytes([0x0C, len(issuer)]) + issuer.encode()), False)
        )
        if repository is not None:
            value = bytes([0x0C, len(repository)]) + repository.encode()
            builder = builder.add_extension(x509.UnrecognizedExtension(_REPOSITORY, value), False)
        before = builder.sign(self.authority_key, hashes.SHA256())
        scts = x509.UnrecognizedExtension(_SCT_LIST, self._sct(before.tbs_certificate_bytes, at))
        return builder.add_extension(scts, False).sign(self.authority_key, hashes.SHA256())

    def _sct(self, tbs: bytes, at: datetime) -> bytes:
        """The SignedCertificateTimestampList of RFC 6962, section 3.2 and 3.3, as a DER octet string."""
        milliseconds = int(at.timestamp() * 1000)
        issuer = hashlib.sha256(_der(self.authority_key)).digest()
        signed = struct.pack("!BBQH", 0, 0, milliseconds, 1) + issuer + len(tbs).to_bytes(3) + tbs + b"\0\0"
        signature = self.certificate_log.sign(signed, ec.ECDSA(hashes.SHA256()))
        log = hashlib.sha256(_der(self.certificate_log)).digest()
        sct = (
            struct.pack("!B32sQH", 0, log, milliseconds, 0)
            + _SHA256_ECDSA
            + struct.pack("!H", len(signature))
            + signature
        )
        listed = struct.pack("!HH", len(sct) + 2, len(sct)) + sct
        return bytes([0x04, len(listed)]) + listed

    def _entry(self, payload: bytes, signature: bytes, certificate: x509.Certificate, at: datetime) -> dict[str, Any]:
        verifier = _b64(certificate.public_bytes(serialization.Encoding.PEM))
        body = json.dumps(
            {
                "apiVersion": "0.0.1",
                "kind": "dsse",
                "spec": {
                    "envelopeHash": {"algorithm": "sha256", "value": hashlib.sha256(payload + signature).hexdigest()},
                    "payloadHash": {"algorithm": "sha256", "value": hashlib.sha256(payload).hexdigest()},
                    "signatures": [{"signature": _b64(signature), "verifier": verifier}],
                },
            },
            sort_keys=True,
            separators=(",", ":"),
        ).encode()
        key_id, seconds = hashlib.sha256(_der(self.log)).digest(), int(at.timestamp())
        root = hashlib.sha256(b"\0" + body).digest()
        promise = {"body": _b64(body), "integratedTime": seconds, "logID": key_id.hex(), "logIndex": 0}
        canonical = json.dumps(promise, sort_keys=True, separators=(",", ":")).encode()
        return {
            "logIndex": "0",
            "logId": {"keyId": _b64(key_id)},
            "kindVersion": {"kind": "dsse", "version": "0.0.1"},
            "integratedTime": str(seconds),
            "inclusionPromise": {"signedEntryTimestamp": _b64(self.log.sign(canonical, ec.ECDSA(hashes.SHA256())))},
            "inclusionProof": {
                "logIndex": "0",
                "rootHash": _b64(root),
                "treeSize": "1",
                "hashes": [],
                "checkpoint": {"envelope": self._checkpoint(root, key_id)},
            },
            "canonicalizedBody": _b64(body),
        }

    def _checkpoint(self, root: bytes, key_id: bytes) -> str:
        note = f"log.example\n1\n{_b64(root)}\n"
        signature = self.log.sign(note.encode(), ec.ECDSA(hashes.SHA256()))
        return f"{note}\n\N{EM DASH} log.example {_b64(key_id[:4] + signature)}\n"


def _name(subject: str) -> x509.GeneralName:
    return x509.UniformResourceIdentifier(subject) if "://" in subject else x509.RFC822Name(subject)
