"""What earlier releases left to do is done by its day, else the next release waits for it."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import yaml

from slipway.release.review.files import Reviews, review_path, reviews_beside
from slipway.release.review.model import OpenItem, ReviewItem
from tests.unit.slipway.release.readiness.support import passes, refused
from tests.vouched import NOW, Vouched

ITEM: dict[str, Any] = {"id": "r1/cause", "what": "find the cause", "owner": "payments", "due": "2026-01-05"}
REVIEW: dict[str, Any] = {
    "apiVersion": "slipway/v1", "kind": "Review", "service": "checkout", "version": "1", "rollout": "r1",
}  # fmt: skip
HOTFIX = {"ticket": "INC-7", "reason": "payments fail", "followUpDue": (NOW + timedelta(days=2)).isoformat()}


def due(day: date) -> Reviews:
    item = ReviewItem(id="r1/cause", what="find the cause", owner="payments", due=day)
    return Reviews((OpenItem(place="reviews/1.yaml: items[0]", item=item),))


def write(project: Path, name: str, *items: dict[str, Any], **changes: Any) -> None:
    path = project / "releases" / "reviews" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump({**REVIEW, **changes, "items": list(items)}))


def test_an_overdue_item_is_refused_and_one_that_is_due_today_is_not(it: Vouched) -> None:
    passes(it.gate_input(reviews=due(NOW.date())))
    (found,) = refused(it.gate_input(reviews=due(NOW.date() - timedelta(days=1))), "follow-up", "overdue")
    assert found.field == "reviews/1.yaml: items[0]"
    assert "payments: find the cause" in found.found


def test_a_hotfix_and_a_settled_release_wait_for_nothing(it: Vouched) -> None:
    late = due(NOW.date() - timedelta(days=9))
    passes(it.gate_input(reviews=late, settled=True))
    it.manifest["hotfix"] = HOTFIX
    it.people()
    passes(it.gate_input(reviews=late))


def test_a_review_that_cannot_be_read_is_refused(it: Vouched) -> None:
    (found,) = refused(
        it.gate_input(reviews=Reviews(problems=("reviews/1.yaml: items: is missing",))), "follow-up", "unreadable"
    )
    assert "items: is missing" in found.found


def test_open_items_of_the_service_are_read_beside_its_manifests(tmp_path: Path) -> None:
    done = {**ITEM, "id": "r1/done", "done": {"by": "ada", "at": "2026-01-02", "how": "an index was missing"}}
    write(tmp_path, "1.yaml", ITEM, done)
    write(tmp_path, "2.yaml", ITEM, service="search")
    write(tmp_path, "3.yaml", {**ITEM, "due": "soon"})
    found = reviews_beside(tmp_path, "releases/2.yaml", "checkout")
    assert [one.place for one in found.open_items] == ["releases/reviews/1.yaml: items[0]"]
    (problem,) = found.problems
    assert problem.startswith("releases/reviews/3.yaml: items[0].due")


def test_a_service_without_reviews_owes_nothing(tmp_path: Path) -> None:
    assert reviews_beside(tmp_path, "releases/2.yaml", "checkout") == Reviews()


def test_a_review_lies_beside_the_manifest_of_its_release() -> None:
    assert review_path("releases/checkout/2.yaml", "2.0") == "releases/checkout/reviews/2.0.yaml"
