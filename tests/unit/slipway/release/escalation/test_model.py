"""What an escalation says, and by which id it is known."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from slipway.release.escalation.model import EscalationId, id_of
from tests.escalations import escalation

ID = TypeAdapter(EscalationId)


@given(st.text(), st.text())
def test_the_same_event_has_the_same_id_and_every_id_is_a_name_everywhere(service: str, event: str) -> None:
    made = id_of("abort", service, event)
    assert ID.validate_python(made) == made
    assert made == id_of("abort", service, event)
    assert len(made) <= 100


def test_other_events_have_other_ids() -> None:
    given = [("abort", "a", "1"), ("kill", "a", "1"), ("abort", "b", "1"), ("abort", "a", "2"), ("abort", "a1", "")]
    assert len({id_of(*one) for one in given}) == len(given)  # type: ignore[arg-type]


def test_what_is_said_is_one_printable_line_of_bounded_length() -> None:
    found = escalation(what="red \x1b[31m\n" + "x" * 5000)
    assert "\x1b" not in found.what
    assert "\n" not in found.what
    assert len(found.what) <= 1000


def test_an_unknown_severity_is_refused() -> None:
    with pytest.raises(ValidationError):
        escalation(severity="shout")
