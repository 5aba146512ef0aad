"""The manifest of a release, one part a file; `slipway.release.manifest.load` reads it with every problem at once."""

from slipway.release.manifest.release import Release

__all__ = ["Release"]
