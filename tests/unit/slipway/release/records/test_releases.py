"""What a rollback left, where drills moved the traffic between."""

from __future__ import annotations

from typing import Any

from slipway.release.records.chain import Line, lines_of, sealed
from slipway.release.records.release_record import Recorded, read_records
from slipway.release.records.releases import failed, rollback_of


def chain(*moves: tuple[str, str, str | None]) -> list[Recorded]:
    """Rollouts of a revision with an ending, each a drill or not."""
    texts: list[str] = []
    for number, (revision, ending, drill) in enumerate(moves):
        event: dict[str, Any] = {
            "kind": "rollout", "rollout": f"r{number}", "ending": ending, "strategy": "canary", "began": 1.0,
            "ended": 2.0, "drill": drill,
        }  # fmt: skip
        subject = {"revision": revision, "version": revision, "image": "x@sha256:1", "manifest": "m.yaml"}
        content = {"at": 1.0, "by": "ada", "stack": "s", "target": "t", "service": "c", "digest": "d"}
        before: Line | None = lines_of(texts)[-1] if texts else None
        texts.append(sealed({**content, "subject": subject, "event": event}, before))
    return read_records(lines_of(texts))


def test_a_drilled_rollback_is_no_failure_and_a_real_one_after_it_is() -> None:
    drilled = (("v1", "committed", None), ("v2", "committed", None),
               ("v1", "rolled-back", "rollback"), ("v2", "rolled-back", "rollback"))  # fmt: skip
    records = chain(*drilled)
    assert not failed(records, records[1], ())
    records = chain(*drilled, ("v1", "rolled-back", None))
    assert rollback_of(records, records[1]) == records[4]


def test_a_rollback_that_leaves_a_drilled_deploy_is_not_that_of_the_release_before_it() -> None:
    records = chain(("v1", "committed", None), ("v2", "committed", "deploy"), ("v1", "rolled-back", None))
    assert rollback_of(records, records[0]) is None
    assert rollback_of(records, records[1]) == records[2]


def test_a_drill_whose_way_forth_failed_has_left_the_release_without_a_failure() -> None:
    records = chain(("v0", "committed", None), ("v1", "committed", None), ("v2", "committed", None),
                    ("v1", "rolled-back", "rollback"), ("v0", "rolled-back", None))  # fmt: skip
    assert not failed(records, records[2], ())
