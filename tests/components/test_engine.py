"""How many services are rolled out at once, as the plan says it."""

from __future__ import annotations

import pulumi
import pytest
from pulumi.runtime import settings

from components import engine


def test_a_stack_with_more_services_than_the_engine_carries_says_how_many_wait_and_what_to_do() -> None:
    told = engine.notice(24, 8)
    assert told is not None
    assert told.startswith("24 services: the engine rolls out 8 at once, and others wait until one is done")
    assert "--parallel 240" in told


@pytest.mark.parametrize("at_once", [24, 1000, None])
def test_a_stack_whose_services_all_begin_says_so(at_once: int | None) -> None:
    assert engine.notice(24, at_once) == "24 services: those that change are rolled out at the same time"


def test_a_single_service_needs_no_word() -> None:
    assert engine.notice(1, 1) is None
    assert engine.notice(0, 1) is None


def test_the_number_is_the_engines_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "SETTINGS", settings.Settings("p", "s", parallel=16))
    assert engine.parallel() == 16
    monkeypatch.setattr(settings, "SETTINGS", settings.Settings("p", "s"))
    assert engine.parallel() is None


def test_what_is_to_be_known_before_the_first_resource_is_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[tuple[str, str]] = []
    monkeypatch.setattr(pulumi.log, "warn", lambda text: said.append(("warning", text)))
    monkeypatch.setattr(pulumi.log, "info", lambda text: said.append(("info", text)))
    engine.announce(2, "the gates are off: a drill")
    engine.announce(1, None)
    assert said == [
        ("warning", "the gates are off: a drill"),
        ("info", "2 services: those that change are rolled out at the same time"),
    ]
