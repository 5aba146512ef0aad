"""How numbers are said in a report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from slipway.release.records.dora import Measure
from slipway.release.units import show_seconds, show_share

BARS = "▁▂▃▄▅▆▇█"


def lasting(seconds: float) -> str:
    """`83.4` -> `1m23s`; below 10 seconds with one decimal, from two days on in days."""
    if seconds >= 172800:
        return f"{seconds / 86400:.1f} days"
    return show_seconds(round(seconds, 1)) if seconds < 10 else show_seconds(float(round(seconds)))


def counted(bad: int | None, total: int | None, what: str = "requests") -> str:
    """`5 of 4,812 requests (0.1039%)`."""
    if bad is None or total is None:
        return "not measured"
    if not total:
        return f"no {what}"
    return f"{bad:,} of {total:,} {what} ({show_share(bad / total)})"


def minutes(number: float) -> str:
    """`1 minute`, `2.5 minutes`."""
    return f"{number:g} minute{'' if number == 1 else 's'}"


def against_limit(evidence: float, threshold: float) -> str:
    """`1,777, limit 300`: evidence may be far beyond what it has to reach."""
    return f"{_rounded(evidence)}, limit {_rounded(threshold)}"


def _rounded(number: float) -> str:
    """Four digits, those before the point in groups of three."""
    return f"{number:,.0f}" if 1000 <= abs(number) < 1e6 else f"{number:.4g}"


def sparkline(values: Sequence[float | None], top: float, width: int) -> str:
    """Bars of characters, `width` at most: the largest value of each part, a space where nothing is known."""
    size = max(1, -(-len(values) // width))
    parts = [[v for v in values[start : start + size] if v is not None] for start in range(0, len(values), size)]
    return "".join(
        " " if not part else BARS[min(len(BARS) - 1, int(max(part) / top * len(BARS)))] if top > 0 else BARS[0]
        for part in parts
    )


def share_of(bad: int, total: int) -> float | None:
    """None without any."""
    return bad / total if total else None


def total_of(column: Iterable[int | None]) -> int | None:
    """The sum; None where nothing was recorded."""
    known = [value for value in column if value is not None]
    return sum(known) if known else None


def date_of(at: float) -> str:
    """A day in UTC."""
    return datetime.fromtimestamp(at, UTC).date().isoformat()


def measured(measure: Measure) -> str:
    """A measure with its sample: `2h (3 of 4)`, `25% (1 of 4)`, or `unknown: why`."""
    if measure.value is None:
        return f"unknown: {measure.unknown}"
    sample = f"{measure.cases} of {measure.of}"
    if measure.unit == "seconds":
        return f"{lasting(measure.value)}, median ({sample})"
    if measure.unit == "share":
        return f"{show_share(measure.value)} ({sample})"
    return f"{measure.value:.3g} {measure.unit} ({sample})"
