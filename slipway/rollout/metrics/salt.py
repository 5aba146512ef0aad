"""Keys of clients as they may be written down: hashed with a salt that lives no longer than a rollout or a watch."""

from __future__ import annotations

import base64
import hashlib
import secrets

SALT_BYTES = 16
KEY_BYTES = 6
"""48 bits: among 10,000 failing clients two share a key once in five million rollouts, and then they are one
coarser client, which is allowed."""


class Salt:
    """A rollout keeps it in memory alone: what was hashed with it can be neither looked up nor joined. A watch keeps it
    beside its evidence until it has ended, so that a process which takes over knows the clients that were counted."""

    def __init__(self, value: bytes | None = None) -> None:
        self._value = secrets.token_bytes(SALT_BYTES) if value is None else value

    def to_json(self) -> str:
        """For the process that goes on."""
        return self._value.hex()

    def hashed(self, key: str) -> str:
        """Eight characters for a key (keyed BLAKE2, RFC 7693)."""
        # A lone surrogate is a key as good as any: JSON can carry it, plain UTF-8 cannot.
        digest = hashlib.blake2b(key.encode(errors="surrogatepass"), digest_size=KEY_BYTES, key=self._value).digest()
        return base64.urlsafe_b64encode(digest).decode()
