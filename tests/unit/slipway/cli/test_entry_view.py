"""The plan as people and machines get it."""

from __future__ import annotations

import json

from slipway.cli.changes import changes
from slipway.cli.entry_view import as_text, plan_json
from slipway.release.records import journal
from tests.unit.slipway.cli.project import SERVICE, Project, update_of


def test_people_see_what_changes_and_how(project: Project) -> None:
    project.release("1")
    project.release("2", standby="1")
    text = as_text(project.plan(), changes([update_of(SERVICE)]))
    assert text.splitlines()[0].startswith("checkout: 2 (")
    assert "manifest    releases/checkout/2.yaml -> releases/checkout/1.yaml" in text
    assert "standby     releases/checkout/2.yaml stays warm" in text
    assert "workload    warm, 3 of 3 replicas ready" in text
    assert "steps       return to a known good revision: 100% for 0s" in text
    assert "changes     update slipway:index:Rollout checkout [candidate]" in text


def test_people_see_that_no_traffic_moves_after_an_abort(project: Project) -> None:
    project.release("1")
    project.declare({SERVICE: {"manifest": project.manifest("2")}})
    project.save(journal.aborted(project.head(), project.attempt("2"), "5% errors", 1.0, quarantine=True))
    text = as_text(project.plan(), ())
    assert "serves, the configuration returns to it" in text
    assert "changes     no resource" in text


def test_what_was_not_looked_at_is_not_shown_as_unchanged(project: Project) -> None:
    project.release("1")
    project.release("2", standby="1")
    assert "of this service alone" in as_text(project.plan(), None)
    assert plan_json(project.plan(), None)["otherChanges"] is None


def test_machines_get_the_same_as_plain_json(project: Project) -> None:
    project.release("1")
    project.release("2", standby="1")
    told = json.loads(json.dumps(plan_json(project.plan(), changes([update_of(SERVICE), update_of("payments")]))))
    assert (told["from"]["version"], told["to"]["version"], told["movesTraffic"]) == ("2", "1", True)
    assert told["entry"]["after"] == {"manifest": "releases/checkout/1.yaml", "standby": "releases/checkout/2.yaml"}
    assert (told["warm"], told["replicas"], told["confirmedBy"]) == (True, {"ready": 3, "wanted": 3}, "journal")
    assert [change["service"] for change in told["otherChanges"]] == ["payments"]
    assert len(told["changes"]) == 2
