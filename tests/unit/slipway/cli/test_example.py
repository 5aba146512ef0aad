"""The example that is committed, signed by its command, passes the gates of both its stacks."""

from __future__ import annotations

import shutil
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from slipway.cli.example_signing import KEYS, ON_ECS, RELEASES
from slipway.cli.main import cli
from slipway.release.gating.configuration import load_below
from slipway.release.gating.judge import judge, urn_of
from slipway.release.manifest.load import load
from slipway.release.readiness.parity import differences
from slipway.release.release_inputs import Observed
from slipway.release.revision import revision_of

ROOT = Path(__file__).parents[4]
NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
VERSION = "2026.11.23-1"
IN_STAGING, IN_PROD = f"{RELEASES}/{VERSION}.staging.yaml", f"{RELEASES}/{VERSION}.yaml"
RECEIPT = f"{RELEASES}/evidence/{VERSION}/signed/receipts/staging.json"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """What the repository holds of the example, and nothing that its command made in this checkout."""
    made = shutil.ignore_patterns("signed", "example-keys", "trust.example.yaml")
    shutil.copytree(ROOT / "releases", tmp_path / "releases", ignore=made)
    shutil.copytree(ROOT / "policies" / "config", tmp_path / "policies" / "config", ignore=made)
    for name in ("Pulumi.yaml", "Pulumi.staging.yaml", "Pulumi.prod.yaml", "Pulumi.ecs.yaml"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


def sign(project: Path, at: datetime = NOW) -> None:
    result = run("example", "-C", str(project), "--at", at.isoformat())
    assert result.exit_code == 0, result.output


def receipt(project: Path, at: datetime = NOW) -> None:
    """What README does after `pulumi up --stack staging`."""
    key = str(project / KEYS / "release-manager.key")
    named = ("--manifest", str(project / IN_STAGING), "--out", str(project / RECEIPT), "--key", key)
    result = run("attest", "staging", *named, "--outcome", "completed", "--at", at.isoformat())
    assert result.exit_code == 0, result.output


def said(project: Path, stack: str, manifest: str, now: datetime = NOW) -> set[str]:
    configuration = load_below(project, f"policies/config/{stack}.json")
    urn = urn_of(stack, "releases", "checkout")
    judgement = judge(project, stack, urn, manifest, configuration, Observed(), now)
    return {f"{entry.finding.gate}/{entry.finding.code}" for entry in judgement.judged}


def test_staging_takes_it_and_production_asks_for_the_receipt_of_staging_alone(project: Path) -> None:
    sign(project)
    assert said(project, "staging", IN_STAGING) == set()
    assert said(project, "prod", IN_PROD) == {"staging/missing"}
    receipt(project)
    assert said(project, "prod", IN_PROD) == set()


def test_the_command_line_says_so_too(project: Path) -> None:
    now = datetime.now(UTC)
    sign(project, now)
    receipt(project, now)
    for stack in ("staging", "prod"):
        result = run("gates", "-C", str(project), "--stack", stack)
        assert result.exit_code == 0, result.output
        assert result.stdout.startswith(f"passed   checkout {VERSION} for {stack}")


def test_its_evidence_ages_and_is_signed_anew_by_the_same_keys(project: Path) -> None:
    sign(project, NOW - timedelta(days=8))
    receipt(project, NOW - timedelta(days=8))
    keys = {path.name: path.read_bytes() for path in (project / KEYS).iterdir()}
    assert said(project, "prod", IN_PROD) == {"evidence/stale", "qa/stale"}
    sign(project)
    assert said(project, "prod", IN_PROD) == set()
    assert {path.name: path.read_bytes() for path in (project / KEYS).iterdir()} == keys


def test_the_example_on_ecs_passes_the_gates_of_its_stack(project: Path) -> None:
    sign(project, datetime.now(UTC))
    result = run("gates", "-C", str(project), "--stack", "ecs")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("passed   cart 1.4.0 for ecs")


def test_the_standby_is_a_complete_release_too(project: Path) -> None:
    sign(project)
    earlier = f"{RELEASES}/2026.11.20-2.yaml"
    assert said(project, "prod", earlier) == {"staging/missing", "parity/artifact", "parity/undeclared"}


def test_staging_runs_the_same_revision_under_a_host_name_of_its_own(project: Path) -> None:
    staging, prod = load(project / IN_STAGING), load(project / IN_PROD)
    assert set(differences(staging, prod)) == {"route.hostnames[0]"}
    assert revision_of(staging) == revision_of(prod)
    assert staging.evidence == prod.evidence


def test_no_private_key_can_be_read_by_others_or_be_committed(project: Path) -> None:
    sign(project)
    private = list((project / KEYS).glob("*.key"))
    assert len(private) == 5
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in private)
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    signed = {f"{folder}/evidence/*/signed/" for folder in (RELEASES, ON_ECS)}
    assert {f"{KEYS}/", "policies/config/trust.example.yaml", *signed} <= set(ignored)


def test_a_project_that_is_not_the_example_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: releases\n")
    result = run("example", "-C", str(tmp_path))
    assert result.exit_code == 1
    assert "this is not the example" in result.output
    assert "slipway init" in result.output
    assert [path.name for path in tmp_path.iterdir()] == ["Pulumi.yaml"]


def test_a_report_that_cannot_be_read_is_not_signed(project: Path) -> None:
    (project / RELEASES / "evidence" / VERSION / "junit.xml").write_text("")
    result = run("example", "-C", str(project), "--json")
    assert result.exit_code == 1
    assert "junit.xml" in result.output
