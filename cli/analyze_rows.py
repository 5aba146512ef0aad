"""The lines of a recording in a CSV file, and the weights that were in force."""

from __future__ import annotations

import csv
import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from release.errors import InputError, Problem
from release.units import seconds, share

MOST_PROBLEMS = 10


@dataclass(frozen=True, slots=True)
class Weights:
    """The candidate's share in percent from each time on (seconds since the recording began)."""

    starts: tuple[float, ...]
    percents: tuple[float, ...]

    def at(self, time: float) -> tuple[float, float]:
        """The weight in force during a tick that ends at `time`, and when its step began."""
        index = max(0, bisect_right(self.starts, time - 1e-9) - 1)
        return self.percents[index], self.starts[index]


def read_weights(text: str) -> Weights:
    """`5` for the whole recording, or steps with their beginning: `0s:5,2m:25,7m:100`. Raises InputError."""
    try:
        pairs = [part.split(":") for part in text.split(",")]
        if len(pairs) == 1 and len(pairs[0]) == 1:
            pairs = [["0", pairs[0][0]]]
        starts = tuple(seconds(float(start) if start.isdigit() else start) for start, _ in pairs)
        percents = tuple(100.0 * share(percent if percent.endswith("%") else f"{percent}%") for _, percent in pairs)
        if starts[0] != 0.0 or list(starts) != sorted(set(starts)):
            raise ValueError("the first step begins at 0s and each later than the one before")
    except ValueError as error:
        remedy = "give percent, such as 5, or steps such as 0s:5,2m:25,7m:100"
        raise InputError(
            "slipway analyze", [Problem("--weights", f"{text!r} cannot be read ({error})", remedy)]
        ) from None
    return Weights(starts, percents)


@dataclass(frozen=True, slots=True)
class Row:
    """One line: its number in the file, its time in seconds, and the other fields."""

    line: int
    time: float
    fields: tuple[str, ...]


def read_rows(path: Path, columns: Sequence[str]) -> list[Row]:
    """The rows with these columns, in the file's order. Raises InputError with every line that cannot be read."""
    problems: list[Problem] = []
    rows: list[Row] = []
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        missing = [name for name in columns if name not in (reader.fieldnames or ())]
        if missing:
            remedy = f"name the columns {', '.join(columns)} in the first line"
            raise InputError(str(path), [Problem("line 1", f"no column {', '.join(missing)}", remedy)])
        for fields in reader:
            try:
                time = _time(fields[columns[0]])
                rows.append(Row(reader.line_num, time, tuple((fields[name] or "").strip() for name in columns[1:])))
            except ValueError as error:
                problems.append(Problem(f"line {reader.line_num}", str(error), "give seconds, or a time of ISO 8601"))
    if not rows and not problems:
        problems.append(Problem("line 2", "the file has no rows", "record at least one tick"))
    refuse(path, problems)
    return rows


def _time(text: str | None) -> float:
    text = (text or "").strip()
    try:
        value = float(text)
    except ValueError:
        try:
            value = datetime.fromisoformat(text).timestamp()
        except ValueError:
            raise ValueError(f"{text!r} is not a time") from None
    if not math.isfinite(value):
        raise ValueError(f"{text!r} is not a time")
    return value


def refuse(path: Path, problems: list[Problem]) -> None:
    """Raise an InputError with the first of the problems, if there are any."""
    if problems:
        raise InputError(str(path), problems[:MOST_PROBLEMS])
