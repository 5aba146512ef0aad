"""Records of every kind in one chain: each is read as what it is, and the chain finds whatever is altered."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.release.records.chain import lines_of, problems, sealed
from slipway.release.records.kinds import (
    ClosureEvent,
    ClosureRecord,
    DrillEvent,
    DrillRecord,
    FlagEvent,
    FlagRecord,
    RefusalEvent,
    RefusalRecord,
    RefusedBy,
    WatchEvent,
    WatchRecord,
    known,
)
from slipway.release.records.release_record import RecordBase, ReleaseRecord, RolloutEvent, read_kind, read_records
from slipway.release.records.rows import rows_of

DIGEST = f"sha256:{'a' * 64}"
SHA = "b" * 64
WHERE = {"at": 5.0, "by": "ada@host", "stack": "shop/prod", "target": "shop"}
SUBJECT = {"revision": "a" * 20, "version": "1.0", "image": f"x@{DIGEST}", "manifest": "1.yaml"}
OF_SERVICE: dict[str, Any] = {**WHERE, "service": "checkout", "subject": SUBJECT, "digest": DIGEST}
TEXT = st.text(max_size=12)


def drill(**changes: Any) -> DrillRecord:
    event = {"procedure": "rollback", "outcome": "completed", "seconds": 4.0, "receipt": "drill.json", "sha256": SHA}
    return DrillRecord(**OF_SERVICE, event=DrillEvent(**{**event, **changes}))


def refusal(*findings: str) -> RefusalRecord:
    refused = tuple(RefusedBy(gate=gate, code="missing", field="evidence", found="nothing") for gate in findings)
    event = RefusalEvent(manifest_sha256=SHA, configuration="policies/config/prod.json", findings=refused)
    return RefusalRecord(**OF_SERVICE, event=event)


def flag(**changes: Any) -> FlagRecord:
    event = {"number": 1, "what": "kill", "flag": "pay", "before": {"off": False}, "after": {"off": True}}
    return FlagRecord(**WHERE, flags="flags", event=FlagEvent(**{**event, **changes}))


def rollout(**changes: Any) -> ReleaseRecord:
    event = {"rollout": "r1", "ending": "committed", "strategy": "canary", "began": 1.0, "ended": 2.0}
    return ReleaseRecord(**OF_SERVICE, event=RolloutEvent(**{**event, **changes}))


def closure(note: str = "") -> ClosureRecord:
    return ClosureRecord(**OF_SERVICE, event=ClosureEvent(rollout="r1", checklist=(), note=note))


def watch(**changes: Any) -> WatchRecord:
    event = {"rollout": "r1", "phase": "opened", "opened": 2.0, "lasts": 3600.0}
    return WatchRecord(**OF_SERVICE, event=WatchEvent(**{**event, **changes}))


RECORDS: st.SearchStrategy[RecordBase] = st.one_of(
    TEXT.map(lambda text: rollout(reason=text)),
    TEXT.map(closure),
    st.builds(watch, reason=TEXT, holdback=st.none() | st.floats(0.001, 0.2), moved=st.none() | st.booleans()),
    st.builds(drill, problem=TEXT, seconds=st.floats(0, 1e6), requests=st.none() | st.integers(0, 10**6)),
    st.lists(TEXT, min_size=1, max_size=3).map(lambda gates: refusal(*gates)),
    st.builds(flag, reason=TEXT, number=st.integers(1, 10**6), before=st.none() | st.dictionaries(TEXT, TEXT)),
)


def chain_of(records: list[RecordBase]) -> list[str]:
    texts: list[str] = []
    for record in records:
        texts.append(sealed(record.to_content(), lines_of(texts)[-1] if texts else None))
    return texts


@given(st.lists(RECORDS, min_size=1, max_size=8))
def test_each_record_is_read_as_its_own_kind_and_no_other(records: list[RecordBase]) -> None:
    texts = chain_of(records)
    lines = lines_of(texts)
    assert problems(texts) == []
    assert known(lines) == len(records)
    kinds = (ReleaseRecord, ClosureRecord, DrillRecord, RefusalRecord, WatchRecord, FlagRecord)
    for kind in kinds:
        found = [record.to_content()["event"] for _, record in read_kind(lines, kind)]
        assert found == [record.to_content()["event"] for record in records if isinstance(record, kind)]


@given(st.lists(RECORDS, min_size=2, max_size=6), st.data())
def test_an_altered_byte_a_dropped_line_and_a_cut_tail_are_found(
    records: list[RecordBase], data: st.DataObject
) -> None:
    texts = chain_of(records)
    kept = [("the state", lines_of(texts)[-1].anchor)]
    number = data.draw(st.integers(0, len(texts) - 1))
    place = data.draw(st.integers(0, len(texts[number]) - 1))
    other = data.draw(st.characters(codec="ascii").filter(lambda char: char != texts[number][place]))
    altered = [*texts]
    altered[number] = texts[number][:place] + other + texts[number][place + 1 :]
    assert problems(altered, kept)
    assert problems(texts[:number] + texts[number + 1 :], kept)
    assert problems(texts[:-1], kept)


@pytest.mark.parametrize("other", [closure(), drill(), refusal("qa"), watch(), flag()])
def test_what_is_no_rollout_is_no_release(other: RecordBase) -> None:
    lines = lines_of(chain_of([rollout(), other]))
    assert [one.anchor.seq for one in read_records(lines)] == [0]


def test_a_record_of_a_later_version_is_not_known_and_its_chain_is_whole() -> None:
    content = {**OF_SERVICE, "event": {"kind": "teleport"}}
    texts = [sealed(content, None)]
    assert problems(texts) == []
    assert known(lines_of(texts)) == 0


def test_drills_and_refusals_are_rows_of_the_history() -> None:
    lines = lines_of(chain_of([refusal("qa", "tests"), drill(outcome="failed", requests=90, failed_requests=3)]))
    failed, refused = rows_of([], [], lines)
    if failed.outcome == "gates refused":
        failed, refused = refused, failed
    assert (refused.outcome, refused.reason) == ("gates refused", "2 finding(s): qa/missing, tests/missing")
    assert (failed.outcome, failed.strategy, failed.reason) == ("drill failed", "rollback", "3 of 90 requests failed")
