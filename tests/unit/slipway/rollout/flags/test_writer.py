from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.release.errors import ClusterAway, ClusterError, Conflict, ReleaseRefused
from slipway.release.flags.declaring import after_declaration
from slipway.release.flags.effective import effective
from slipway.release.flags.flagd import flagd_document
from slipway.release.flags.journal import Change, DocumentKind, after_change, after_exposure
from slipway.release.records.chain import Line, lines_of
from slipway.release.records.kinds import FlagRecord
from slipway.release.records.release_record import read_kind
from slipway.release.records.store import MemoryRecords, append
from slipway.rollout.flags.writer import TRIES, FlagWriter
from slipway.rollout.platforms.base import DocumentStore
from slipway.rollout.platforms.memory import MemoryDocumentStore
from slipway.rollout.process.faults import Faults
from tests.flags import BATCH, BY, FLAGS, PAY, declaration, kill, resume
from tests.unit.slipway.rollout.flags.interleaving import World

OFF = {"pay": {**PAY, "default": "off"}}
MORE = {**FLAGS, "batch": {**BATCH, "exposure": {"steps": [{"percent": 90}]}}}
DEATHS = [None, ("journal", "before"), ("journal", "after"), ("document", "before"), ("document", "after")]


class Cluster(World):
    """Journal and document, as all processes share them."""

    @property
    def flags(self) -> dict[str, Any]:
        """What evaluators read."""
        found = self.document.read()
        assert found is not None
        flags: dict[str, Any] = found.content["flags"]
        return flags

    def is_off(self, flag: str) -> bool:
        """Whether every caller gets the off variant."""
        content = self.flags[flag]
        return content["state"] == "ENABLED" and content["defaultVariant"] == "off" and "targeting" not in content

    @property
    def is_settled(self) -> bool:
        """Whether the document is what follows from the journal."""
        found = self.document.read()
        return found is not None and found.content == flagd_document(effective(self.head))


def up(flags: dict[str, Any] | None = None) -> Callable[[FlagWriter], object]:
    """An `up` that declares these."""
    return lambda writer: writer.change(lambda now: after_declaration(now, declaration(flags), BY), declares=True)


def killing(flag: str, number: str = "k1") -> Callable[[FlagWriter], object]:
    """A guard's kill."""
    return lambda writer: writer.change(lambda now: after_change(now, kill(flag, number)))


def resuming(flag: str, number: str = "r1") -> Callable[[FlagWriter], object]:
    """A person's resume."""
    return lambda writer: writer.change(lambda now: after_change(now, resume(flag, number)))


@pytest.fixture
def cluster() -> Cluster:
    """With all flags declared and the new cart at 25%."""
    made = Cluster()
    up()(made.writer())
    made.writer().change(lambda now: after_exposure(now, "new-cart", 25.0, "s1", BY))
    return made


def test_a_kill_is_in_journal_and_document(cluster: Cluster) -> None:
    assert not cluster.is_off("new-cart")
    killing("new-cart")(cluster.writer())
    assert cluster.is_off("new-cart")
    assert cluster.head.killed("new-cart") == kill("new-cart")


def test_an_up_keeps_a_killed_flag_off(cluster: Cluster) -> None:
    killing("pay")(cluster.writer())
    up()(cluster.writer())
    assert cluster.is_off("pay")
    resuming("pay")(cluster.writer())
    assert not cluster.is_off("pay")


def test_what_changes_nothing_writes_nothing(cluster: Cluster) -> None:
    written = len(cluster.journal.written), len(cluster.document.written)
    up()(cluster.writer())
    assert (len(cluster.journal.written), len(cluster.document.written)) == written


class Died(BaseException):
    """kill -9 of a process."""


def crash_points() -> Iterator[tuple[str, str, str]]:
    """Before and after each write of either store."""
    for store in ("journal", "document"):
        for when in ("before", "after"):
            yield store, when, f"{when} the {store}"


def crash(store: MemoryDocumentStore, when: str) -> None:
    """The next write of this store ends the process."""

    def die() -> None:
        raise Died

    (store.faults.next if when == "before" else store.faults.after)("write", die)


