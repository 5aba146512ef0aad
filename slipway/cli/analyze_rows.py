"""The lines of a recording in a CSV file, and the weights that were in force."""

from __future__ import annotations

import csv
import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from slipway.release.errors import InputError, Problem
from slipway.release.units import Percent, percent_of, seconds, share

MOST_PROBLEMS = 10
LARGEST = 64 << 20
"""Bytes of a recording: some two million requests, each of which takes about 340 bytes of memory."""


class _Reader(Iterator[list[str]], Protocol):
    """What `csv.reader` returns."""

    @property
    def line_num(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Weights:
    """The candidate's share in percent from each time on (seconds since the recording began)."""

    starts: tuple[float, ...]
    percents: tuple[Percent, ...]

    def at(self, time: float) -> tuple[float, float]:
        """The weight in force during a tick that ends at `time`, and when its step began."""
        index = max(0, bisect_right(self.starts, time - 1e-9) - 1)
        return self.percents[index], self.starts[index]


def read_weights(text: str) -> Weights:
    """`5` for the whole recording, or steps with their beginning: `0s:5,2m:25,7m:100`. Raises InputError."""
    try:
        pairs = [[half.strip() for half in part.split(":")] for part in text.split(",")]
        if len(pairs) == 1 and len(pairs[0]) == 1:
            pairs = [["0", pairs[0][0]]]
        if bad := [":".join(pair) for pair in pairs if len(pair) != 2]:
            raise ValueError(f"{bad[0]!r} is not a beginning and a weight")
        starts = tuple(seconds(float(start) if start.isdigit() else start) for start, _ in pairs)
        percents = tuple(
            percent_of(share(percent if percent.endswith("%") else f"{percent}%"), 1.0) for _, percent in pairs
        )
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
    if path.stat().st_size > LARGEST:
        problem = Problem("size", f"more than {LARGEST >> 20} MiB", "cut it into parts, or count per tick")
        raise InputError(str(path), [problem])
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            return _read(path, csv.reader(file, skipinitialspace=True), columns)
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        problem = Problem("encoding", f"byte 0x{byte:02x} is not UTF-8", "save the file as UTF-8")
        raise InputError(str(path), [problem]) from None


def _read(path: Path, reader: _Reader, columns: Sequence[str]) -> list[Row]:
    problems: list[Problem] = []
    rows: list[Row] = []
    dated: bool | None = None
    try:
        places, width = _columns(path, next(reader, []), columns)
        for fields in reader:
            if not fields:
                continue
            try:
                row, with_date = _row(reader.line_num, fields, places, width)
                if dated not in (None, with_date):
                    raise ValueError(f"{fields[places[0]]!r} is a date among seconds, or seconds among dates")
                dated = with_date
                rows.append(row)
            except ValueError as error:
                remedy = "write one value a column, and all times in seconds or all in ISO 8601"
                problems.append(Problem(f"line {reader.line_num}", str(error), remedy))
    except csv.Error as error:
        problems.append(Problem(f"line {reader.line_num}", str(error), "write plain CSV"))
    if not rows and not problems:
        problems.append(Problem("line 2", "the file has no rows", "record at least one tick"))
    refuse(path, problems)
    return rows


def _columns(path: Path, names: Sequence[str], columns: Sequence[str]) -> tuple[list[int], int]:
    """Where each column stands, and how many there are in all."""
    names = [name.strip() for name in names]
    remedy = f"name the columns {', '.join(columns)}, each once, in the first line, with commas between"
    found = ", ".join(names)[:200] or "nothing"
    problems = []
    if missing := [name for name in columns if name not in names]:
        problems.append(Problem("line 1", f"no column {', '.join(missing)} (found {found})", remedy))
    if twice := [name for name in columns if names.count(name) > 1]:
        problems.append(Problem("line 1", f"more than one column {', '.join(twice)}", remedy))
    refuse(path, problems)
    return [names.index(name) for name in columns], len(names)


def _row(line: int, fields: Sequence[str], places: Sequence[int], width: int) -> tuple[Row, bool]:
    """A row, and whether its time is a date. Raises ValueError."""
    if len(fields) != width:
        raise ValueError(f"{len(fields)} values, and the first line names {width} columns")
    time, *rest = (fields[place].strip() for place in places)
    value, dated = _time(time)
    return Row(line, value, tuple(rest)), dated


def _time(text: str) -> tuple[float, bool]:
    """Seconds, and whether it was a date; a date without a zone is UTC, so that all machines read it alike."""
    dated = False
    try:
        value = float(text)
    except ValueError:
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            raise ValueError(f"{text!r} is not a time") from None
        value, dated = (at if at.tzinfo is not None else at.replace(tzinfo=UTC)).timestamp(), True
    if not math.isfinite(value):
        raise ValueError(f"{text!r} is not a time")
    return value, dated


def refuse(path: Path, problems: list[Problem]) -> None:
    """Raise an InputError with the first of the problems, if there are any."""
    if problems:
        raise InputError(str(path), problems[:MOST_PROBLEMS])
