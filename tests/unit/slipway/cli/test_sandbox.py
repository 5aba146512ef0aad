from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from slipway.cli.main import cli

KUBECONFIG = "KUBECONFIG"


@pytest.fixture(autouse=True)
def nothing_is_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLIPWAY_STATE", str(tmp_path / "state"))
    for name in (KUBECONFIG, "SLIPWAY_PROMETHEUS_URL", "SLIPWAY_GATEWAY_URL"):
        monkeypatch.delenv(name, raising=False)


def test_the_variables_of_a_sandbox_that_is_not_up_are_refused_with_the_remedy() -> None:
    refused = CliRunner().invoke(cli, ["sandbox", "env"])
    assert refused.exit_code == 1
    assert "it is not up" in refused.output
    assert "remedy: run slipway sandbox up" in refused.output


def test_the_status_of_a_sandbox_that_is_not_up_is_no_error_message_but_exit_code_1() -> None:
    shown = CliRunner().invoke(cli, ["sandbox", "status", "--json"])
    document = json.loads(shown.output)
    assert shown.exit_code == 1
    assert (document["ready"], document["problems"]) == (False, ["the sandbox is not up"])
    assert {part["state"] for part in document["parts"]} == {"absent"}


def test_ending_what_is_not_there_is_no_error() -> None:
    assert CliRunner().invoke(cli, ["sandbox", "down", "--quiet"]).exit_code == 0


def test_an_external_cluster_is_refused_with_everything_that_is_missing_at_once() -> None:
    refused = CliRunner().invoke(cli, ["sandbox", "up", "--external"])
    assert refused.exit_code == 1
    for missing in ("KUBECONFIG is not set", "--prometheus-url", "--gateway-url"):
        assert missing in refused.output


def test_an_external_kubeconfig_that_does_not_exist_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KUBECONFIG, "/nonexistent/config")
    refused = CliRunner().invoke(cli, ["sandbox", "up", "--external"])
    assert "KUBECONFIG names /nonexistent/config, which is no file" in refused.output


def test_addresses_of_an_own_cluster_need_the_option_that_uses_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.world.up", lambda _: pytest.fail("it was brought up"))
    refused = CliRunner().invoke(cli, ["sandbox", "up", "--gateway-url", "http://gateway.example"])
    assert refused.exit_code == 2
    assert "--gateway-url goes with --external only" in refused.output


def test_the_real_provider_is_refused_on_a_cluster_of_the_users_own() -> None:
    refused = CliRunner().invoke(cli, ["sandbox", "up", "--external", "--real-provider"])
    assert refused.exit_code == 2
    assert "--real-provider goes without --external" in refused.output