@pytest.mark.parametrize(("store", "when", "_"), list(crash_points()), ids=[name for *_, name in crash_points()])
@pytest.mark.parametrize(
    "following", [up(), killing("pay", "k9"), killing("new-cart", "k2")], ids=["up", "other", "again"]
)
def test_a_kill_that_dies_at_any_write_is_off_after_whatever_comes_next(
    cluster: Cluster, store: str, when: str, _: str, following: Callable[[FlagWriter], object]
) -> None:
    crash(getattr(cluster, store), when)
    with pytest.raises(Died):
        killing("new-cart")(cluster.writer())
    begun = (store, when) != ("document", "before")
    assert cluster.is_off("new-cart") == begun
    following(cluster.writer())
    assert cluster.is_settled
    if begun:
        assert cluster.is_off("new-cart")
        assert cluster.head.killed("new-cart") == kill("new-cart")


@pytest.mark.parametrize(("store", "when", "_"), list(crash_points()), ids=[name for *_, name in crash_points()])
def test_an_up_that_dies_at_any_write_turns_nothing_on_that_was_killed(
    cluster: Cluster, store: str, when: str, _: str
) -> None:
    killing("pay")(cluster.writer())
    crash(getattr(cluster, store), when)
    with pytest.raises(Died):
        up(MORE)(cluster.writer())
    assert cluster.is_off("pay")
    up(MORE)(cluster.writer())
    assert cluster.is_settled
    assert cluster.is_off("pay")


@pytest.mark.parametrize("method", ["read", "write"])
@pytest.mark.parametrize("store", ["journal", "document"])
@pytest.mark.parametrize("skipped", [0, 1, 2])
def test_a_kill_between_any_two_calls_of_an_up_is_off_from_then_on(
    cluster: Cluster, store: str, method: str, skipped: int
) -> None:
    written: list[int] = []

    def kill_pay() -> None:
        killing("pay")(cluster.writer())
        written.append(len(cluster.document.written))

    faults = getattr(cluster, store).faults
    faults.next(method, lambda: None, skipped)
    faults.next(method, kill_pay)
    up(MORE)(cluster.writer())
    if written:  # otherwise the up made fewer calls than that
        assert all(after["flags"]["pay"]["defaultVariant"] == "off" for after in cluster.document.written[written[0] :])
        assert cluster.is_off("pay")
        assert cluster.is_settled


def test_an_up_sees_a_kill_that_died_before_its_journal_after_the_up_had_read_both(
    cluster: Cluster,
) -> None:
    def dies_halfway() -> None:
        crash(cluster.journal, "before")
        with pytest.raises(Died):
            killing("pay")(cluster.writer())

    cluster.document.faults.next("write", dies_halfway)
    up(MORE)(cluster.writer())
    assert cluster.is_off("pay")
    assert cluster.head.killed("pay") is not None
    assert cluster.is_settled


def test_a_foreign_write_of_the_document_is_put_right(cluster: Cluster) -> None:
    killing("pay")(cluster.writer())
    assert cluster.writer().pending() is None
    changed = {"flags": {**cluster.flags, "pay": {**cluster.flags["pay"], "defaultVariant": "on"}}}
    cluster.document.put(changed, "kubectl-edit")
    assert cluster.writer().pending() == "kubectl-edit changed pay"
    up()(cluster.writer())
    assert cluster.is_off("pay")


def test_a_deleted_document_is_written_anew(cluster: Cluster) -> None:
    cluster.document.delete()
    assert cluster.writer().pending() == "the document is missing"
    up()(cluster.writer())
    assert cluster.is_settled


def test_a_deleted_journal_leaves_kills_standing_by_the_document(cluster: Cluster) -> None:
    killing("pay")(cluster.writer())
    cluster.journal.delete()
    up()(cluster.writer())
    assert cluster.is_off("pay")
    assert cluster.head.killed("pay") is not None


def test_without_a_journal_only_an_up_may_write(cluster: Cluster) -> None:
    cluster.journal.delete()
    before = cluster.document.read()
    with pytest.raises(ClusterError, match="have no journal: `pulumi up`"):
        killing("pay")(cluster.writer())
    assert cluster.document.read() == before


def test_a_lost_answer_is_an_error_and_the_kill_stands(cluster: Cluster) -> None:
    cluster.journal.faults.after("write", ClusterAway("no answer; whether it was done cannot be seen"))
    with pytest.raises(ClusterAway):
        killing("pay")(cluster.writer())
    killing("pay", "k2")(cluster.writer())
    assert cluster.is_off("pay")
    assert cluster.head.killed("pay") == kill("pay", "k1")


