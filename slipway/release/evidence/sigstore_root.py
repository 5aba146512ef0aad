"""The trusted root of a Sigstore instance: its authorities and logs, from the text of `trusted_root.json`."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sigstore.verify import Verifier


@lru_cache(maxsize=4)
def verifier(text: str) -> Verifier:
    """A verifier that trusts this root and never goes to the network. Raises ValueError when it cannot be read."""
    from sigstore.errors import Error
    from sigstore.models import TrustedRoot
    from sigstore.verify import Verifier
    from sigstore_models.trustroot.v1 import TrustedRoot as Model

    try:
        root = TrustedRoot(Model.from_json(text))
        if not root._inner.tlogs or not root._inner.certificate_authorities or not root._inner.ctlogs:
            raise ValueError("authorities, certificate logs and transparency logs are needed")
        return Verifier(trusted_root=root)
    except (Error, ValueError) as error:
        first = (str(error).splitlines() or ["unreadable"])[0]
        raise ValueError(f"sigstoreRoot cannot be used: {first}") from None
