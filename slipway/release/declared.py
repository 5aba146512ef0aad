"""A release as a stack declares it: the path of its manifest in the project. The only reader of a project's manifests.

One rule of safety for all: below the project's folder, without `..` and without symbolic links, at most 1 MiB.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from slipway.release.evidence.files import read_below
from slipway.release.manifest.document import MAX_BYTES
from slipway.release.manifest.load import parse
from slipway.release.manifest.release import Release
from slipway.release.records.released import ReleasedVersion
from slipway.release.revision import revision_of
from slipway.release.strategy import resolve


@dataclass(frozen=True, slots=True)
class DeclaredRelease:
    """A manifest that was read: the release with its strategy resolved, the path in the project, and the SHA-256 of
    the manifest's bytes."""

    release: Release
    path: str
    sha256: str

    @property
    def revision(self) -> str:
        """Of artifact and workload."""
        return revision_of(self.release)

    @property
    def released(self) -> ReleasedVersion:
        """What the journal keeps of it once it completed."""
        release = self.release
        return ReleasedVersion(
            revision=self.revision, version=release.version, image=release.artifact.image, manifest=self.path
        )


def read_manifest(project: Path, path: str) -> DeclaredRelease:
    """Read and validate one manifest. Raises InputError with every problem in it, and EvidenceError where the file
    cannot be read (`outside`, `missing`, `unreadable`, `empty`, `too-large`)."""
    content = read_below(project, path, MAX_BYTES)
    return DeclaredRelease(_parsed(content.data, path), path, content.sha256)


@lru_cache(maxsize=256)
def _parsed(data: bytes, path: str) -> Release:
    """By the bytes themselves: the same manifest is looked at as release, as staging's and as a resource's."""
    return resolve(parse(data, path))
