"""out/demo/aws.json says that all went well only when every act was played and had no problem."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from sandbox.demo.aws.faulty import FaultyRelease
from sandbox.demo.aws.slowness import slowness
from sandbox.demo.aws.summary import AwsSummary, Drift
from sandbox.demo.summary import Rollback, Summary

DRIFT = Drift(shown=True, seconds=5.0, weights={"checkout-1": 100.0}, client_requests=1500, client_failures=0)
MINUTES = FaultyRelease(
    version="errors-5",
    source="cloudwatch",
    lateness_seconds=45.0,
    rate=100.0,
    outcome="aborted",
    seconds_fault_to_safe=158.3,
    client_requests=20000,
    client_failures=56,
)


def whole() -> AwsSummary:
    return AwsSummary(
        rollback=Rollback("v3", "v2", 12.0, 0),
        drift=DRIFT,
        cloudwatch=MINUTES,
        functions=Summary(rollback=Rollback("v2", "v1", 9.0, 0)),
        functions_cloudwatch=replace(MINUTES, seconds_fault_to_safe=171.5),
    )


def test_the_file_has_what_the_demo_of_releases_has_and_what_there_is_on_aws_alone(tmp_path: Path) -> None:
    whole().write(tmp_path / "aws.json")
    found = json.loads((tmp_path / "aws.json").read_text())
    assert found["ok"]
    assert found["rollback"] == {"from": "v3", "to": "v2", "seconds": 12.0, "client_failures": 0}
    assert found["drift"]["weights"] == {"checkout-1": 100.0}
    assert found["cloudwatch"]["seconds_fault_to_safe"] == 158.3
    back = {"from": "v2", "to": "v1", "seconds": 9.0, "client_failures": 0}
    assert found["lambda"].pop("cloudwatch")["seconds_fault_to_safe"] == 171.5
    assert found["lambda"] == {"releases": [], "rollback": back}
    assert found["releases"] == found["problems"] == []


def test_an_act_that_was_not_played_is_no_success() -> None:
    assert not replace(whole(), drift=None).to_json()["ok"]
    assert not replace(whole(), cloudwatch=None).to_json()["ok"]
    assert not replace(whole(), functions_cloudwatch=None).to_json()["ok"]
    assert not replace(whole(), functions=None).to_json()["ok"]
    assert not replace(whole(), functions=Summary()).to_json()["ok"]
    assert not replace(whole(), rollback=None).to_json()["ok"]
    assert not replace(whole(), problems=["v2: aborted"]).to_json()["ok"]


def test_the_load_balancers_are_as_slow_as_before_after_the_block(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    variables = {"SLIPWAY_AWS_SETTINGS": str(file)}
    with slowness(variables, propagation=0.5, lateness=45.0):
        assert json.loads(file.read_text()) == {"propagation": 0.5, "lateness": 45.0}
        before = file.read_text()
        with slowness(variables, propagation=3.0, lateness=90.0):
            assert file.read_text() != before
        assert file.read_text() == before
    assert not file.exists()
