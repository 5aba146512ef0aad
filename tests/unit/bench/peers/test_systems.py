from __future__ import annotations

import pytest
import yaml

from bench.peers import queries
from bench.peers.matrix import SETTINGS, WEIGHTS, Setting
from bench.peers.systems import argo, flagger, slipway
from slipway.release.manifest.load import parse
from slipway.release.manifest.strategy import Canary

IMAGE = f"registry.example/sample@sha256:{'0' * 64}"
settings = pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)


@settings
def test_all_systems_step_through_the_same_shares_for_the_same_time(setting: Setting) -> None:
    steps = argo.rollout(IMAGE, {}, setting.hold)["spec"]["strategy"]["canary"]["steps"]
    assert [step["setWeight"] for step in steps if "setWeight" in step] == list(WEIGHTS)
    assert {step["pause"]["duration"] for step in steps if "pause" in step} == {f"{setting.hold}s"}
    analysis = flagger.canary("app.example", setting)["spec"]["analysis"]
    assert list(range(analysis["stepWeight"], analysis["maxWeight"] + 1, analysis["stepWeight"])) == list(WEIGHTS)
    assert setting.interval == setting.hold
    values = slipway.manifest("v1", IMAGE, "app.example", setting, {})
    strategy = parse(yaml.safe_dump(values), "release.yaml").strategy
    assert isinstance(strategy, Canary)
    weights = [(step.weight, step.bake) for step in strategy.steps]
    assert weights[:-1] == [(weight, setting.hold) for weight in WEIGHTS]
    assert weights[-1][0] == 100


@settings
def test_no_data_passes_at_argo_as_its_documentation_has_it(setting: Setting) -> None:
    for metric in argo.template("http://prometheus.example", "cluster", setting)["spec"]["metrics"]:
        assert metric["successCondition"].startswith("len(result) == 0 || isNaN(result[0]) || ")
        assert metric["interval"] == f"{setting.interval}s"


def test_a_backend_without_errors_has_a_share_of_0_and_not_none() -> None:
    assert "or vector(0)" in queries.bad_share("ns_app_80", "60s")


@pytest.mark.parametrize("first", ["", "    error: update failed\n"])
def test_slipways_word_is_the_reason_of_the_abort_wherever_the_engine_says_that_it_failed(first: str) -> None:
    why = "error: app v2 aborted at 10%: errors: 4 of 20 bad"
    assert slipway.reason(f"Diagnostics:\n{first}    {why}\n    error: update failed\n") == why
    assert slipway.reason("error: no such stack\n") == "error: no such stack"
    assert slipway.reason("Resources:\n") == ""
