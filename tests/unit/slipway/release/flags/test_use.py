"""Which flags are too young to be missed, and what is asked of them."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from slipway.release.flags.declaring import after_declaration
from slipway.release.flags.journal import Author, Head
from slipway.release.flags.use import FlagUse, is_young
from tests.flags import BATCH, PAY, declaration

DAY = 86400.0
QUERY = 'sum(increase(evaluations_total{key="{flag}"}[{within}]))'


def declared(head: Head, flags: dict[str, object], at: float) -> Head:
    return after_declaration(head, declaration(flags), Author(by="kim", at=at))


def test_a_flag_is_young_since_its_first_declaration() -> None:
    head = declared(declared(Head(name="flags"), {"pay": PAY}, 0.0), {"pay": PAY, "batch": BATCH}, 40 * DAY)
    assert is_young(head, "batch", 50 * DAY, 30 * DAY)
    assert not is_young(head, "pay", 50 * DAY, 30 * DAY)
    assert not is_young(head, "batch", 71 * DAY, 30 * DAY)
    assert is_young(head, "new", 50 * DAY, 30 * DAY)


def test_a_flag_whose_declaration_changed_is_no_younger() -> None:
    head = declared(declared(Head(name="flags"), {"pay": PAY}, 0.0), {"pay": {**PAY, "owner": "web"}}, 40 * DAY)
    assert not is_young(head, "pay", 41 * DAY, 30 * DAY)


def test_the_query_names_the_flag_and_the_time() -> None:
    use = FlagUse(url="http://prometheus.example:9090", query=QUERY, within=30 * DAY)
    assert use.asked("pay") == 'sum(increase(evaluations_total{key="pay"}[2592000s]))'
    with pytest.raises(ValidationError):
        FlagUse(url="http://prometheus.example:9090", query="sum(evaluations_total)")
