"""What the writer of flags relies on, whatever holds the document: the same sentences for each store."""

from __future__ import annotations

from typing import Any

import pytest

from slipway.release.errors import Conflict
from slipway.release.flags.effective import effective
from slipway.release.flags.flagd import flagd_document
from slipway.release.flags.journal import after_change
from slipway.rollout.platforms.base import DocumentStore, StoredDocument
from tests.flags import head, kill
from tests.unit.slipway.rollout.flags.stands import STANDS, Stand

FIRST: dict[str, Any] = flagd_document(effective(head()))
SECOND: dict[str, Any] = flagd_document(effective(after_change(head(), kill("pay"))))


@pytest.fixture(params=STANDS.values(), ids=list(STANDS))
def stand(request: pytest.FixtureRequest) -> Stand:
    made: Stand = request.param()
    return made


def there(store: DocumentStore) -> StoredDocument:
    """What is there."""
    found = store.read()
    assert found is not None
    return found


def test_nothing_is_there_at_first(stand: Stand) -> None:
    assert stand.store().read() is None


def test_another_process_reads_what_was_written(stand: Stand) -> None:
    version = stand.store().write(FIRST, None)
    found = there(stand.store())
    assert (found.content, found.version) == (FIRST, version)


def test_a_write_names_what_it_replaces(stand: Stand) -> None:
    first = stand.store().write(FIRST, None)
    second = stand.store().write(SECOND, first)
    assert second != first
    with pytest.raises(Conflict):
        stand.store().write(FIRST, first)
    assert there(stand.store()).content == SECOND


def test_a_document_is_made_once(stand: Stand) -> None:
    stand.store().write(FIRST, None)
    with pytest.raises(Conflict):
        stand.store().write(SECOND, None)
    assert there(stand.store()).content == FIRST


def test_what_was_deleted_is_not_replaced(stand: Stand) -> None:
    version = stand.store().write(FIRST, None)
    stand.store().delete()
    assert stand.store().read() is None
    with pytest.raises(Conflict):
        stand.store().write(SECOND, version)
    stand.store().delete()


def test_what_is_read_is_no_door_to_what_is_there(stand: Stand) -> None:
    stand.store().write(FIRST, None)
    there(stand.store()).content.clear()
    assert there(stand.store()).content == FIRST
