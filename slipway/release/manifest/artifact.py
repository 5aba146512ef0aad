"""The immutable artifact: an OCI image named by digest. A tag can be moved, so a tag is refused."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

from slipway.release.manifest.base import FrozenModel

_PINNED = re.compile(r"[a-z0-9][a-z0-9._:/-]*@sha256:[0-9a-f]{64}")
_PART = r"[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*"
_NAME = re.compile(rf"(?:{_PART}(?::[0-9]{{1,5}})?/)?{_PART}(?:/{_PART})*")
"""As the OCI distribution specification has it: no part of it can lead a request out of the repository."""


def _pinned(value: str) -> str:
    if not _PINNED.fullmatch(value):
        raise ValueError("name the image by its digest, repository@sha256:<64 hex>; a tag can be moved")
    if ":" in value.split("@", maxsplit=1)[0].rpartition("/")[2]:
        raise ValueError("leave the tag out: repository@sha256:<64 hex>, the digest alone names the image")
    if not _NAME.fullmatch(value.partition("@")[0]):
        raise ValueError("the repository is a host and names of a-z, 0-9 and . _ - in between, parted by single /")
    return value


PinnedImage = Annotated[str, AfterValidator(_pinned)]
"""`repository@sha256:<64 hex>`."""


class Artifact(FrozenModel):
    """What is released."""

    image: PinnedImage

    @property
    def registry(self) -> str:
        """The registry's `host` or `host:port`; empty when the name does not begin with one."""
        host, slash, _ = self.image.partition("/")
        return host if slash else ""

    @property
    def digest(self) -> str:
        """`sha256:<64 hex>`."""
        return self.image.partition("@")[2]
