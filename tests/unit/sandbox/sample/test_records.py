from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.sample.records import NO_VERSION, Counts, Reader

FAILURE = {"at": 11.5, "sent": 11.4, "wall": 1.8e9, "version": "v2", "status": "500", "client": "client-3"}


def interval(start: float, responses: Mapping[str, Mapping[str, tuple[int, float, float]]]) -> dict[str, Any]:
    cells = {
        version: {status: dict(zip(("n", "first", "last"), cell, strict=True)) for status, cell in statuses.items()}
        for version, statuses in responses.items()
    }
    sent = sum(cell[0] for statuses in responses.values() for cell in statuses.values())
    latency = {version: {"p50": 1.0, "p99": 2.0, "max": 3.0} for version in responses}
    return {
        "kind": "interval",
        "from": start,
        "to": start + 1,
        "wall": 1.8e9,
        "sent": sent,
        "inFlight": 0,
        "lateMs": 0.5,
        "responses": cells,
        "latencyMs": latency,
    }


def total(responses: Mapping[str, Mapping[str, tuple[int, float, float]]]) -> dict[str, Any]:
    sums = interval(10, responses)
    return {key: sums[key] for key in ("from", "to", "wall", "sent", "responses")} | {
        "kind": "total",
        "cpuSeconds": 0.4,
    }


RECORDS = [
    {"kind": "start", "at": 10.0, "wall": 1.8e9, "url": "http://127.0.0.1/", "rate": 3, "concurrency": 31},
    interval(10, {"v1": {"200": (3, 10.1, 10.9)}}),
    {"kind": "failure", **FAILURE},
    interval(11, {"v1": {"200": (1, 11.1, 11.1)}, "v2": {"200": (1, 11.2, 11.2), "500": (1, 11.5, 11.5)}}),
    total({"v1": {"200": (4, 10.1, 11.1)}, "v2": {"200": (1, 11.2, 11.2), "500": (1, 11.5, 11.5)}}),
]
TEXT = b"".join(json.dumps(record).encode() + b"\n" for record in RECORDS)


def read(*pieces: bytes) -> Counts:
    reader = Reader()
    for piece in pieces:
        reader.feed(piece)
    return reader.counts()


def test_counts_add_up_over_the_intervals_by_version_and_status() -> None:
    counts = read(TEXT)
    assert counts.by_version == {"v1": {"200": 4}, "v2": {"200": 1, "500": 1}}
    assert (counts.count(), counts.count("v2"), counts.count("v2", "500"), counts.count(status="200")) == (6, 2, 1, 5)
    assert counts.sent == 6
    assert counts.finished
    assert counts.cpu_seconds == 0.4
    assert [one.count("v1") for one in counts.intervals] == [3, 1]


def test_instants_tell_when_each_version_answered_first_and_last() -> None:
    counts = read(TEXT)
    assert (counts.first_response("v1"), counts.last_response("v1")) == (10.1, 11.1)
    assert (counts.first_response("v2"), counts.last_response("v2")) == (11.2, 11.5)
    assert counts.last_response("v9") is None


def test_failures_keep_their_instant_version_and_status() -> None:
    counts = read(TEXT)
    (failure,) = counts.failures
    assert (failure.at, failure.version, failure.status, failure.client) == (11.5, "v2", "500", "client-3")
    assert (counts.failed(), counts.failed("v1"), counts.failed("v2")) == (1, 0, 1)
    assert counts.first_failure() == 11.5
    assert counts.first_failure("v1") is None


def test_failures_between_two_instants_leave_out_the_end() -> None:
    counts = read(TEXT)
    assert len(counts.failures_between(11.5, 11.6)) == 1
    assert counts.failures_between(11.0, 11.5) == ()
    assert counts.failures_between(11.5, 11.6, "v1") == ()


def test_a_half_written_last_line_is_left_for_the_next_look() -> None:
    cut = TEXT.index(b'"kind": "failure"') + 30
    reader = Reader()
    reader.feed(TEXT[:cut])
    assert reader.counts().failures == ()
    assert reader.counts().count() == 3
    reader.feed(TEXT[cut:])
    assert reader.counts() == read(TEXT)


@given(st.lists(st.integers(0, len(TEXT)), max_size=12))
def test_however_the_records_are_cut_the_counts_are_the_same(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(TEXT)]
    pieces = [TEXT[start:end] for start, end in pairwise(edges)]
    assert read(*pieces) == read(TEXT)


def test_a_snapshot_does_not_change_with_later_records() -> None:
    reader = Reader()
    reader.feed(TEXT[: TEXT.index(b'"kind": "failure"') - 1])
    before = reader.counts()
    reader.feed(TEXT[TEXT.index(b'"kind": "failure"') - 1 :])
    assert before.count() == 3
    assert not before.finished


def test_a_total_that_differs_from_the_intervals_is_an_error() -> None:
    missing = b"".join(json.dumps(record).encode() + b"\n" for record in RECORDS if record is not RECORDS[1])
    with pytest.raises(ValueError, match="records are missing"):
        read(missing)


@pytest.mark.parametrize("line", [b"no json\n", b'{"kind": "unheard-of"}\n'])
def test_what_cannot_be_read_is_an_error_and_not_health(line: bytes) -> None:
    with pytest.raises(ValueError):
        read(line)


def test_a_failure_that_names_no_version_is_that_of_the_faulty_one() -> None:
    unnamed = {"kind": "failure", **FAILURE, "version": NO_VERSION, "at": 12.5}
    unsent = {**unnamed, "status": "not-sent", "at": 10.5}
    counts = read(b"".join(json.dumps(record).encode() + b"\n" for record in (*RECORDS[:-1], unnamed, unsent)))
    assert counts.fault_of("v2") == (11.5, 11.5)
    assert counts.fault_of("v2", named=False) == (11.5, 12.5)
    assert counts.fault_of("v3") == (None, None)
