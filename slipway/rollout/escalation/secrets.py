"""Secrets by their reference, read at the moment of use. No message of an error has any of their text."""

from __future__ import annotations

import os
from pathlib import Path

from slipway.release.escalation.receivers import Secret

LONGEST = 4096


class SecretMissing(Exception):
    """It is not there, or cannot be one; the text names the reference and the remedy."""


def value_of(secret: Secret) -> str:
    """The secret, one printable line. Raises SecretMissing."""
    found = _from_file(secret) if secret.file is not None else os.environ.get(secret.env or "", "")
    value = found.strip()
    if not value:
        raise SecretMissing(f"{secret} is missing or empty where the sender runs")
    if len(value) > LONGEST or not value.isascii() or not value.isprintable():
        raise SecretMissing(f"{secret} holds no single line of printable ASCII")
    return value


def _from_file(secret: Secret) -> str:
    try:
        return Path(secret.file or "").read_text(encoding="ascii")
    except OSError as error:
        raise SecretMissing(f"{secret} cannot be read: {error.strerror}") from None
    except ValueError:
        raise SecretMissing(f"{secret} holds no single line of printable ASCII") from None
