"""A release is closed when every point holds; what is not known does not hold."""

from __future__ import annotations

from datetime import date

import pytest

from slipway.release.manifest.migrations import Migration
from slipway.release.records.release_record import EvidenceLine, GateOutcome, Recorded
from slipway.release.report.actions import action_items
from slipway.release.review.closing import CheckLine, Owned, checklist
from slipway.release.review.model import Done, Review
from slipway.rollout.recording import ReleaseFacts
from tests.manifests import release
from tests.unit.slipway.rollout.examples import head
from tests.unit.slipway.rollout.recording import Recording
from tests.unit.slipway.rollout.test_operations import NoGuard

DRILLED = GateOutcome(outcome="passed", gates=("drill", "staging"))
RECEIPT = EvidenceLine(
    kind="drill",
    path="drill.json",
    sha256="b" * 64,
    signer="release-manager",
    at="2026-11-20T10:00:00+00:00",
    said="rollback completed in staging, 4.2 s",
)
ROUTED = Owned(3)
DONE = Done(by="ada", at=date(2026, 1, 2), how="the cause was a missing index")


@pytest.fixture
def completed(monkeypatch: pytest.MonkeyPatch) -> Recording:
    """A release that completed, and whose gates passed with receipts of drills."""
    monkeypatch.setattr("slipway.rollout.update.guards", lambda: NoGuard)
    it = Recording(head())
    it.facts = ReleaseFacts(release=release(), gates=DRILLED, evidence=(RECEIPT,))
    it.update()
    return it


def reviewed(one: Recorded, *, done: bool = True) -> Review:
    empty = Review(
        api_version="slipway/v1", kind="Review", service="checkout", version="1", rollout=one.event.rollout, items=()
    )
    review = empty.with_items(action_items(one, [one]))
    items = tuple(item.model_copy(update={"done": DONE if done else None, "priority": "high"}) for item in review.items)
    return review.model_copy(update={"items": items})


def opened(it: Recording, review: Review | None, owned: Owned = ROUTED) -> dict[str, CheckLine]:
    """The points that do not hold, by name."""
    points = checklist(it.found[0], it.found, review, owned)
    assert len(points) == 6
    return {point.name: point for point in points if not point.holds}


def test_a_release_of_which_everything_is_known_and_done_may_be_closed(completed: Recording) -> None:
    assert opened(completed, reviewed(completed.found[0])) == {}


def test_without_a_review_and_with_open_items_it_stays_open(completed: Recording) -> None:
    assert set(opened(completed, None)) == {"review done"}
    (left,) = opened(completed, reviewed(completed.found[0], done=False)).values()
    assert left.found.startswith("open: State scope.changes[].committedAt")


@pytest.mark.parametrize(
    ("owned", "says"),
    [
        (Owned(None), "who is called is unknown"),
        (Owned(2, ("latency: payments has no route",)), "no route"),
        (Owned(0), "0 "),
    ],
    ids=["no files", "no route", "no alarm"],
)
def test_alarms_without_owner_or_route_keep_it_open(completed: Recording, owned: Owned, says: str) -> None:
    found = opened(completed, reviewed(completed.found[0]), owned)
    assert set(found) == {"alarms owned and routed"}
    assert says in found["alarms owned and routed"].found


@pytest.mark.parametrize(
    "gates",
    [
        None,
        GateOutcome(outcome="not judged", gates=("drill", "staging")),
        GateOutcome(outcome="passed", gates=("staging",)),
        DRILLED.model_copy(update={"advisory": ("drill/stale: evidence.statements",)}),
        DRILLED.model_copy(update={"exempted": ({"finding": "staging/missing: evidence"},)}),
    ],
    ids=["unknown", "off", "no drill", "advisory", "exempted"],
)
def test_procedures_that_were_not_shown_to_work_keep_it_open(
    monkeypatch: pytest.MonkeyPatch, gates: GateOutcome | None
) -> None:
    monkeypatch.setattr("slipway.rollout.update.guards", lambda: NoGuard)
    it = Recording(head())
    it.facts = ReleaseFacts(release=release(), gates=gates)
    it.update()
    assert set(opened(it, reviewed(it.found[0]))) == {"procedures tested recently"}


def test_a_migration_without_a_way_back_keeps_it_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("slipway.rollout.update.guards", lambda: NoGuard)
    bare = Migration(id="7", up="7.sql", phase="contract")
    found = []
    for migration in (bare, bare.model_copy(update={"compensation": "restore"})):
        it = Recording(head())
        changed = release().model_copy(update={"migrations": (migration,)})  # of a version that let it pass
        it.facts = ReleaseFacts(release=changed, gates=DRILLED, evidence=(RECEIPT,))
        it.update()
        found.append(opened(it, reviewed(it.found[0])))
    assert found[0]["migrations reversible or compensated"].found.startswith("7: neither")
    assert found[1] == {}


def test_what_was_not_measured_or_was_only_refused_is_not_closed(completed: Recording) -> None:
    completed.recorder().refused("it was aborted")
    refused = completed.found[-1]
    points = {p.name: p for p in checklist(refused, completed.found, reviewed(refused), ROUTED)}
    assert not points["over"].holds
    assert points["SLO impact acceptable"].found == "nothing was measured"


def test_a_review_keeps_what_people_wrote_and_gets_what_is_missing(completed: Recording) -> None:
    one = completed.found[0]
    review = reviewed(one)
    again = review.with_items(action_items(one, completed.found))
    assert again == review
    fewer = review.model_copy(update={"items": ()})
    assert [item.id for item in fewer.with_items(action_items(one, completed.found)).items] == [
        item.id for item in review.items
    ]


def test_the_receipts_say_which_procedures_were_tested_and_without_one_it_stays_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("slipway.rollout.update.guards", lambda: NoGuard)
    found = []
    for evidence in ((RECEIPT,), ()):
        it = Recording(head())
        it.facts = ReleaseFacts(release=release(), gates=DRILLED, evidence=evidence)
        it.update()
        points = checklist(it.found[0], it.found, None, ROUTED)
        found.append(next(point for point in points if point.name == "procedures tested recently"))
    assert (found[0].holds, found[1].holds) == (True, False)
    assert found[0].found.endswith("passed: rollback completed in staging, 4.2 s (2026-11-20)")
    assert "no receipt of a drill" in found[1].found
