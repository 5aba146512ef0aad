"""What the entry of a service becomes when a manifest is released."""

from __future__ import annotations

from typing import Any

import pytest

from slipway.release.errors import ReleaseRefused
from slipway.release.records.forward import next_release
from slipway.release.records.released import ReleasedVersion
from slipway.release.records.rollback import Destination, Memory


def one(letter: str, version: str = "") -> ReleasedVersion:
    return ReleasedVersion(
        revision=letter * 8, version=version or letter, image=f"x@sha256:{letter * 64}", manifest=f"{letter}.yaml"
    )


def released(
    target: str, serving: str | None, declared: dict[str, Any], *, completed: str = "", keeps: bool = True
) -> Destination:
    memory = Memory(serving * 8 if serving else None, [one(letter) for letter in completed], [], {})
    manifests = {f"{letter}.yaml": one(letter) for letter in "abcd"}
    return next_release("checkout", memory, declared, manifests, one(target), keeps_standby=keeps)


def test_what_serves_stays_warm_as_the_standby() -> None:
    to = released("b", "a", {"manifest": "a.yaml"}, completed="a")
    assert to.entry == {"manifest": "b.yaml", "standby": "a.yaml"}
    assert to.leaves == one("a")
    assert to.moves_traffic


def test_the_standby_of_before_makes_room() -> None:
    to = released("c", "b", {"manifest": "b.yaml", "standby": "a.yaml"}, completed="ba")
    assert to.entry == {"manifest": "c.yaml", "standby": "b.yaml"}


def test_after_an_abort_the_standby_is_what_serves_and_not_what_is_declared() -> None:
    to = released("c", "a", {"manifest": "b.yaml", "standby": "a.yaml"}, completed="a")
    assert to.entry == {"manifest": "c.yaml", "standby": "a.yaml"}


def test_nothing_is_kept_warm_where_that_is_not_wanted() -> None:
    to = released("c", "b", {"manifest": "b.yaml", "standby": "a.yaml"}, completed="ba", keeps=False)
    assert to.entry == {"manifest": "c.yaml"}


def test_a_first_release_has_no_standby() -> None:
    to = released("a", None, {})
    assert (to.entry, to.leaves) == ({"manifest": "a.yaml"}, None)


def test_what_else_the_entry_says_stays() -> None:
    assert released("b", "a", {"manifest": "a.yaml", "note": "ours"}, completed="a").entry["note"] == "ours"


def test_what_serves_already_is_refused() -> None:
    with pytest.raises(ReleaseRefused, match="serves already, and the configuration names it"):
        released("a", "a", {"manifest": "a.yaml"}, completed="a")


def test_what_serves_while_another_is_declared_is_a_matter_of_a_rollback() -> None:
    with pytest.raises(ReleaseRefused, match="`slipway rollback checkout` returns the configuration"):
        released("a", "a", {"manifest": "b.yaml"}, completed="a")
