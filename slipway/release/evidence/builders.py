"""Which builders' provenance is accepted: `runDetails.builder.id`, exact or open at its end.

Forges put into the id what changes with every build: GitHub the reference of the workflow, GitLab the number of the
runner, BuildKit the run.
"""

from __future__ import annotations

import re

_OPEN_REFERENCE = re.compile(r"https?://[^/@*\s]+(/[^/@*\s]+)+@[^*\s]*\*")
_OPEN_PATH = re.compile(r"https?://[^/@*\s]+(/[^/@*\s]+){2,}/\*")
FORMS = (
    "a builder is exact, or ends in * after the @ of its reference "
    "(https://forge.example/org/repo/.github/workflows/release.yml@refs/tags/*) or after the / of a path that names "
    "the project (https://forge.example/group/project/-/runners/*)"
)


def check(pattern: str) -> str:
    """The pattern itself. Raises ValueError for a `*` elsewhere: it would match nothing, or all of a forge."""
    if "*" in pattern and not (_OPEN_REFERENCE.fullmatch(pattern) or _OPEN_PATH.fullmatch(pattern)):
        raise ValueError(f"{pattern} can match no builder that should be trusted: {FORMS}")
    return pattern


def matches(pattern: str, builder: str) -> bool:
    """Whether a builder's id is the pattern, or goes on where the pattern is open."""
    if not pattern.endswith("*"):
        return builder == pattern
    return builder.startswith(pattern[:-1]) and len(builder) > len(pattern) - 1
