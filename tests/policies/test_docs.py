"""The documentation of the gates says what the code does."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from policies.gates import RULES
from policies.harness import run
from slipway.release.gating.catalog import UNCONDITIONAL, WITHOUT_EXEMPTION
from slipway.release.gating.configuration import parse
from slipway.release.manifest.document import Document

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "gates.md").read_text()


@pytest.mark.parametrize("name", RULES)
def test_every_rule_stands_in_the_table_as_it_is(name: str) -> None:
    gate = RULES[name].gate
    mandatory = "always" if name in UNCONDITIONAL else "yes"
    exemptions = "no" if name in WITHOUT_EXEMPTION else "yes"
    cells = [f'<a id="{name}"></a>`{name}`', ", ".join(gate.rows), gate.severity, mandatory, exemptions, gate.title]
    assert f"| {' | '.join(cells)} |" in TEXT


def test_the_table_has_no_rule_that_is_none() -> None:
    assert re.findall(r'<a id="([^"]+)">', TEXT) == list(RULES)


def test_the_configurations_shown_are_valid(tmp_path: Path) -> None:
    shown = re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)
    assert len(shown) == 2
    (tmp_path / "trust.yaml").write_text("principals: []\n")
    for text in shown:
        parse(Document(data=json.loads(text)), tmp_path, "docs/gates.md")


def test_the_fixture_shown_passes(tmp_path: Path) -> None:
    (shown,) = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
    assert yaml.safe_load(shown)["rule"] == "probes"
    (tmp_path / "shown.yaml").write_text(shown)
    assert all(outcome.passed for outcome in run(tmp_path / "shown.yaml"))
