"""`slipway slo` as it is called."""

from __future__ import annotations

import json
from pathlib import Path

import yaml
from click.testing import CliRunner

from slipway.cli.main import cli
from tests.unit.slipway.release.slo.examples import EXAMPLE, ROOT


def run(*arguments: str) -> str:
    done = CliRunner().invoke(cli, ["slo", *arguments])
    assert done.exit_code == 0, done.output
    return done.output


def test_check_says_what_is_promised_and_who_is_told() -> None:
    said = run("check", "--cwd", str(ROOT), EXAMPLE)
    assert "checkout-availability: 99.9% of checkout's events in 30d" in said
    assert "ticket to team-checkout: CheckoutQueueStuck" in said
    found = json.loads(run("check", "--json", "--cwd", str(ROOT), EXAMPLE))
    assert found["budgets"]["checkout-latency"] == 'slo:budget_remaining:ratio{slo="checkout-latency"}'
    assert {"alarm": "CheckoutQueueStuck", "owner": "team-checkout", "severity": "ticket"} in found["alarms"]


def test_check_lists_everything_that_is_wrong(tmp_path: Path) -> None:
    text = (ROOT / EXAMPLE).read_text().replace("objective: 99.9%", "objective: 100%")
    (tmp_path / "alerting.yaml").write_text(text.replace("max(checkout", "rate(checkout"))
    done = CliRunner().invoke(cli, ["slo", "check", "--cwd", str(tmp_path), "alerting.yaml"])
    assert done.exit_code == 1
    assert "alerting.yaml: slos[0].objective (line 6)" in done.output
    assert "alerting.yaml: alarms[0].when.expression (line 29)" in done.output


def test_render_writes_both_files(tmp_path: Path) -> None:
    rules, routes = tmp_path / "rules.yaml", tmp_path / "alertmanager.yml"
    run("render", "--cwd", str(ROOT), EXAMPLE, "--rules", str(rules), "--alertmanager", str(routes))
    assert len(yaml.safe_load(rules.read_text())["groups"]) == 3
    assert yaml.safe_load(routes.read_text())["route"]["receiver"] == "team-platform-page"
    assert yaml.safe_load(run("render", "--cwd", str(ROOT), EXAMPLE)) == yaml.safe_load(rules.read_text())
