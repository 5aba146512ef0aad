"""Many reports of one entry of a manifest as one item: what is added up anyway is recorded as its sum."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from slipway.release.evidence.facts import MOST_NAMES, CoverageFacts, TestFacts
from slipway.release.evidence.model import Item

_Key = tuple[str, str, str]


def joined(items: Iterable[tuple[str, Item]]) -> list[Item]:
    """The items, those of one pattern, kind and statement as one. Each comes with the pattern that its file was found
    by, empty when the manifest names the file itself."""
    groups: dict[_Key, list[Item]] = {}
    patterns: dict[_Key, str] = {}
    for number, (pattern, item) in enumerate(items):
        sums = pattern and isinstance(item.facts, TestFacts | CoverageFacts)
        key = (item.field, item.facts.kind, item.binding.sha256 if sums else str(number))
        groups.setdefault(key, []).append(item)
        patterns[key] = pattern
    return [group[0] if len(group) == 1 else _sum(patterns[key], group) for key, group in groups.items()]


def _sum(pattern: str, items: list[Item]) -> Item:
    listing = "".join(f"{item.sha256} {item.path}\n" for item in sorted(items, key=lambda item: item.path))
    times = [item.at for item in items if item.at is not None]
    return items[0].model_copy(
        update={
            "path": f"{pattern} ({len(items)} files)",
            "sha256": hashlib.sha256(listing.encode()).hexdigest(),
            "at": min(times) if len(times) == len(items) else None,
            "facts": _facts(items),
        }
    )


def _facts(items: list[Item]) -> TestFacts | CoverageFacts:
    tests = [item.facts for item in items if isinstance(item.facts, TestFacts)]
    if not tests:
        measured = [item.facts for item in items if isinstance(item.facts, CoverageFacts)]
        sums = ("lines", "lines_covered", "branches", "branches_covered")
        return CoverageFacts(**{name: sum(getattr(one, name) for one in measured) for name in sums})
    names = ("cases", "passed", "failed", "errors", "skipped", "flaky", "unlisted")
    return TestFacts(
        **{name: sum(getattr(one, name) for one in tests) for name in names},
        failing=tuple(name for one in tests for name in one.failing)[:MOST_NAMES],
        repeated=tuple(name for one in tests for name in one.repeated)[:MOST_NAMES],
    )
