from __future__ import annotations

import pytest

from slipway.release.errors import JournalUnreadable
from slipway.release.manifest.base import FrozenModel
from slipway.release.stored import parse_stored


class Kept(FrozenModel):
    """A document."""

    count: int = 0


def test_what_a_newer_slipway_wrote_is_refused_by_its_format_before_its_fields_are_read() -> None:
    with pytest.raises(JournalUnreadable, match="the document has format 3, this Slipway reads 2: update Slipway"):
        parse_stored(Kept, {"format": 3, "count": "many"}, 2, "the document")


def test_a_field_that_is_not_known_is_left_out() -> None:
    assert parse_stored(Kept, {"format": 2, "count": 4, "later": True}, 2, "the document") == Kept(count=4)


def test_a_damaged_field_is_named() -> None:
    with pytest.raises(JournalUnreadable, match="the document is damaged at count: "):
        parse_stored(Kept, {"count": "many"}, 2, "the document")
