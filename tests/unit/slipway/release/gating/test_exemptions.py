from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from slipway.release.findings import Finding
from slipway.release.gating.exemptions import LONGEST, Exemption, exemption_of

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
URN = "urn:pulumi:prod::releases::slipway:index:Release::checkout"
FINDING = Finding(gate="drill", code="stale", field="f", found="a", wanted="b", remedy="c", turn="owner")


def exemption(**changes: Any) -> Exemption:
    complete = {
        "resource": URN,
        "owner": "olive",
        "reason": "the cluster is being rebuilt",
        "ticket": "OPS-3",
        "granted": NOW - timedelta(days=1),
        "expires": NOW + timedelta(days=1),
    }
    return Exemption.model_validate(complete | changes)


def test_an_exemption_in_force_covers_its_resource() -> None:
    entry = exemption()
    assert exemption_of(FINDING, URN, [entry], NOW) == (entry, "")


def test_a_release_within_a_component_is_the_same_release_and_other_resources_are_not() -> None:
    inside = URN.replace("slipway:index:Release", "slipway:index:Service$slipway:index:Release")
    for named, found in ((URN, inside), (inside, URN), (inside, inside)):
        entry = exemption(resource=named)
        assert exemption_of(FINDING, found, [entry], NOW) == (entry, "")
    kubernetes = URN.replace("slipway:index:Release", "kubernetes:apps/v1:Deployment")
    inside = kubernetes.replace("kubernetes:apps", "slipway:index:Canary$kubernetes:apps")
    assert exemption_of(FINDING, inside, [exemption(resource=kubernetes)], NOW) == (None, "")
    assert exemption_of(FINDING, kubernetes, [exemption(resource=URN)], NOW) == (None, "")


@pytest.mark.parametrize(
    ("changes", "urn"),
    [({}, URN.replace("checkout", "cart")), ({}, URN.replace("prod", "staging")), ({"codes": ["missing"]}, URN)],
    ids=["another service", "another stack", "another code"],
)
def test_it_covers_nothing_else(changes: dict[str, Any], urn: str) -> None:
    assert exemption_of(FINDING, urn, [exemption(**changes)], NOW) == (None, "")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"expires": NOW}, "expired"),
        ({"expires": NOW - timedelta(hours=1)}, "expired"),
        ({"granted": NOW + timedelta(hours=1)}, "begins"),
    ],
    ids=["this instant", "earlier", "not yet"],
)
def test_outside_of_its_time_it_holds_nothing_and_the_finding_says_so(changes: dict[str, Any], why: str) -> None:
    entry, note = exemption_of(FINDING, URN, [exemption(**changes)], NOW)
    assert entry is None
    assert why in note
    assert "OPS-3" in note


def test_one_that_holds_counts_whatever_others_have_expired() -> None:
    good = exemption()
    assert exemption_of(FINDING, URN, [exemption(expires=NOW), good], NOW)[0] is good


@pytest.mark.parametrize(
    "changes",
    [
        {"expires": NOW - timedelta(days=1) + LONGEST + timedelta(seconds=1)},
        {"expires": NOW - timedelta(days=1)},
        {"expires": NOW - timedelta(days=2)},
        {"reason": "because"},
        {"owner": ""},
        {"ticket": ""},
        {"resource": "checkout"},
        {"resource": URN.replace("checkout", "*")},
        {"granted": "2026-11-23T12:00:00"},
        {"policy": "drill"},
    ],
    ids=str,
)
def test_an_exemption_needs_owner_reason_ticket_one_resource_and_a_bounded_life(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        exemption(**changes)


def test_the_longest_life_is_allowed() -> None:
    assert exemption(expires=NOW - timedelta(days=1) + LONGEST).holds(NOW)


def test_an_exemption_at_the_end_of_time_is_one_like_any_other() -> None:
    first = datetime(1, 1, 1, tzinfo=UTC)
    assert not exemption(granted=first, expires=first + timedelta(days=1)).holds(NOW)
    last = datetime(9999, 12, 31, tzinfo=UTC)
    assert not exemption(granted=last - timedelta(days=1), expires=last).holds(NOW)
