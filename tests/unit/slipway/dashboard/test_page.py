"""The page as markup: what it says, and that text in it is nothing but text."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from slipway.dashboard.page import STALE, page, parts
from slipway.release.flags.journal import Change, Head
from slipway.release.flags.model import DeclaredFlags
from slipway.release.records.journal import Outcome
from slipway.rollout.inspection import FlagsInspection
from slipway.rollout.overview import Seen, TargetView
from slipway.rollout.safety.holder import Holding
from tests.unit.slipway.cli.examples import NOW, attempt, backend, head, live
from tests.unit.slipway.dashboard.examples import (
    FINDING,
    LATEST,
    PLANNED,
    STEPS,
    ended,
    exposure,
    in_flight,
    kept,
    recorded,
    settled,
    view,
    watched,
)

EVIL = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'"
VOID = {"meta", "link", "input", "img", "br"}


class Checker(HTMLParser):
    """Every element is closed in order, every id is used once, nothing but the own script runs."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert not [name for name in names if name.startswith("on") or name == "style"], (tag, attrs)
        assert tag != "script" or dict(attrs).get("src") == "/page.js"
        self.ids += [value for name, value in attrs if name == "id" and value is not None]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def words(markup: str) -> str:
    checker = Checker()
    checker.feed(markup)
    assert checker.open == []
    assert len(checker.ids) == len(set(checker.ids))
    return re.sub(r"\s+", " ", " ".join(checker.text))


def shown(*views: TargetView, now: float = NOW, actions: bool = False) -> str:
    return words(page(views, now, actions=actions))


def test_a_rollout_in_flight_shows_weights_both_sides_evidence_time_left_and_the_verdict() -> None:
    text = shown(view(in_flight()))
    assert "1 rollout in flight · 1 service" in text
    assert "checkout version-a → version-b INCONCLUSIVE" in text
    assert "25% of the traffic to version-b" in text
    assert "4 of 200 bad (2%)" in text
    assert "1 of 600 bad (0.1667%)" in text
    assert "10 of 100" in text
    assert "Left in this step at least 50s Left in all at least 2m20s" in text
    assert "held by runner-1, renewed now" in text
    markup = page([view(in_flight())], NOW)
    assert markup.count("<figure>") == 3
    assert 'aria-current="step"' in markup


def test_an_exposure_in_flight_has_a_card_without_the_buttons_of_a_rollout() -> None:
    exposed = view(settled(), exposures={"shop/pay": Seen(exposure(), NOW), "shop/cart": Seen(None, 0.0, "no answer")})
    markup = page([exposed], NOW, actions=True)
    assert 'id="rollout-0-shop-pay"' in markup
    assert "25% of the users to on" in words(markup)
    assert 'data-action="abort"' not in markup
    assert "The exposure of shop/cart could not be read: no answer" in words(markup)


def test_evidence_fills_its_bar_at_the_threshold_and_not_before() -> None:
    def width(evidence: float) -> float:
        latest = {**LATEST, "findings": [{**FINDING, "statistic": evidence}]}
        found = re.search(r'class="(?:calm|warn|bad)" width="([0-9.]+)"', page([view(in_flight(latest=latest))], NOW))
        assert found is not None
        return float(found[1])

    assert [width(evidence) for evidence in (0.1, 1, 10, 100, 1e9)] == [0, 0, 50, 100, 100]


@pytest.mark.parametrize("place", ["reason", "note", "version", "problem", "away", "record", "flag", "by"])
def test_text_that_is_markup_is_shown_as_text(place: str) -> None:
    evil = attempt(steps=STEPS, planned=PLANNED, notes=(EVIL,), caveat=EVIL)
    flag = {"kind": "release", "default": "off", "owner": "shop"}
    declared = DeclaredFlags.model_validate({"flags": {"cart": flag}})
    kill = Change(id="1", flag="cart", action="kill", by=EVIL, at=NOW, reason=EVIL)
    named = evil.candidate.model_copy(update={"version": EVIL})
    one = recorded()
    record = one.model_copy(update={"record": one.record.model_copy(update={"by": EVIL, "stack": EVIL})})
    views = {
        "reason": view(in_flight(latest={**LATEST, "reason": EVIL})),
        "note": view(in_flight(head=head(attempt=evil))),
        "version": view(in_flight(head=head(attempt=evil.model_copy(update={"candidate": named})))),
        "problem": view(inspections={"checkout": Seen(None, 0.0, EVIL)}),
        "away": view(settled(), services=Seen(("checkout",), NOW, EVIL), name=EVIL),
        "record": view(settled(), records={"checkout": Seen(kept(record), NOW)}),
        "flag": view(
            flags=Seen(
                (FlagsInspection(EVIL, Head(name="x", declared=declared, changes={"cart": kill}), EVIL, NOW),), NOW
            )
        ),
        "by": view(in_flight(lease=Holding("renewed", EVIL))),
    }
    text = shown(views[place], actions=True)
    assert "<script>alert(1)</script>" in text