def test_others_that_never_stop_writing_are_told(cluster: Cluster) -> None:
    cluster.journal.faults.next("write", Conflict("another"), TRIES)
    with pytest.raises(ClusterError, match="others keep writing them"):
        up(MORE)(cluster.writer())
    cluster.document.faults.next("write", Conflict("another"), TRIES)
    with pytest.raises(ClusterError, match="document of the flags flags"):
        up(MORE)(cluster.writer())


def dead_kill(cluster: Cluster, flag: str = "pay", number: str = "k1") -> None:
    """A kill whose process died between its two writes."""
    crash(cluster.journal, "before")
    with pytest.raises(Died):
        killing(flag, number)(cluster.writer())


def test_a_kill_that_only_the_document_names_is_shown_until_the_next_change_writes_it_down(cluster: Cluster) -> None:
    dead_kill(cluster)
    assert cluster.head.killed("pay") is None
    assert cluster.writer().load().killed("pay") == kill("pay")
    assert cluster.writer().problem() == "the kill of pay is in the document, but not in the journal yet"
    up()(cluster.writer())
    assert cluster.head.records[-1].what == "kill"
    assert cluster.writer().problem() is None


def test_a_kill_that_only_the_document_names_is_resumed(cluster: Cluster) -> None:
    dead_kill(cluster)
    resuming("pay")(cluster.writer())
    assert not cluster.is_off("pay")
    assert cluster.is_settled


def test_a_document_from_before_a_resume_brings_no_kill_back(cluster: Cluster) -> None:
    killing("pay")(cluster.writer())
    before = cluster.document.read()
    assert before is not None
    resuming("pay")(cluster.writer())
    cluster.document.put(before.content, "kubectl-apply")
    assert cluster.writer().pending() == "kubectl-apply changed pay"
    up()(cluster.writer())
    assert not cluster.is_off("pay")


def test_a_kill_that_is_tried_again_after_its_resume_is_not_carried_out_anew(cluster: Cluster) -> None:
    killing("pay")(cluster.writer())
    resuming("pay")(cluster.writer())
    killing("pay")(cluster.writer())
    assert not cluster.is_off("pay")


def test_a_resume_whose_answer_was_lost_does_not_end_a_newer_kill(cluster: Cluster) -> None:
    killing("pay", "k1")(cluster.writer())
    lifted = resume("pay").model_copy(update={"ends": "k1"})
    cluster.writer().change(lambda now: after_change(now, lifted))
    cluster.writer().change(lambda now: after_change(now, lifted.model_copy(update={"id": "r2"})))
    killing("pay", "k2")(cluster.writer())
    with pytest.raises(ReleaseRefused, match="killed anew by guard"):
        cluster.writer().change(lambda now: after_change(now, lifted))
    assert cluster.is_off("pay")


def test_a_kill_that_another_wrote_into_the_journal_gets_its_evidence_from_its_own_writer(cluster: Cluster) -> None:
    dead_kill(cluster)
    up()(cluster.writer())
    proven = kill("pay").model_copy(update={"evidence": {"statistic": 8.8}})
    cluster.writer().change(lambda now: after_change(now, proven))
    assert cluster.head.killed("pay") == proven


def test_a_kill_by_hand_counts_and_what_is_no_flag_does_not(cluster: Cluster) -> None:
    pay = {**cluster.flags["pay"], "metadata": {"killed": "by-hand"}}
    cluster.document.put({"flags": {**cluster.flags, "pay": pay, "": pay, "theme": "?"}})
    up()(cluster.writer())
    assert cluster.is_off("pay")
    assert cluster.is_settled


def test_a_set_ends_with_document_and_journal() -> None:
    cluster = Cluster()
    up(OFF)(cluster.writer())
    cluster.writer().remove(BY)
    assert (cluster.journal.read(), cluster.document.read()) == (None, None)
    cluster.writer().remove(BY)


def test_a_set_with_a_flag_that_is_on_does_not_end(cluster: Cluster) -> None:
    with pytest.raises(ReleaseRefused, match="pay is on"):
        cluster.writer().remove(BY)
    assert cluster.is_settled


def test_a_kill_outlives_the_set() -> None:
    cluster = Cluster()
    up({"pay": PAY})(cluster.writer())
    killing("pay")(cluster.writer())
    cluster.writer().remove(BY)
    assert cluster.document.read() is None
    up({"pay": {**PAY, "default": "off"}})(cluster.writer())
    assert cluster.head.killed("pay") is not None


