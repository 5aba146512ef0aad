"""How a rollback is carried out, and what becomes of the stack's file, whatever happens."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from slipway.cli.changes import Diagnostic, Step
from slipway.cli.engine_records import Run
from slipway.cli.entry_run import EntryRun, Outcome
from slipway.release.errors import EngineError, ReleaseRefused
from slipway.release.records import journal
from tests.unit.slipway.cli.examples import completed, head
from tests.unit.slipway.cli.project import SERVICE, STACK, Project, update_of, urn

RESTORED = {"manifest": "releases/checkout/1.yaml", "standby": "releases/checkout/2.yaml"}


@pytest.fixture
def released(project: Project) -> Project:
    """Version 2 serves, version 1 is warm."""
    project.release("1")
    project.release("2", standby="1")
    return project


def roll_back(
    project: Project, *, allow: bool = False, reason: str = "", before_up: Callable[[], object] = str
) -> Outcome:
    plan = project.plan()
    with plan.file.draft() as draft, plan.file.draft("alone") as alone:
        run = EntryRun(project.engine, plan, allow)
        run.write(draft, alone)
        run.preview()
        before_up()
        return run.carry_out(draft, reason, print)


def committing(project: Project, run: Run | None = None) -> Project:
    """The update commits version 1, and ends like this."""
    project.engine.during = lambda: project.commit("1")
    project.engine.updated = run or Run()
    return project


def test_the_entry_is_restored_and_stays(released: Project) -> None:
    outcome = roll_back(committing(released))
    assert outcome.error is None
    assert released.entry() == RESTORED
    assert "Pulumi.prod.yaml names releases/checkout/1.yaml, commit it" in outcome.summary


def test_the_stacks_file_is_found_where_the_project_keeps_it(released: Project) -> None:
    released.keep_stacks_in("stacks")
    assert roll_back(committing(released)).error is None
    assert released.entry() == RESTORED
    assert [path.name for path in released.file.parent.iterdir()] == ["Pulumi.prod.yaml"]


def test_the_file_says_what_the_engine_is_to_do_before_it_does_it(released: Project) -> None:
    committing(released)
    seen: list[object] = []
    released.engine.during = lambda: seen.append(released.entry())
    roll_back(released)
    assert seen == [RESTORED]


def test_the_history_gets_a_message_with_the_reason(released: Project) -> None:
    roll_back(committing(released), reason="INC-7")
    assert released.engine.messages == ["slipway rollback checkout: 2 -> 1: INC-7"]


def test_no_other_entry_is_touched(released: Project) -> None:
    roll_back(committing(released))
    assert "payments:\n      manifest: p.yaml" in released.file.read_text()


def test_a_preview_that_would_change_another_service_is_refused_and_nothing_is_written(released: Project) -> None:
    before = released.file.read_bytes()
    released.engine.previewed = Run(steps=[update_of(SERVICE), update_of("payments")])
    with pytest.raises(ReleaseRefused, match=r"update slipway:index:Rollout payments \[candidate\]"):
        roll_back(released)
    assert released.file.read_bytes() == before
    assert released.engine.messages == []


def test_changes_of_no_service_are_other_changes_too(released: Project) -> None:
    provider = Step("update", "urn:pulumi:prod::releases::pulumi:providers:kubernetes::default", STACK)
    released.engine.previewed = Run(steps=[update_of(SERVICE), provider])
    with pytest.raises(ReleaseRefused, match="--allow-other-changes"):
        roll_back(released)


def test_other_changes_can_be_allowed(released: Project) -> None:
    released.engine.previewed = Run(steps=[update_of(SERVICE), update_of("payments")])
    assert roll_back(committing(released), allow=True).error is None


def test_the_engine_touches_the_service_alone_and_is_told_of_the_others_as_they_serve(released: Project) -> None:
    released.payments.journal.save(head("a", service="payments", completed=(completed("a"),)).to_json(), None)
    assert roll_back(committing(released)).error is None
    revisions = {released.backend(version).revision for version in ("1", "2")}
    names = ("checkout", *(f"checkout-{one}" for one in revisions))
    assert set(released.engine.targets) == {f"**slipway:index:**::{name}" for name in names}
    assert released.engine.told["releases:services"] == {"checkout": RESTORED, "payments": {"manifest": "a.yaml"}}
    assert "payments:\n      manifest: p.yaml" in released.file.read_text()


def test_a_service_of_which_nothing_serves_is_no_part_of_another_ones_rollback(released: Project) -> None:
    assert roll_back(committing(released)).error is None
    assert released.engine.told["releases:services"] == {"checkout": RESTORED}


def test_a_service_whose_journal_cannot_be_read_is_no_part_of_another_ones_rollback(released: Project) -> None:
    released.payments.journal.save({"service": "payments", "format": 99}, None)
    assert roll_back(committing(released)).error is None
    assert "payments" not in released.engine.told["releases:services"]


def test_with_other_changes_allowed_the_whole_stack_is_updated_as_it_is_declared(released: Project) -> None:
    assert roll_back(committing(released), allow=True).error is None
    assert released.engine.targets == ()
    assert released.engine.told["releases:services"] == {"checkout": RESTORED, "payments": {"manifest": "p.yaml"}}


def test_a_preview_that_fails_for_another_service_names_the_way_out(released: Project) -> None:
    told = Diagnostic("error", "revision 99999999 was aborted: 5% errors", urn("payments"))
    released.engine.previewed = Run(diagnostics=[told], error=told.message)
    with pytest.raises(ReleaseRefused, match="`slipway rollback payments` first"):
        roll_back(released)


def test_a_preview_that_fails_for_the_service_itself_is_told_as_it_is(released: Project) -> None:
    told = Diagnostic("error", "the namespace is gone", urn(SERVICE))
    released.engine.previewed = Run(diagnostics=[told], error=told.message)
    with pytest.raises(ReleaseRefused, match=r"the update cannot be planned: the namespace is gone$"):
        roll_back(released)


def test_an_update_that_cannot_begin_leaves_the_file_as_it_was(released: Project) -> None:
    before = released.file.read_bytes()
    released.engine.updated = EngineError("the stack is locked")
    with pytest.raises(EngineError, match="the stack is locked"):
        roll_back(released)
    assert released.file.read_bytes() == before


def test_an_update_that_failed_before_anything_moved_leaves_the_file_as_it_was(released: Project) -> None:
    before = released.file.read_bytes()
    released.engine.updated = Run(error="the candidate is not ready within 30s")
    outcome = roll_back(released)
    assert outcome.error is not None
    assert "not ready within 30s; all traffic is on 2 (" in outcome.error
    assert released.file.read_bytes() == before


def test_a_rollback_that_was_aborted_leaves_the_file_as_it_was(released: Project) -> None:
    before = released.file.read_bytes()
    gone = journal.aborted(released.head(), released.attempt("1"), "crash loop", 1.0, quarantine=True)
    released.engine.during = lambda: released.save(gone)
    released.engine.updated = Run(error="checkout 1 aborted: crash loop")
    assert "crash loop" in str(roll_back(released).error)
    assert released.file.read_bytes() == before


def test_an_update_that_failed_after_the_commit_keeps_the_restored_entry(released: Project) -> None:
    outcome = roll_back(committing(released, Run(error="deleting checkout-0 failed")))
    assert outcome.error is not None
    assert "1 (" in outcome.error
    assert "serves, but the update failed after that: deleting checkout-0 failed; `pulumi up`" in outcome.error
    assert released.entry() == RESTORED


def test_an_update_that_was_killed_in_the_middle_keeps_the_restored_entry(released: Project) -> None:
    unfinished = journal.begun(released.head(), released.attempt("1"))
    released.engine.during = lambda: released.save(unfinished)
    released.engine.updated = Run(error="pulumi: exit code -9")
    outcome = roll_back(released)
    assert "slipway recover" in str(outcome.error)
    assert released.entry() == RESTORED


def test_an_update_that_succeeds_without_a_commit_is_a_failure(released: Project) -> None:
    outcome = roll_back(released)
    assert "its Rollout did not commit" in str(outcome.error)


def test_a_cluster_that_cannot_be_asked_afterwards_keeps_the_restored_entry(released: Project) -> None:
    def lost() -> None:
        released.world.journal.load = unreachable  # type: ignore[method-assign]

    def unreachable() -> None:
        from slipway.release.errors import ClusterError

        raise ClusterError("the API server did not answer")

    released.engine.during = lost
    outcome = roll_back(released)
    assert "the API server did not answer" in str(outcome.error)
    assert released.entry() == RESTORED


def test_an_edit_while_the_operator_was_asked_wins(released: Project) -> None:
    def edit() -> None:
        released.declare({SERVICE: {"manifest": "mine.yaml"}})

    with pytest.raises(EngineError, match="edited in between"):
        roll_back(released, before_up=edit)
    assert released.entry() == {"manifest": "mine.yaml"}
    assert released.engine.messages == []


def test_a_change_of_values_is_written_without_the_engine_and_changes_no_other_line(released: Project) -> None:
    before = released.file.read_text()
    released.file.write_text(f"# The stack of ours.\n{before}")
    released.engine.write_entry = lambda *_: pytest.fail("the engine was asked")
    assert roll_back(committing(released)).error is None
    written = released.file.read_text().splitlines()
    assert written[0] == "# The stack of ours."
    changed = set(written) ^ {"# The stack of ours.", *before.splitlines()}
    assert all("manifest:" in line or "standby:" in line for line in changed)


def test_the_ends_of_lines_stay_as_they_are(released: Project) -> None:
    released.file.write_bytes(released.file.read_bytes().replace(b"\n", b"\r\n"))
    assert roll_back(committing(released)).error is None
    written = released.file.read_bytes()
    assert written.count(b"\n") == written.count(b"\r\n") > 2


@pytest.mark.parametrize("by_engine", [False, True], ids=["in-the-text", "by-the-engine"])
def test_a_draft_that_does_not_say_what_was_meant_is_never_used(
    released: Project, monkeypatch: pytest.MonkeyPatch, by_engine: bool
) -> None:
    emptied = "config: {'releases:services': {}}"
    monkeypatch.setattr("slipway.cli.entry_run.with_entry", lambda *_: None if by_engine else emptied)
    released.engine.write_entry = lambda file, service, before, after: file.write_text(emptied)
    with pytest.raises(EngineError, match="could not be written; edit it by hand"):
        roll_back(released)
