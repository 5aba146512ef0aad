"""The commands of docs/slo.md, run as they stand there with the real promtool and amtool."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import yaml

from slipway.release.gating.configuration import load_below
from slipway.release.manifest.guardrails import AlertFiring
from slipway.release.slo.delivery import SloSetting
from slipway.release.slo.model import LeastBad
from slipway.release.slo.reading import read_alerting
from slipway.release.slo.rules import BURNS, PAGE
from tests.shell import run_script
from tests.unit.slipway.release.slo.examples import ROOT

TEXT = (ROOT / "docs" / "slo.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


def test_the_commands_do_what_the_page_says(packages: Path, alerting: Path, tmp_path: Path) -> None:
    folders = [Path(sys.executable).parent, packages / "usr" / "bin", alerting / "usr" / "bin"]
    path = ":".join([*map(str, folders), os.environ["PATH"]])
    done = run_script("\n".join(blocks("sh")), tmp_path, {**os.environ, "PATH": path})
    assert done.returncode == 0, done.stdout
    for text in blocks("text"):
        assert text in done.stdout
    assert "refused" in done.stdout
    assert "SUCCESS" in done.stdout
    assert done.stdout.splitlines()[-1] == "team-cart-page"


def test_the_setting_of_the_page_is_one() -> None:
    (setting,) = [one["releases:slos"] for one in map(yaml.safe_load, blocks("yaml")) if "releases:slos" in one]
    assert SloSetting.model_validate(setting).target.kind == "prometheus-rule"


def test_the_objectives_in_cloudwatch_of_the_page_are_read(tmp_path: Path) -> None:
    (content,) = [text for text in blocks("yaml") if "slos" in yaml.safe_load(text)]
    (tmp_path / "slos.yaml").write_text(content)
    read = read_alerting(tmp_path, ["slos.yaml"])
    assert [slo.events.kind for slo in read.slos] == ["cloudwatch"]
    assert [alarm.when.kind for alarm in read.alarms] == ["cloudwatch"]


def test_the_gates_setting_and_the_guardrail_of_the_page_are_read(tmp_path: Path) -> None:
    (setting,) = re.findall(r'`(\{"error-budget".*\})`', TEXT)
    (tmp_path / "prod.json").write_text(setting)
    budget = load_below(tmp_path, "prod.json").budget
    assert budget.query == 'min(slo:budget_remaining:ratio{service="{service}"})'
    (guardrail,) = re.findall(r"`(\{name: burn.*\})`", TEXT)
    alert = AlertFiring.model_validate(yaml.safe_load(guardrail))
    assert (alert.alert, alert.labels) == (PAGE, {"slo": "cart-availability"})


def test_the_numbers_of_the_page_are_those_of_the_code() -> None:
    for burn in BURNS:
        assert f"{burn.factor:g} times" in TEXT or burn.factor == 1
        assert f"over {burn.long[:-1]} {burn.long[-1]} and" in TEXT
    shown = ", ".join(f"{window}: {count}" for window, count in LeastBad().model_dump(by_alias=True).items())
    assert f"{{{shown}}}" in TEXT
