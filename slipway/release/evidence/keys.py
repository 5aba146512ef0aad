"""Public keys of the trust roots: which kinds are accepted, how they are named, and the check of a signature."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from securesystemslib.signer import SSlibKey

_SMALLEST_RSA = 2048


@lru_cache(maxsize=256)
def load(pem: str) -> SSlibKey:
    """A public key from PEM. Raises ValueError for a private key, a certificate, or a kind that is not accepted."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key
    from securesystemslib.signer import SSlibKey

    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("a public key in PEM (BEGIN PUBLIC KEY) is expected") from None
    if isinstance(key, RSAPublicKey) and key.key_size < _SMALLEST_RSA:
        raise ValueError(f"an RSA key of at least {_SMALLEST_RSA} bits is expected, not {key.key_size}")
    if not isinstance(key, RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey):
        raise ValueError("an Ed25519, ECDSA or RSA key is expected")
    return SSlibKey.from_crypto(key)


def key_id(pem: str) -> str:
    """A stable id of a public key (a hash of it). Raises ValueError as `load`."""
    return load(pem).keyid


def verifies(pem: str, signature: bytes, data: bytes) -> bool:
    """Whether `signature` over `data` was made with the private half of `pem`."""
    from securesystemslib.exceptions import UnverifiedSignatureError
    from securesystemslib.signer import Signature

    key = load(pem)
    try:
        key.verify_signature(Signature(key.keyid, signature.hex()), data)
    except UnverifiedSignatureError:
        return False
    return True
