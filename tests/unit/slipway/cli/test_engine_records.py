"""What the engine tells becomes small typed values."""

from __future__ import annotations

from datetime import datetime

from pulumi.automation import UpdateSummary

from slipway.cli.engine_records import Lock, Run, leaves, locks_in, state_of, update_of

STACK = "urn:pulumi:prod::releases::pulumi:pulumi:Stack::releases-prod"
LOCKED = """error: the stack is currently locked by 2 lock(s). Either wait for the other process(es) to end or ...
  file:///backend/locks/a.json: created by ada@build-7 (pid 4711) at 2026-11-23T16:28:46Z
  file:///backend/locks/b.json: created by bob@laptop (pid 12) at 2026-11-23T16:29:00+01:00"""


def summary(config: dict[str, dict[str, object]], result: str = "succeeded") -> UpdateSummary:
    return UpdateSummary("update", datetime(2026, 11, 23, 16, 0, 0), "why", {}, config, result)


def test_the_locks_name_who_holds_the_stack() -> None:
    assert locks_in(LOCKED) == [
        Lock("ada", "build-7", 4711, "2026-11-23T16:28:46Z"),
        Lock("bob", "laptop", 12, "2026-11-23T16:29:00+01:00"),
    ]


def test_a_past_update_has_the_entries_of_its_services() -> None:
    text = '{"checkout": {"manifest": "1.yaml"}, "odd": 1}'
    update = update_of(summary({"releases:services": {"value": text, "secret": False}}), "releases:services")
    assert update.services == {"checkout": {"manifest": "1.yaml"}}
    assert (update.began, update.succeeded, update.message) == (1795449600.0, True, "why")
    assert update.of("checkout").entry == {"manifest": "1.yaml"}
    assert update.of("payments").entry is None


def test_a_past_update_that_failed_says_so() -> None:
    assert not update_of(summary({}, "failed"), "releases:services").succeeded


def test_configuration_that_is_secret_or_no_structure_names_no_service() -> None:
    secret = summary({"releases:services": {"secret": True}})
    plain = summary({"releases:services": {"value": "[1]", "secret": False}})
    assert update_of(secret, "releases:services").services == {}
    assert update_of(plain, "releases:services").services == {}


def test_an_export_of_an_empty_stack_has_no_resources() -> None:
    assert state_of({"manifest": {}}).resources == ()


def test_pending_operations_are_read() -> None:
    state = state_of({"resources": [], "pending_operations": [{"type": "updating", "resource": {"urn": STACK}}]})
    assert [(one.operation, one.urn) for one in state.pending] == [("updating", STACK)]


def test_a_run_keeps_steps_and_messages_and_leaves_out_what_only_flashed() -> None:
    step = {"metadata": {"op": "update", "urn": "u", "old": {"parent": "p"}, "new": {"parent": STACK}, "diffs": ["a"]}}
    step["metadata"]["detailedDiff"] = {"a.b": {}, "c[0].d": {}}
    run = Run.of(
        [
            {"resourcePreEvent": step},
            {"diagnosticEvent": {"severity": "info", "message": "5%", "ephemeral": True}},
            {"diagnosticEvent": {"severity": "info", "message": "25%", "urn": "u"}},
            {"summaryEvent": {}},
        ],
        None,
    )
    assert [(one.op, one.parent, one.diffs) for one in run.steps] == [("update", STACK, ("a", "c"))]
    assert [one.message for one in run.diagnostics] == ["25%"]
    assert run.error is None


def test_the_step_of_a_resource_that_goes_has_the_parent_that_it_had() -> None:
    step = {"metadata": {"op": "delete", "urn": "u", "old": {"parent": STACK}, "new": None}}
    assert Run.of([{"resourcePreEvent": step}], None).steps[0].parent == STACK


def test_a_failed_run_says_what_a_resource_said() -> None:
    told = {"severity": "error", "message": "checkout 2.0 aborted\n", "urn": "urn:pulumi:prod::releases::a:b:C::c"}
    assert Run.of([{"diagnosticEvent": told}], "pulumi: update failed").error == "checkout 2.0 aborted"
    assert Run.of([], "pulumi: update failed").error == "pulumi: update failed"


def test_leaves_have_their_property_paths() -> None:
    assert list(leaves({"a": [1, {"b": True}], "c": None, "d": "x"})) == [
        ('["a"][0]', 1),
        ('["a"][1]["b"]', True),
        ('["d"]', "x"),
    ]
    assert list(leaves("x")) == [("", "x")]
