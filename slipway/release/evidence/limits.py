"""How large evidence may be. A file is refused by its size before a byte of it is parsed.

Assumption behind the figures: reports of CI are a few MiB, and forges refuse SARIF of more than 25,000 results a run.
"""

from __future__ import annotations

from slipway.release.evidence.facts import Kind

MIB = 1024 * 1024

LARGEST: dict[Kind, int] = {
    "tests": 64 * MIB,
    "coverage": 64 * MIB,
    "static-analysis": 16 * MIB,
    "security-scan": 16 * MIB,
    "vex": 4 * MIB,
    "migration-lint": 8 * MIB,
}
LARGEST_STATEMENT = 8 * MIB
LARGEST_SQL = 1 * MIB

MOST_XML_DEPTH = 64
MOST_XML_ATTRIBUTES = 64
LONGEST_XML_TOKEN = 4 * MIB
"""An attribute or a tag; the parser reads a token from its beginning again whenever more of it arrives."""
MOST_JSON_CONTAINERS = 500_000
"""`{` and `[` in a JSON file: what bounds the memory and the time of a small file with very many of them."""