def test_what_does_not_answer_is_said_with_what_was_read_last_and_when() -> None:
    away = replace(view(settled()), services=Seen(("checkout",), NOW - 90, "connection refused"))
    text = shown(away, view(settled(), name="prod"))
    assert "does not answer: staging" in text
    assert "It does not answer: connection refused. What is shown is from 07:58:30 UTC" in text
    assert "100% version-a" in text
    never = shown(view(services=Seen(None, 0.0, "no configuration")))
    assert "no configuration. Nothing was read yet." in never


def test_one_service_that_cannot_be_read_hides_neither_itself_nor_the_others() -> None:
    seen = {"basket": Seen(replace(settled(), service="basket"), NOW), "checkout": Seen(settled(), NOW - 60, "damaged")}
    text = shown(view(services=Seen(("basket", "checkout"), NOW), inspections=seen))
    assert "✗" not in text  # the signs are the style's
    assert "basket version-a aaaaaaaa 100% version-a 3 of 3 ready as released" in text
    assert "not read damaged What is shown is from 07:59:00 UTC" in text


def test_what_was_not_read_for_long_is_called_old() -> None:
    assert "This is old." not in shown(view(settled()), now=NOW + STALE)
    assert "This is old. What is shown is from 08:00:00 UTC" in shown(view(settled()), now=NOW + STALE + 1)


def test_an_abort_is_shown_with_its_reason_and_where_the_traffic_is() -> None:
    text = shown(view(settled(head=ended(Outcome.ABORTED, "errors: 5%"))))
    assert "aborted All traffic is on version-a again errors: 5%" in text
    assert "100% not reached" in text


def test_past_releases_have_links_to_their_reports() -> None:
    one = recorded()
    markup = page([view(settled()), view(settled(), records={"checkout": Seen(kept(one), NOW)})], NOW)
    assert f'href="/report/1/{one.record.service}/{one.anchor.seq}"' in markup


def test_buttons_are_there_only_with_actions_and_only_for_what_goes_on() -> None:
    assert "<button" not in page([view(in_flight())], NOW)
    with_actions = page([view(in_flight())], NOW, actions=True)
    assert re.findall(r'data-action="([a-z-]+)"', with_actions) == ["promote", "pause", "abort"]
    over = view(settled(head=ended(Outcome.COMMITTED)))
    assert "data-action" not in page([over], NOW, actions=True)


def test_only_the_part_that_changed_is_another() -> None:
    before, after = [parts([view(in_flight()), view(one, name="prod")], NOW) for one in (settled(), settled(live=None))]
    assert [name for name in after if after[name] != before[name]] == ["target-1"]


def test_a_watch_shows_what_stands_against_the_release_how_long_it_goes_on_and_who_watches() -> None:
    text = shown(view(watched()))
    assert "Watches after 100%" in text
    assert "checkout version-a open errors: 3 of 1000" in text
    assert "10 of 100 runner-2, heard at 07:59:58 UTC" in text
    assert "50m0s" in text or "50m" in text


def test_what_is_held_back_is_named_by_its_version() -> None:
    held = replace(watched(standby=backend("b"), holdback=2.0), live=live(a=98.0, b=2.0))
    assert "98% version-a, 2% version-b" in shown(view(held))


def test_a_watch_that_nobody_keeps_is_called_dead() -> None:
    text = shown(view(watched(beat=NOW - 90)))
    assert "dead the watch is dead: no process has watched for 1m30s" in text
