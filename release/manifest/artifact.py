"""The immutable artifact: an OCI image named by digest. A tag can be moved, so a tag is refused."""

from __future__ import annotations

import re

from pydantic import field_validator

from release.manifest.base import Part

_PINNED = re.compile(r"[a-z0-9][a-z0-9._:/-]*@sha256:[0-9a-f]{64}")


class Artifact(Part):
    """`image` is `repository@sha256:<64 hex>`."""

    image: str

    @field_validator("image")
    @classmethod
    def _is_pinned(cls, value: str) -> str:
        if not _PINNED.fullmatch(value):
            raise ValueError("name the image by its digest, repository@sha256:<64 hex>; a tag can be moved")
        if ":" in value.split("@", maxsplit=1)[0].rpartition("/")[2]:
            raise ValueError("leave the tag out: repository@sha256:<64 hex>, the digest alone names the image")
        return value

    @property
    def digest(self) -> str:
        """`sha256:<64 hex>`."""
        return self.image.partition("@")[2]
