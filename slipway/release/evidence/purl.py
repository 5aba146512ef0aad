"""Package URLs of OCI artifacts: which digest does a product identifier name?"""

from __future__ import annotations

import re

_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")


def oci_digest(identifier: str) -> str | None:
    """`sha256:<hex>` of `pkg:oci/name@sha256:...` or of `repository@sha256:...`; None when it names no digest."""
    if not identifier.startswith("pkg:"):
        found = _DIGEST.fullmatch(identifier.rpartition("@")[2])
        return None if found is None or "@" not in identifier else found[0]
    if not identifier.lower().startswith("pkg:oci/"):
        return None
    from packageurl import PackageURL

    try:
        purl = PackageURL.from_string(identifier)
    except ValueError:
        return None
    version = purl.version or ""
    return version if purl.type == "oci" and _DIGEST.fullmatch(version) else None
