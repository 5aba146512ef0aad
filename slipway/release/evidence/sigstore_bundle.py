"""Sigstore bundles: verified offline against a declared trusted root, for declared identities.

What is verified (the Sigstore client specification): the certificate chains to the root's authority at a time that
a log or a timestamp authority vouches for, its SCT, the log entry with its inclusion proof, and the signature.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from slipway.release.evidence.errors import EvidenceError
from slipway.release.evidence.sigstore_root import verifier
from slipway.release.evidence.statement import PAYLOAD_TYPE
from slipway.release.evidence.trust import Principal, TrustRoots

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

_BUNDLE = "application/vnd.dev.sigstore.bundle"
_ISSUER = "1.3.6.1.4.1.57264.1.8"
"""Fulcio's extension with the OIDC issuer: a DER UTF8String."""
_ISSUER_V1 = "1.3.6.1.4.1.57264.1.1"
"""The same as bare UTF-8, deprecated and still written."""

_REPOSITORY = "1.3.6.1.4.1.57264.1.12"
"""Fulcio's extension with the URI of the source repository: the caller's, for a reusable workflow."""


def is_bundle(document: dict[str, object]) -> bool:
    """Whether a JSON object is a Sigstore bundle."""
    return str(document.get("mediaType", "")).startswith(_BUNDLE)


def verify(text: bytes, trust: TrustRoots) -> tuple[bytes, Principal]:
    """The payload and the principal whose identity the certificate carries.

    Raises EvidenceError: `malformed`; `unsupported` when it signs a bare file and not a statement; `untrusted`.
    """
    from sigstore.errors import Error
    from sigstore.models import Bundle

    if trust.sigstore_root is None:
        raise EvidenceError("untrusted", "Sigstore bundle: the trust roots have no sigstoreRoot")
    chosen = _Chosen(trust)
    with _quiet():
        try:
            bundle = Bundle.from_json(text)
            if bundle._inner.dsse_envelope is None:
                raise EvidenceError("unsupported", "Sigstore bundle: it signs a file, a signed statement is needed")
            payload_type, payload = verifier(trust.sigstore_root).verify_dsse(bundle, chosen)
        except EvidenceError:
            raise
        except (Error, ValueError) as error:
            raise EvidenceError("untrusted", f"Sigstore bundle: {error}") from None
        except Exception as error:
            # Whatever a hostile bundle provokes in the library is a refusal, never a crash.
            raise EvidenceError("malformed", f"Sigstore bundle: {type(error).__name__}: {error}") from None
    if payload_type != PAYLOAD_TYPE or chosen.principal is None:
        raise EvidenceError("unsupported", f"Sigstore bundle: payloadType {payload_type}, not {PAYLOAD_TYPE}")
    return payload, chosen.principal


class _Chosen:
    """A verification policy: the certificate's identity must be that of a principal, which it remembers."""

    def __init__(self, trust: TrustRoots) -> None:
        self._trust = trust
        self.principal: Principal | None = None

    def verify(self, cert: Certificate) -> None:
        """Called by sigstore once the certificate chain holds. Raises EvidenceError `untrusted`."""
        issuer, subjects, repository = _identity(cert)
        for principal in self._trust.principals:
            if any(identity.matches(issuer, s, repository) for identity in principal.identities for s in subjects):
                self.principal = principal
                return
        who = f"{', '.join(subjects)} (issuer {issuer}{'' if repository is None else f', repository {repository}'})"
        raise EvidenceError("untrusted", f"Sigstore bundle: {who} is no identity of the trust roots")


def _identity(cert: Certificate) -> tuple[str, list[str], str | None]:
    """Issuer, subjects, and the repository from which a workflow ran."""
    from cryptography.x509 import ExtensionNotFound, RFC822Name, SubjectAlternativeName, UniformResourceIdentifier

    extensions = {e.oid.dotted_string: e.value.public_bytes() for e in cert.extensions}
    try:
        names = cert.extensions.get_extension_for_class(SubjectAlternativeName).value
    except ExtensionNotFound:
        raise EvidenceError("untrusted", "Sigstore bundle: the certificate names no subject") from None
    subjects = [*names.get_values_for_type(RFC822Name), *names.get_values_for_type(UniformResourceIdentifier)]
    repository = _utf8_string(extensions[_REPOSITORY]) if _REPOSITORY in extensions else None
    if _ISSUER in extensions:
        return _utf8_string(extensions[_ISSUER]), subjects, repository
    if _ISSUER_V1 in extensions:
        return extensions[_ISSUER_V1].decode("utf-8"), subjects, repository
    raise EvidenceError("untrusted", "Sigstore bundle: the certificate names no issuer")


def _utf8_string(der: bytes) -> str:
    """A DER UTF8String in the short or the one-byte long form, which is all that a URL of a forge needs."""
    start = 3 if len(der) > 2 and der[1] == 0x81 else 2
    length = der[start - 1] if len(der) >= start else -1
    if len(der) < 2 or der[0] != 0x0C or (start == 2 and length > 127) or len(der) != start + length:
        raise EvidenceError("malformed", "Sigstore bundle: issuer or repository of the certificate is not a UTF8String")
    return der[start:].decode("utf-8")


class _quiet:  # noqa: N801 - reads as a statement
    """sigstore warns about details of bundles through logging; the verdict says all that matters."""

    def __enter__(self) -> None:
        self._logger = logging.getLogger("sigstore")
        self._level = self._logger.level
        self._logger.setLevel(logging.CRITICAL)

    def __exit__(self, *_: object) -> None:
        self._logger.setLevel(self._level)
