"""Cobertura XML: lines and branches are counted; the header's rate must agree with them."""

from __future__ import annotations

import math
import re

from slipway.release.evidence.errors import EvidenceError
from slipway.release.evidence.facts import CoverageFacts
from slipway.release.evidence.xmltext import stream, whole
from slipway.release.findings import plain

TOLERANCE = 0.01
"""Tools round, and count a line of nested classes once or twice: one percentage point of difference is accepted."""

HABITS = (
    "Name each file once: of two files with the same relative path, as with `pytest --cov=app --cov=lib`, coverage.py "
    "keeps one. Measure from one root (--cov=. with relative_files), or write one report a package"
)

_BRANCHES = re.compile(r"\((\d{1,9})/(\d{1,9})\)")
_PATH = ("coverage", "packages", "package", "classes", "class", "lines", "line")


def parse(data: bytes) -> CoverageFacts:
    """Read a report of coverage.py, gcovr, coverlet, JaCoCo's converter or Cobertura itself.

    Raises EvidenceError: `malformed`; `empty` when no line is listed; `mismatch` when `line-rate` is off by more
    than `TOLERANCE`.
    """
    reader = _Reader()
    stream(data, reader, "Cobertura XML")
    if not reader.lines:
        raise EvidenceError("empty", "Cobertura XML: not a single line is listed")
    covered = sum(1 for hit in reader.lines.values() if hit)
    counted = covered / len(reader.lines)
    if reader.declared is not None and abs(reader.declared - counted) > TOLERANCE:
        raise EvidenceError(
            "mismatch",
            f"Cobertura XML declares a line rate of {reader.declared:.3f}, its lines add up to {counted:.3f}",
            HABITS,
        )
    branches = reader.branches.values()
    return CoverageFacts(
        lines=len(reader.lines),
        lines_covered=covered,
        branches=sum(total for _, total in branches),
        branches_covered=sum(hit for hit, _ in branches),
    )


class _Reader:
    """Lines by (file, number), so that a file listed under several classes counts once."""

    def __init__(self) -> None:
        self.declared: float | None = None
        self.lines: dict[tuple[int, int], bool] = {}
        self.branches: dict[tuple[int, int], tuple[int, int]] = {}
        self._path: list[str] = []
        self._files: dict[str, int] = {}
        self._file = 0

    def opened(self, name: str, attributes: dict[str, str], depth: int) -> None:
        if depth == 0 and name != "coverage":
            raise EvidenceError("malformed", f"Cobertura XML: the root is <{plain(name, 40)}>, not <coverage>")
        self._path.append(name)
        if depth == 0:
            self.declared = _rate(attributes.get("line-rate"))
        elif name == "class":
            filename = attributes.get("filename") or attributes.get("name") or f"class {len(self._files)}"
            self._file = self._files.setdefault(filename, len(self._files))
        elif tuple(self._path) == _PATH:
            self._line(attributes)

    def closed(self, name: str, depth: int) -> None:
        self._path.pop()

    def _line(self, attributes: dict[str, str]) -> None:
        number = whole(attributes.get("number"), "Cobertura XML: number")
        hits = whole(attributes.get("hits"), "Cobertura XML: hits", digits=20)
        if number is None or hits is None:
            raise EvidenceError("malformed", "Cobertura XML: a line without number or hits")
        key = (self._file, number)
        self.lines[key] = self.lines.get(key, False) or hits > 0
        found = _BRANCHES.search(attributes.get("condition-coverage", ""))
        if found:
            hit, total = int(found[1]), int(found[2])
            if hit > total:
                raise EvidenceError("malformed", f"Cobertura XML: {hit} of {total} branches covered")
            before = self.branches.get(key, (0, 0))
            self.branches[key] = max(before, (hit, total))


def _rate(value: str | None) -> float | None:
    if value is None:
        return None
    try:
        rate = float(value)
    except ValueError:
        rate = -1.0
    if math.isnan(rate):
        return None  # istanbul, of a report without a line: that it is empty is said by its lines
    if not 0 <= rate <= 1:
        raise EvidenceError("malformed", f"Cobertura XML: line-rate is {value!r}, a share from 0 to 1 is expected")
    return rate
