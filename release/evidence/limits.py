"""How large evidence may be. A file is refused by its size before a byte of it is parsed.

Assumption behind the figures: reports of CI are a few MiB; the largest public SARIF and JUnit files are some tens.
"""

from __future__ import annotations

from release.evidence.facts import Kind

MIB = 1024 * 1024

LARGEST: dict[Kind, int] = {
    "tests": 64 * MIB,
    "coverage": 64 * MIB,
    "static-analysis": 32 * MIB,
    "security-scan": 32 * MIB,
    "vex": 8 * MIB,
    "migration-lint": 8 * MIB,
}
LARGEST_STATEMENT = 8 * MIB
LARGEST_SQL = 1 * MIB

MOST_XML_DEPTH = 64
MOST_XML_ATTRIBUTES = 64
MOST_JSON_CONTAINERS = 2_000_000
"""`{` and `[` in a JSON file: each costs about 70 bytes of memory once parsed."""
