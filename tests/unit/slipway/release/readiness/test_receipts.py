from __future__ import annotations

import copy
from datetime import timedelta

import pytest
import yaml

from slipway.release.evidence import receipts
from slipway.release.gating.catalog import RELEASE_GATES
from slipway.release.manifest.load import parse
from slipway.release.manifest.release import Release
from slipway.release.readiness.settings import DrillSettings, Settings, StagingSettings
from slipway.release.revision import revision_of
from tests.manifests import OTHER_DIGEST
from tests.unit.slipway.release.readiness.support import passes, refused
from tests.vouched import NOW, YESTERDAY, Vouched

DID = {"at": YESTERDAY.isoformat(), "service": "checkout", "stack": "staging", "outcome": "completed"}


def _staging(it: Vouched, **said: object) -> None:
    it.staged(**said)


def _drill(it: Vouched, name: str = "drill.json", **said: object) -> None:
    it.sign(name, "stage", receipts.DRILL, DID | {"procedure": "rollback", "seconds": 5.0} | said)


def test_production_needs_the_same_artifact_to_have_passed_staging(it: Vouched) -> None:
    it.manifest["evidence"]["statements"].remove("staging.json")
    refused(it.gate_input(), "staging", "missing")


@pytest.mark.parametrize("outcome", ["aborted", "interrupted"])
def test_a_rollout_that_did_not_complete_in_staging_is_refused(it: Vouched, outcome: str) -> None:
    _staging(it, outcome=outcome)
    (finding,) = refused(it.gate_input(), "staging", "failed")
    assert outcome in finding.found


def test_a_receipt_of_another_stack_does_not_count(it: Vouched) -> None:
    _staging(it, stack="laptop")
    refused(it.gate_input(), "staging", "missing")


def test_a_receipt_of_another_artifact_does_not_count(it: Vouched) -> None:
    it.sign("staging.json", "stage", receipts.STAGING, DID | {"version": "1.0.0"}, OTHER_DIGEST)
    refused(it.gate_input(), "staging", "wrong-digest")


def test_a_receipt_of_long_ago_is_stale(it: Vouched) -> None:
    _staging(it, at=(NOW - timedelta(days=31)).isoformat())
    refused(it.gate_input(), "staging", "stale")


def _elsewhere(it: Vouched, **workload: object) -> Release:
    """What staging runs: the release with another workload."""
    content = copy.deepcopy(it.manifest)
    content["workload"] |= workload
    return parse(yaml.safe_dump(content), "staging.yaml")


def test_a_receipt_is_for_the_whole_revision_not_for_the_image_alone(it: Vouched) -> None:
    it.manifest["workload"]["env"] = {"LOG": "debug", "FEATURE": "on"}
    it.people()
    (finding,) = refused(it.gate_input(), "staging", "other-revision")
    assert "ran in staging" in finding.found
    assert revision_of(it.release()) in finding.wanted
    it.staged()
    passes(it.gate_input())


def test_a_receipt_of_another_revision_counts_where_every_difference_is_declared(it: Vouched) -> None:
    staging = _elsewhere(it, replicas=1)
    it.staged(revision=revision_of(staging))
    (finding,) = RELEASE_GATES["staging"].evaluate(it.gate_input(staging=staging))
    assert (finding.code, "workload.replicas" in finding.found) == ("other-revision", True)
    it.manifest["environment"]["differences"] = [{"field": "workload.replicas", "reason": "staging has no users"}]
    it.people()
    passes(it.gate_input(staging=staging))
    more = _elsewhere(it, replicas=1, env={"LOG": "debug"})
    (finding,) = RELEASE_GATES["staging"].evaluate(it.gate_input(staging=more))
    assert finding.code == "other-revision", "what staging is said to run now is not what the receipt is about"


def test_a_receipt_that_names_no_revision_says_nothing_of_the_workload(it: Vouched) -> None:
    it.staged(revision=None)
    refused(it.gate_input(), "staging", "unbound")


def test_staging_asks_for_no_receipt_of_itself(it: Vouched) -> None:
    it.manifest["evidence"]["statements"].remove("staging.json")
    passes(it.gate_input(stack="staging", staging=None))
    it.settings = Settings(staging=StagingSettings(required=False))
    passes(it.gate_input())


def test_a_service_whose_rollback_nobody_drilled_is_refused(it: Vouched) -> None:
    it.manifest["evidence"]["statements"].remove("drill.json")
    (finding,) = refused(it.gate_input(), "drill", "missing")
    assert finding.turn == "owner"


def test_a_drill_that_failed_is_refused_until_one_works(it: Vouched) -> None:
    _drill(it, outcome="failed")
    refused(it.gate_input(), "drill", "failed")
    _drill(it, "again.json")
    it.manifest["evidence"]["statements"].append("again.json")
    passes(it.gate_input())


def test_a_drill_of_long_ago_is_stale(it: Vouched) -> None:
    _drill(it, at=(NOW - timedelta(days=91)).isoformat())
    refused(it.gate_input(), "drill", "stale")
    passes(it.gate_input(settled=True))


def test_a_drill_counts_for_the_service_whatever_artifact_it_was_made_with(it: Vouched) -> None:
    it.sign("drill.json", "stage", receipts.DRILL, DID | {"procedure": "rollback", "seconds": 5.0}, OTHER_DIGEST)
    passes(it.gate_input())


def test_every_required_procedure_must_be_drilled(it: Vouched) -> None:
    it.settings = Settings(drill=DrillSettings(procedures=("deploy", "rollback")))
    (finding,) = refused(it.gate_input(), "drill", "missing")
    assert "deploy" in finding.found
