"""What the real engine leaves on record, and what an audit finds when somebody changed it."""

from __future__ import annotations

import json

from sandbox.stage import manifests
from tests.integration.cli.conftest import FAST, Slipway, StartLoad
from tests.integration.releases.service import Service

RECORDS = "slipway-checkout.releases.0"


def lines_of(service: Service) -> dict[str, str]:
    found = json.loads(service.kubectl("get", "configmap", RECORDS, "--output", "json"))
    return dict(found["data"])


def test_every_release_is_on_record_and_an_audit_finds_an_altered_one_and_a_cut_also_after_the_next(
    service: Service, load: StartLoad, slipway: Slipway
) -> None:
    service.released("v1", FAST)
    with load(rate=100):
        assert service.release("errors-100", manifests.CANARY).code != 0
    rows = slipway("history")["services"]["checkout"]
    assert [(row["version"], row["outcome"]) for row in rows] == [("errors-100", "aborted"), ("v1", "committed")]
    report = slipway("report", "--last")
    assert report["headline"].startswith("checkout errors-100 was aborted at ")
    assert report["rollback"]["serves"].startswith("v1 ")
    (errors,) = [line for line in report["health"]["guardrails"] if line["name"] == "errors"]
    assert errors["bad"] > 0
    assert errors["crossed"]
    assert slipway("audit")["ok"]
    whole = lines_of(service)
    altered = {**whole, "000000.json": whole["000000.json"].replace('"committed"', '"aborted"')}
    service.kubectl("patch", "configmap", RECORDS, "--patch", json.dumps({"data": altered}))
    assert not slipway("audit", code=1)["ok"]
    cut = [{"op": "remove", "path": f"/data/{name}"} for name in whole]
    service.kubectl("patch", "configmap", RECORDS, "--type", "json", "--patch", json.dumps(cut))
    said = [one["what"] for one in slipway("audit", code=1)["services"]["checkout"]]
    assert any("the record 0 is missing: the stack's state knows it" in what for what in said)
    assert any("errors-100 (aborted) has no record" in what for what in said)
    service.kubectl("delete", "configmap", RECORDS)
    with load(rate=100):
        service.released("v2", FAST)
    assert len(lines_of(service)) == 2, "the abort, from the journal, and v2"
    said = [one["what"] for one in slipway("audit", code=1)["services"]["checkout"]]
    assert any("the record 0 is not the one that the stack's state knows" in what for what in said), said


def test_destroy_leaves_the_records(service: Service) -> None:
    service.released("v1", FAST)
    result = service.stage.run("destroy", "--yes", "--skip-preview")
    assert result.code == 0, result.output
    assert len(lines_of(service)) == 1
