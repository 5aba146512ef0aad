"""Where a rollback goes: by the service's own commits, with the entries of the stack's history."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.release.errors import ReleaseRefused
from slipway.release.records.released import ReleasedVersion
from slipway.release.records.rollback import (
    Destination,
    Entry,
    Memory,
    PastUpdate,
    line_of,
    memory_of_stack,
    previous_release,
)


def known(letter: str, manifest: str | None = None) -> ReleasedVersion:
    return ReleasedVersion(
        revision=letter * 8,
        version=f"version-{letter}",
        image=f"registry/app@sha256:{letter}",
        manifest=manifest or f"{letter}.yaml",
    )


def memory(commits: str, quarantined: str = "", completed: str | None = None) -> Memory:
    """`commits` are the letters of the revisions, oldest first: the last one serves."""
    newest = commits[::-1]
    letters = dict.fromkeys(newest if completed is None else completed[::-1])
    return Memory(
        serving=newest[:1] * 8 or None,
        completed=[known(letter) for letter in letters],
        commits=[letter * 8 for letter in newest],
        quarantined={letter * 8: "it burned" for letter in quarantined},
    )


def update(letter: str, standby: str | None = None, *, succeeded: bool = True, **more: object) -> PastUpdate:
    entry: dict[str, object] = {"manifest": f"{letter}.yaml", **more}
    if standby is not None:
        entry["standby"] = f"{standby}.yaml"
    return PastUpdate(0.0, succeeded, entry)


def rollback(
    remembered: Memory,
    *updates: PastUpdate,
    declared: str | Entry | None = None,
    to: str | None = None,
    manifests: dict[str, ReleasedVersion] | None = None,
) -> Destination:
    """`updates` are oldest first; the declared release is what serves unless said otherwise."""
    serving = (remembered.serving or "?")[0]
    entry = {"manifest": f"{declared or serving}.yaml"} if not isinstance(declared, dict) else declared
    every = {f"{letter}.yaml": known(letter) for letter in "abcdefgh"}
    return previous_release("app", remembered, updates[::-1], entry, {**every, **(manifests or {})}, to)


def goes_to(found: Destination) -> str:
    return found.release.revision[0]


def test_it_goes_back_to_the_release_before_and_keeps_the_one_that_it_leaves_warm() -> None:
    found = rollback(memory("ab"), update("a"), update("b", standby="a"))
    assert goes_to(found) == "a"
    assert found.moves_traffic
    assert found.leaves == known("b")
    assert found.entry == {"manifest": "a.yaml", "standby": "b.yaml"}


def test_the_entry_is_restored_whole() -> None:
    found = rollback(memory("ab"), update("a", standby="h", extra={"deep": [1]}), update("b", other=1))
    assert found.entry == {"manifest": "a.yaml", "standby": "b.yaml", "extra": {"deep": [1]}}


@pytest.mark.parametrize("now", [{"place": "aws"}, {}])
@pytest.mark.parametrize("then", [{"place": "old"}, {}])
def test_a_service_stays_in_the_place_where_it_is(now: dict[str, Any], then: dict[str, Any]) -> None:
    declared = {"manifest": "b.yaml", **now}
    for updates in ((update("a", **then), update("b")), (update("b"),)):
        found = rollback(memory("ab"), *updates, declared=declared)
        assert found.entry == {"manifest": "a.yaml", "standby": "b.yaml", **now}


def test_a_killed_update_is_missing_from_the_history_but_its_commit_counts() -> None:
    found = rollback(memory("abc"), update("a"), update("c"))
    assert goes_to(found) == "b"
    assert found.entry == {"manifest": "b.yaml", "standby": "c.yaml"}


def test_a_service_that_committed_in_a_failed_update_is_a_good_release() -> None:
    found = rollback(memory("abc"), update("a"), update("b", succeeded=False, more=1), update("c"))
    assert goes_to(found) == "b"
    assert found.entry == {"manifest": "b.yaml", "more": 1, "standby": "c.yaml"}


def test_a_service_that_was_aborted_in_a_failed_update_is_passed_over() -> None:
    found = rollback(memory("ac"), update("a"), update("b", succeeded=False), update("c"))
    assert goes_to(found) == "a"


def test_an_update_that_succeeded_says_more_about_the_entry_than_a_later_one_that_failed() -> None:
    found = rollback(memory("ab"), update("a", good=True), update("b"), update("a", broken=True, succeeded=False))
    assert found.entry == {"manifest": "a.yaml", "good": True, "standby": "b.yaml"}


def test_rolling_back_twice_goes_further_back_and_not_to_what_was_left() -> None:
    assert goes_to(rollback(memory("abc"))) == "b"
    assert goes_to(rollback(memory("abcb"))) == "a"


def test_there_is_an_end_to_rolling_back() -> None:
    with pytest.raises(ReleaseRefused, match="no earlier good release"):
        rollback(memory("abcba"))


def test_the_refusal_names_what_could_be_chosen() -> None:
    with pytest.raises(ReleaseRefused, match=r"--to can name version-b \(bbbbbbbb\), version-c \(cccccccc\)"):
        rollback(memory("abcba"))


def test_a_release_that_was_left_and_is_released_again_is_in_front_once_more() -> None:
    assert goes_to(rollback(memory("abcbc"))) == "b"


def test_a_new_release_after_a_rollback_goes_back_to_what_it_followed() -> None:
    assert goes_to(rollback(memory("abad"))) == "a"


def test_the_same_manifest_released_again_changes_nothing() -> None:
    found = rollback(memory("ab"), update("a"), update("b"), update("b"), update("b", standby="a"))
    assert goes_to(found) == "a"


def test_another_manifest_of_the_same_revision_is_the_same_release() -> None:
    twin = known("b", manifest="b2.yaml")
    found = rollback(memory("abc"), update("b"), update("b2"), update("c"), manifests={"b2.yaml": twin})
    assert found.entry == {"manifest": "b2.yaml", "standby": "c.yaml"}


def test_a_quarantined_release_is_not_good_and_the_result_says_so() -> None:
    found = rollback(memory("abc", quarantined="b"))
    assert goes_to(found) == "a"
    assert found.passed_over == ("version-b (bbbbbbbb): quarantined since, it burned",)


def test_a_commit_of_which_nothing_more_is_known_is_passed_over_aloud() -> None:
    found = rollback(memory("abc", completed="ac"))
    assert goes_to(found) == "a"
    assert "bbbbbbbb" in found.passed_over[0]


def test_after_an_abort_the_configuration_returns_to_what_serves() -> None:
    found = rollback(
        memory("ab"), update("a"), update("b", standby="a"), update("c", "b", succeeded=False), declared="c"
    )
    assert goes_to(found) == "b"
    assert not found.moves_traffic
    assert found.entry == {"manifest": "b.yaml", "standby": "a.yaml"}


def test_after_an_abort_of_a_killed_history_what_is_warm_stays_warm() -> None:
    declared = {"manifest": "c.yaml", "standby": "a.yaml"}
    assert rollback(memory("ab"), declared=declared).entry == {"manifest": "b.yaml", "standby": "a.yaml"}


def test_a_release_is_never_its_own_standby() -> None:
    declared = {"manifest": "c.yaml", "standby": "b.yaml"}
    assert rollback(memory("ab"), declared=declared).entry == {"manifest": "b.yaml"}


def test_an_unreadable_declared_manifest_counts_as_one_that_does_not_serve() -> None:
    assert goes_to(rollback(memory("ab"), declared="nowhere")) == "b"


def test_a_version_or_revision_can_be_named() -> None:
    assert goes_to(rollback(memory("abc"), to="version-a")) == "a"
    assert goes_to(rollback(memory("abc"), to="aaaaaaaa")) == "a"


def test_a_named_release_may_be_one_that_a_rollback_left() -> None:
    found = rollback(memory("aba"), to="version-b")
    assert goes_to(found) == "b"
    assert found.entry == {"manifest": "b.yaml", "standby": "a.yaml"}


def test_a_named_release_past_an_aborted_one_keeps_what_serves_warm() -> None:
    found = rollback(memory("ab"), declared="c", to="version-a")
    assert found.entry == {"manifest": "a.yaml", "standby": "b.yaml"}


def test_a_named_release_must_have_completed() -> None:
    with pytest.raises(ReleaseRefused, match="version-d never completed here"):
        rollback(memory("ab"), to="version-d")


def test_a_named_release_must_not_be_quarantined() -> None:
    with pytest.raises(ReleaseRefused, match="it burned"):
        rollback(memory("ab", quarantined="a"), to="version-a")


def test_a_version_with_two_revisions_must_be_named_by_revision() -> None:
    remembered = memory("abc")
    twins = [known("c"), known("b"), known("a").model_copy(update={"version": "version-b"})]
    with pytest.raises(ReleaseRefused, match="aaaaaaaa, bbbbbbbb"):
        rollback(Memory(remembered.serving, twins, remembered.commits, {}), to="version-b")


def test_what_serves_already_is_refused() -> None:
    with pytest.raises(ReleaseRefused, match="serves already"):
        rollback(memory("ab"), to="version-b")


def test_a_service_without_a_release_is_refused() -> None:
    with pytest.raises(ReleaseRefused, match="no release has completed"):
        rollback(memory(""))


def test_the_stack_stands_in_for_a_lost_journal() -> None:
    updates = [update("c"), update("b", succeeded=False), update("a"), PastUpdate(0.0, True, None)]
    every = {f"{letter}.yaml": known(letter) for letter in "abc"}
    remembered = memory_of_stack("c" * 8, updates, every)
    assert remembered.source == "stack"
    assert goes_to(previous_release("app", remembered, updates, {"manifest": "c.yaml"}, every)) == "a"


@given(st.text("abcdefgh", max_size=60))
def test_the_line_ends_with_what_serves_and_holds_nothing_twice(commits: str) -> None:
    line = line_of(commits[::-1])
    assert line[-1:] == list(commits[-1:])
    assert len(line) == len(set(line))


@given(st.text("abcdefgh", min_size=1, max_size=40), st.sets(st.sampled_from("abcdefgh")))
def test_rolling_back_again_and_again_ends_and_never_meets_a_release_twice(commits: str, bad: set[str]) -> None:
    quarantined = "".join(bad - {commits[-1]})
    met = [commits[-1]]
    while True:
        try:
            found = rollback(memory(commits, quarantined))
        except ReleaseRefused:
            break
        assert found.moves_traffic
        assert found.release.revision != memory(commits).serving
        assert goes_to(found) not in {*met, *quarantined}
        assert found.entry["standby"] == f"{commits[-1]}.yaml"
        met.append(goes_to(found))
        commits += goes_to(found)
    assert len(met) <= 8


@given(st.text("abcdefgh", min_size=1, max_size=40), st.sampled_from("abcdefgh"))
def test_a_rollback_right_after_a_new_release_undoes_it(commits: str, new: str) -> None:
    if new in commits:
        return
    assert goes_to(rollback(memory(commits + new))) == commits[-1]
