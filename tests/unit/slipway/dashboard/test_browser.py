"""What a browser makes of the page: it follows, it fits a phone, and it complains about nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from slipway.dashboard.acting import Acting
from slipway.release.flags.journal import Change, Head
from slipway.release.flags.model import DeclaredFlags
from slipway.release.records.journal import Outcome
from slipway.rollout.inspection import FlagsInspection
from slipway.rollout.overview import Seen, TargetView
from tests.chromium import Browser, browser, chromium
from tests.unit.slipway.cli.examples import NOW
from tests.unit.slipway.dashboard.examples import ended, in_flight, kept, recorded, settled, view
from tests.unit.slipway.dashboard.test_server import TOKEN, Office, Running, Scripted

PROGRAM = chromium()
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="this machine has no Chromium")
LONG = "a-reason-that-is-one-single-word-" * 8
OVERFLOW = "document.documentElement.scrollWidth - window.innerWidth"
LIVE = "document.getElementById('link').textContent === 'live'"


@pytest.fixture(scope="module")
def chrome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    assert PROGRAM is not None
    with browser(PROGRAM, tmp_path_factory.mktemp("chromium")) as made:
        yield made


@pytest.fixture(autouse=True)
def no_complaints(chrome: Browser) -> Iterator[None]:
    chrome.complaints.clear()
    yield
    assert chrome.complaints == []


def full() -> TargetView:
    """Everything that the page can show, with words that are longer than a phone is wide."""
    flag = {"kind": "release", "default": "off", "owner": "shop"}
    declared = DeclaredFlags.model_validate({"flags": {"new-cart": flag, "old-cart": flag}})
    kill = Change(id="1", flag="new-cart", action="kill", by="guard", at=NOW, reason=LONG)
    flags = FlagsInspection("flags", Head(name="flags", declared=declared, changes={"new-cart": kill}), LONG, NOW)
    inspections = {
        "basket": Seen(replace(settled(head=ended(Outcome.ABORTED, LONG)), service="basket"), NOW),
        "checkout": Seen(in_flight(), NOW),
        "orders": Seen(replace(settled(), service="orders"), NOW - 90, LONG),
    }
    return view(
        services=Seen(tuple(inspections), NOW - 60, f"connection refused {LONG}"),
        inspections=inspections,
        flags=Seen((flags,), NOW),
        records={"checkout": Seen(kept(recorded(), recorded(4, by=LONG)), NOW)},
    )


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [390, 768, 1200])
def test_nothing_is_wider_than_the_window(chrome: Browser, width: int, dark: bool) -> None:
    made = Running(Scripted(full()), acting=Acting(TOKEN, Office().perform))
    try:
        chrome.open(made.server.address, width, dark=dark)
        chrome.until(LIVE)
        assert chrome.evaluate(OVERFLOW) <= 0
        chrome.open(f"{made.server.address}report/0/checkout/3", width, dark=dark)
        assert chrome.evaluate(OVERFLOW) <= 0
    finally:
        made.stop()


def test_the_page_follows_and_keeps_what_is_unfolded_and_focused(chrome: Browser) -> None:
    over = settled(head=ended(Outcome.COMMITTED))
    records = {"checkout": Seen(kept(recorded(rollout="r1")), NOW)}
    first, second = view(over, records=records), view(over, services=Seen(("checkout",), NOW + 1), records=records)
    overview = Scripted(first, second, view(in_flight()))
    made = Running(overview)
    try:
        chrome.open(made.server.address)
        chrome.until(LIVE)
        chrome.evaluate("document.querySelector('details').open = true, document.querySelector('td a').focus()")
        made.hub.refresh(overview)
        chrome.until("document.querySelector('.fresh time').dateTime.endsWith(':01+00:00')")
        assert chrome.evaluate("document.querySelector('details').open")
        assert chrome.evaluate("document.activeElement.textContent") == "Report of checkout version-c"
        made.hub.refresh(overview)
        chrome.until("document.querySelector('.flight strong').textContent === '25%'")
        assert "checkout: " in chrome.evaluate("document.querySelector('[aria-live=polite]').textContent")
    finally:
        made.stop()
    chrome.until("document.getElementById('link').textContent.startsWith('not live')")
    chrome.complaints.clear()  # that the server has gone


def test_a_table_stays_a_table_for_screen_readers_on_a_phone(chrome: Browser) -> None:
    made = Running(Scripted(full()))
    try:
        chrome.open(made.server.address, 390)
        tree = chrome.call("Accessibility.getFullAXTree")["nodes"]
        roles = [node["role"]["value"] for node in tree if not node.get("ignored")]
        assert roles.count("table") == 4
        assert "rowheader" in roles
        assert "columnheader" in roles
    finally:
        made.stop()


def test_an_order_asks_for_a_reason_and_is_given_with_the_token_of_the_address(chrome: Browser) -> None:
    office = Office()
    made = Running(Scripted(view(in_flight())), acting=Acting(TOKEN, office.perform))
    try:
        chrome.open(f"{made.server.address}#token={TOKEN}")
        chrome.until(LIVE)
        assert chrome.evaluate("location.hash") == ""
        chrome.evaluate("document.querySelector('button.abort').click()")
        chrome.evaluate("document.getElementById('ask-go').click()")  # without a reason nothing is sent
        chrome.evaluate("document.getElementById('ask-why').value = 'INC-7'")
        chrome.evaluate("document.getElementById('ask-go').click()")
        chrome.until("document.getElementById('ask-answer').textContent.startsWith('checkout: told')")
        assert [(one.action, one.about, one.reason) for one in office.given] == [("abort", "checkout", "INC-7")]
    finally:
        made.stop()


def test_markup_in_a_reason_is_text_after_an_update_too(chrome: Browser) -> None:
    evil = "<img src=x onerror=\"document.title='run'\">"
    overview = Scripted(view(settled()), view(settled(head=ended(Outcome.ABORTED, evil))))
    made = Running(overview)
    try:
        chrome.open(made.server.address)
        chrome.until(LIVE)
        made.hub.refresh(overview)
        chrome.until("document.querySelector('.why')")
        assert chrome.evaluate("document.querySelector('.why').textContent") == evil
        assert chrome.evaluate("document.title") == "Slipway"
    finally:
        made.stop()
