"""Which part of an artifact a vulnerability is in, as scanners say it, and whether a VEX entry is about that part.

What excuses a vulnerability in one component must not excuse it in another one, so two identifiers are the same only
when nothing that both of them say differs. A place that only might be the component is not it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath

from slipway.release.evidence.facts import Vulnerability

_PACKAGE_LINE = re.compile(r"^Package: (\S+)\s*$", re.MULTILINE)
_VERSION_LINE = re.compile(r"^Installed Version: (\S+)\s*$", re.MULTILINE)
_REPORTED = re.compile(r"\breports (\S+) at version (\S+)")
_QUOTED = re.compile(r"\bPackage '([^'\s]+)@([^'@\s]+)' is vulnerable")
_LONGEST = 4000

_SYSTEM = frozenset({"deb", "rpm", "apk", "alpm"})
"""Types of package URLs whose files belong to the operating system."""
_SYSTEM_FOLDERS = frozenset({"bin", "etc", "lib", "lib64", "sbin", "usr", "var"})
_DATABASES = ("lib/dpkg/status", "lib/apk/db/installed", "lib/rpm/packages", "lib/rpm/rpmdb.sqlite")
"""Files that list every package of the system, so that they name none of them."""


def in_properties(properties: Iterable[Mapping[str, object]]) -> str:
    """The package URL in a result's or a rule's properties (`purl`, `purls`); empty unless there is exactly one."""
    for found in properties:
        listed = found.get("purls")
        named = [found.get("purl"), *(listed if isinstance(listed, list) else [])]
        purls = {one for one in named if isinstance(one, str) and one.startswith("pkg:")}
        if purls:
            return purls.pop() if len(purls) == 1 else ""
    return ""


def in_text(message: str) -> str:
    """`name@version` from the message of an image scanner, in the wordings of Trivy, Grype and OSV-Scanner."""
    text = message[:_LONGEST]
    found = _REPORTED.search(text) or _QUOTED.search(text)
    if found:
        return f"{found[1]}@{found[2]}"
    name, version = _PACKAGE_LINE.search(text), _VERSION_LINE.search(text)
    if name is None:
        return ""
    return name[1] if version is None else f"{name[1]}@{version[1]}"


@dataclass(frozen=True, slots=True)
class _Part:
    """An identifier taken apart; what is empty was not said."""

    type: str
    namespace: str
    name: str
    version: str

    def names(self) -> frozenset[str]:
        """How scanners write it: a distribution is no part of the name, a scope or a module's path is."""
        if self.type == "pypi":
            return frozenset({self.name, self.name.replace("-", "_")})
        if not self.namespace or self.type in _SYSTEM:
            return frozenset({self.name})
        if self.type == "maven":
            return frozenset({f"{self.namespace}:{self.name}", self.name})
        return frozenset({f"{self.namespace}/{self.name}"})


def covers(component: str, vulnerability: Vulnerability) -> bool:
    """Whether a VEX entry about `component` is about the part that has the vulnerability."""
    wanted = _part(component)
    if vulnerability.component:
        found = _part(vulnerability.component)
        if wanted.version and found.version and wanted.version != found.version:
            return False
        if wanted.type and found.type:
            return (wanted.type, wanted.namespace, wanted.name) == (found.type, found.namespace, found.name)
        return not wanted.names().isdisjoint(found.names())
    return _at(component, wanted, vulnerability.where)


def _at(component: str, wanted: _Part, where: str) -> bool:
    """By the place alone: the identifier or the name itself, or a folder or file of that name."""
    path = re.sub(r":\d+$", "", where).strip("/")
    if not path:
        return False
    if path in {component, *wanted.names(), *(f"{name}@{wanted.version}" for name in wanted.names())}:
        return True
    is_there = any(f"/{name}/" in f"/{path.lower()}/" for name in wanted.names())
    if path.endswith(_DATABASES) or not is_there:
        return False
    return (PurePosixPath(path).parts[0] in _SYSTEM_FOLDERS) == (wanted.type in _SYSTEM)


@lru_cache(maxsize=4096)
def _part(identifier: str) -> _Part:
    if identifier.startswith("pkg:"):
        from packageurl import PackageURL

        try:
            purl = PackageURL.from_string(identifier)
        except ValueError:
            return _Part("", "", identifier, "")
        return _Part(purl.type, (purl.namespace or "").lower(), purl.name.lower(), purl.version or "")
    name, at, version = identifier.rpartition("@")
    return _Part("", "", (name if at and name else identifier).lower(), version if at and name else "")
