"""The file of a review: the action items of one release with owner, due date, and what became of them."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, JsonValue, field_validator

from slipway.release.editing import location_of
from slipway.release.findings import Text
from slipway.release.manifest.base import FrozenModel
from slipway.release.report.model import ActionItem, Priority

Line = Annotated[str, Field(min_length=1, max_length=2000)]
MOST_ITEMS = 200


class Done(FrozenModel):
    """That an item is done: by whom, when, and what was done."""

    by: Line
    at: date
    how: Annotated[str, Field(min_length=10, max_length=2000)]


class FileChange(FrozenModel):
    """What an item comes to in a file of the project: gate settings, the manifest of the next release, or flags."""

    file: Line
    """Path in the project."""
    set: Line
    """The place in it, such as `guardrails[0].objective`; `[+]` is one more item of a list."""
    to: JsonValue

    @field_validator("set")
    @classmethod
    def _is_a_path(cls, path: str) -> str:
        location_of(path)
        return path


class ReviewItem(FrozenModel):
    """One thing to do."""

    id: Line
    what: Line
    why: str = ""
    owner: Line
    due: date
    priority: Priority = "medium"
    change: FileChange | None = None
    """What `slipway review --apply` writes."""
    done: Done | None = None

    def is_overdue(self, today: date) -> bool:
        """Whether its day is over and it is not done."""
        return self.done is None and self.due < today


class Review(FrozenModel):
    """`reviews/<version>.yaml` beside the manifests of a service."""

    api_version: Literal["slipway/v1"]
    kind: Literal["Review"]
    service: Line
    version: Line
    rollout: Line
    items: Annotated[tuple[ReviewItem, ...], Field(max_length=MOST_ITEMS)]

    def with_items(self, found: tuple[ActionItem, ...]) -> Review:
        """With what the report asks for and the review does not have yet; what is there stays as people wrote it."""
        known = {item.id for item in self.items}
        added = tuple(item_of(one) for one in found if one.id not in known)
        return self.model_copy(update={"items": (*self.items, *added)})


class OpenItem(FrozenModel):
    """An item that is not done, with the place where it says so."""

    place: Text
    item: ReviewItem


def item_of(one: ActionItem) -> ReviewItem:
    """A report's item, open."""
    return ReviewItem(
        id=one.id, what=one.what, why=one.why, owner=one.owner, due=date.fromisoformat(one.due), priority=one.priority
    )
