"""Durations and shares as people write them (`2m`, `300ms`, `0.1%`), kept as plain floats."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import Annotated, TypeAlias

from pydantic import BeforeValidator, Field

Percent: TypeAlias = float
"""A part of the traffic, 0 to 100: weights of steps, of splits, of ticks and in the journal."""
Fraction: TypeAlias = float
"""A part of anything, 0 to 1: shares of requests, and what the statistics reckon with."""

_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)")
_SHARE = re.compile(r"(-?[0-9]*\.?[0-9]+(?:e-?[0-9]+)?)(%?)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def seconds(value: object) -> float:
    """Parse `90`, `90s`, `1m30s` or `300ms` into seconds. Raises ValueError for anything else or below 0."""
    if isinstance(value, bool):
        raise ValueError("a duration such as 30s, 2m or 300ms is expected")
    if isinstance(value, int | float):
        number = float(value)
        if not math.isfinite(number) or number < 0:
            raise ValueError("a duration must be finite and not negative")
        return number
    text = str(value).strip()
    parts = _DURATION.findall(text)
    if not parts or "".join(f"{n}{unit}" for n, unit in parts) != text:
        raise ValueError(f"{text!r} is not a duration such as 30s, 2m, 1m30s or 300ms")
    total = sum(float(number) * _SECONDS[unit] for number, unit in parts)
    if not math.isfinite(total):
        raise ValueError("a duration must be finite")
    return total


def share(value: object) -> Fraction:
    """Parse `0.1%` or `0.001` into a fraction within [0, 1]. Raises ValueError otherwise."""
    if isinstance(value, bool):
        raise ValueError("a share such as 0.1% is expected")
    text = str(value).strip()
    match = _SHARE.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a share such as 0.1% or 0.001")
    number = fraction(float(match[1])) if match[2] else float(match[1])
    if not 0 <= number <= 1:
        raise ValueError(f"{text!r} is not between 0% and 100%")
    return number


def show_seconds(value: float) -> str:
    """The shortest exact way to say a duration: `90.0` -> `1m30s`, `0.3` -> `300ms`, `0` -> `0s`."""
    if value < 1 and value > 0:
        return f"{value * 1000:g}ms"
    rest, text = value, ""
    for unit, size in (("h", 3600.0), ("m", 60.0)):
        count = int(rest // size)
        if count:
            text, rest = f"{text}{count}{unit}", rest - count * size
    return f"{text}{rest:g}s" if rest or not text else text


def show_moment(at: float) -> str:
    """Unix seconds as people read them: `2026-11-23 16:00:00Z`."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def fraction(percent: Percent) -> Fraction:
    """`25.0` -> `0.25`."""
    return percent / 100.0


def percent_of(part: float, whole: float) -> Percent:
    """`(1, 4)` -> `25.0`, exact where the percentage is a whole number."""
    return 100.0 * part / whole


def show_share(value: Fraction) -> str:
    """`0.001` -> `0.1%`."""
    return f"{percent_of(value, 1.0):.4g}%"


Seconds = Annotated[float, BeforeValidator(seconds)]
Share = Annotated[Fraction, BeforeValidator(share)]
Weight = Annotated[Percent, Field(ge=0, le=100)]
"""Percent of the traffic, 0 to 100; fractions such as 0.5 are allowed."""
