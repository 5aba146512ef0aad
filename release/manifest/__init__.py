"""The manifest of a release, one part a file; `release.manifest.load` reads it with every problem at once."""

from release.manifest.release import Release

__all__ = ["Release"]
