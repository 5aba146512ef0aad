"""What `slipway history` shows to people. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from slipway.release.findings import plain
from slipway.release.records.dora import Dora
from slipway.release.records.rows import FlagRow, ReleaseRow
from slipway.release.report.words import lasting, measured
from slipway.release.units import show_moment

REASON = 100
"""Characters of a reason that are shown."""
HEAD = ("#", "version", "outcome", "strategy", "began", "took", "by")
FLAG_HEAD = ("#", "what", "flag", "when", "by")


def listed(rows: Mapping[str, Sequence[ReleaseRow]]) -> str:
    """A table for each service."""
    return (
        "\n\n".join(f"{service}\n{_table(found)}" for service, found in rows.items()) or "no service was released yet"
    )


def flags_listed(sets: Mapping[str, Sequence[FlagRow]]) -> str:
    """A table for each set of flags."""
    return "\n\n".join(f"flags {name}\n{_flag_table(found)}" for name, found in sets.items())


def _flag_table(rows: Sequence[FlagRow]) -> str:
    cells = [(str(row.number), row.what, row.flag, show_moment(row.at), plain(row.by, 60)) for row in rows]
    return _aligned([FLAG_HEAD, *cells], [row.reason for row in rows]) if rows else "  no change is on record"


def _table(rows: Sequence[ReleaseRow]) -> str:
    if not rows:
        return "  no release is on record"
    return _aligned([HEAD, *map(_cells, rows)], [row.reason for row in rows])


def _aligned(cells: Sequence[Sequence[str]], reasons: Sequence[str]) -> str:
    """The first row is the head; under each other one stands its reason."""
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    lines = []
    for number, row in enumerate(cells):
        lines.append("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
        if number and reasons[number - 1]:
            lines.append(f"     {plain(reasons[number - 1], REASON)}")
    return "\n".join(lines)


def _cells(row: ReleaseRow) -> tuple[str, ...]:
    return (
        "" if row.number is None else str(row.number),
        row.version,
        row.outcome,
        row.strategy,
        show_moment(row.began),
        lasting(row.seconds) if row.seconds is not None else "",
        plain(row.by, 60),
    )


def measures(found: Mapping[str, Dora]) -> str:
    """The five measures of each service, with their samples."""
    parts = []
    for service, one in found.items():
        span = f"{show_moment(one.since)} to {show_moment(one.until)}"
        width = max(len(measure.name) for measure in one.measures)
        lines = [f"  {measure.name.ljust(width)}  {measured(measure)}" for measure in one.measures]
        parts.append("\n".join([f"{service}, {span}", *lines]))
    return "\n\n".join(parts) or "no service was released yet"