histories = st.lists(
    st.tuples(
        st.sampled_from(["up", "kill", "resume", "expose"]),
        st.sampled_from(["new-cart", "pay"]),
        st.sampled_from(
            [None, ("journal", "before"), ("journal", "after"), ("document", "before"), ("document", "after")]
        ),
    ),
    max_size=12,
)


@settings(max_examples=150)
@given(histories)
def test_no_crash_anywhere_in_a_history_loses_a_kill(history: list[tuple[str, str, tuple[str, str] | None]]) -> None:
    cluster = Cluster()
    up()(cluster.writer())
    for number, (what, flag, dies) in enumerate(history):
        if dies is not None:
            crash(getattr(cluster, dies[0]), dies[1])
        with contextlib.suppress(Died, ReleaseRefused):
            _act(cluster, what, flag, f"c{number}")
        cluster.journal.faults, cluster.document.faults = Faults(), Faults()
    killed = [key for key in FLAGS if cluster.head.killed(key) is not None]
    up()(cluster.writer())
    assert cluster.is_settled
    assert all(cluster.is_off(key) for key in killed)


def _act(cluster: Cluster, what: str, flag: str, number: str) -> None:
    if what == "up":
        up()(cluster.writer())
    elif what == "expose":
        cluster.writer().change(lambda now: after_exposure(now, "new-cart", 5.0, number, BY))
    else:
        change: Change = kill(flag, number) if what == "kill" else resume(flag, number)
        cluster.writer().change(lambda now: after_change(now, change))


def test_the_journal_says_where_the_document_lies(cluster: Cluster) -> None:
    other = MemoryDocumentStore()
    documents: dict[DocumentKind, DocumentStore] = {"config-map": cluster.document, "feature-flag": other}
    killer = FlagWriter("flags", cluster.journal, documents, "feature-flag")
    killing("pay")(killer)
    assert cluster.is_off("pay")
    assert other.read() is None
    moved = replace(declaration(), document="feature-flag")
    cluster.document.faults.next("read", lambda: None)
    FlagWriter("flags", cluster.journal, documents).change(lambda now: after_declaration(now, moved, BY), declares=True)
    found = other.read()
    assert found is not None
    assert found.content["flags"]["pay"]["defaultVariant"] == "off"
    assert killer.pending() is None


class Broken(MemoryRecords):
    """A store that is away."""

    def last(self) -> Line | None:
        raise ClusterError("the API server did not answer")


class ReadByItsEnd(MemoryRecords):
    """A chain that is too long to be read."""

    def read(self) -> list[str]:
        raise AssertionError("the whole chain was read")


def test_a_change_is_recorded_without_reading_the_chain(cluster: Cluster) -> None:
    store = ReadByItsEnd()
    writer = replace(cluster.writer(), records=store)
    writer.change(lambda now: after_change(now, kill("pay")))
    lines = lines_of(store.lines)
    assert [line.content["event"]["what"] for line in lines][-1] == "kill"


def test_a_line_of_another_version_at_the_end_makes_no_record_twice(cluster: Cluster) -> None:
    store = MemoryRecords()
    writer = replace(cluster.writer(), records=store)
    writer.change(lambda now: after_change(now, kill("pay")))
    append(store, lambda lines: {"kind": "of tomorrow"})
    writer.change(lambda now: after_change(now, resume("pay")))
    found = [record.event.number for _, record in read_kind(lines_of(store.read()), FlagRecord)]
    assert found == list(range(found[0], found[0] + len(found)))
    assert len(store.read()) == len(found) + 1


def test_each_change_is_on_record_and_what_could_not_be_recorded_follows_with_the_next(cluster: Cluster) -> None:
    store = MemoryRecords()
    replace(cluster.writer(), records=Broken()).change(lambda now: after_change(now, kill("pay")))
    assert cluster.is_off("pay"), "a record that cannot be written keeps no flag on"
    replace(cluster.writer(), records=store).change(lambda now: after_change(now, resume("pay")))
    found = [record.event.what for _, record in read_kind(lines_of(store.read()), FlagRecord)]
    assert found[-2:] == ["kill", "resume"]
    assert len(found) == len(cluster.head.records)
