"""`slipway drill kill` as it is called, on a set of flags in memory."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from slipway.cli.main import cli
from slipway.release.evidence import receipts
from slipway.release.records.chain import lines_of, problems
from slipway.release.records.kinds import DrillRecord
from slipway.release.records.release_record import read_kind
from slipway.rollout.flags.writer import FlagWriter
from slipway.rollout.process.drilling import DRILL
from tests.flags import FLAGS
from tests.unit.slipway.cli.project import SERVICE, Project
from tests.unit.slipway.cli.test_flags import Cluster, cluster
from tests.vouched import key, vouch

__all__ = ["cluster"]


@pytest.fixture
def writer(cluster: Cluster) -> FlagWriter:
    return cluster.add("flags", FLAGS)


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """The folder of a release and of a key."""
    it = vouch(tmp_path)
    (tmp_path / "release.yaml").write_text(yaml.safe_dump(it.manifest, sort_keys=False))
    (tmp_path / "stage.key").write_bytes(key("stage")[0])
    (tmp_path / "stage.key").chmod(0o600)
    return tmp_path


def drilled(folder: Path, flag: str, *more: str) -> Result:
    where = ["--manifest", str(folder / "release.yaml"), "--out", str(folder / "kill.json")]
    signed = ["--key", str(folder / "stage.key"), "--namespace", "shop", "--json"]
    return CliRunner().invoke(cli, ["drill", "kill", flag, *where, *signed, *more])


def test_the_flag_is_on_again_and_the_receipt_says_how_long_it_took(writer: FlagWriter, release: Path) -> None:
    result = drilled(release, "pay")
    assert result.exit_code == 0, result.output
    said = json.loads(result.stdout)
    assert said["predicateType"] == receipts.DRILL
    predicate = said["predicate"]
    assert (predicate["procedure"], predicate["flag"], predicate["outcome"]) == ("kill", "pay", "completed")
    assert predicate["seconds"] < 5.0
    assert (release / "kill.json").is_file()
    assert [record.what for record in writer.load().records[-2:]] == ["kill", "resume"]


def test_a_flag_that_is_off_gives_no_receipt(writer: FlagWriter, release: Path) -> None:
    result = drilled(release, "new-cart")
    assert result.exit_code == 1
    assert "off for all users already" in result.stderr
    assert not (release / "kill.json").exists()
    assert writer.load().killed("new-cart") is None


def test_a_key_that_cannot_be_used_kills_nothing(writer: FlagWriter, release: Path) -> None:
    (release / "stage.key").write_text("no key")
    assert drilled(release, "pay").exit_code == 1
    assert [record.what for record in writer.load().records] == ["declare"]


def test_an_evaluator_that_keeps_the_flag_on_gives_a_receipt_of_a_failure(
    writer: FlagWriter, release: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("slipway.rollout.flags.drill.WITHIN", 0.0)
    monkeypatch.setattr("slipway.rollout.flags.drill.POLL", 0.0)
    result = drilled(release, "pay", "--ofrep", "http://127.0.0.1:9")
    assert result.exit_code == 1
    assert "the drill of pay failed: not seen off within" in result.stderr
    assert (release / "kill.json").is_file()
    assert writer.load().killed("pay") is None


def rehearsed(project: Project, release: Path, procedure: str, version: str, *more: str) -> Result:
    manifest = str(project.folder / "releases" / SERVICE / f"{version}.yaml")
    where = ["--manifest", manifest, "--out", str(release / "rehearsed.json"), "--key", str(release / "stage.key")]
    place = ["--stack", "prod", "--cwd", str(project.folder), "--json"]
    return CliRunner().invoke(cli, ["drill", procedure, *where, *place, *more])


@pytest.fixture
def shop(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Version 2 serves, version 1 is warm; what is asked of the engine is committed; records lie in a folder."""
    project.release("1")
    project.release("2", standby="1")
    project.engine.during = lambda: project.commit(project.entry()["manifest"].rpartition("/")[2].partition(".")[0])
    project.engine.history = lambda: project.history
    project.file.write_text(f"{project.file.read_text()}  releases:records: {{kind: folder, path: records}}\n")

    def engine(folder: Path, stack: str, environment: Mapping[str, str]) -> Any:
        project.engine.environment = dict(environment)
        return project.engine

    monkeypatch.setattr("slipway.cli.engine.Engine", engine)
    return project


def test_a_rehearsed_rollback_gives_a_signed_receipt_and_a_record(shop: Project, release: Path) -> None:
    before = shop.file.read_bytes()
    result = rehearsed(shop, release, "rollback", "2", "--yes")
    assert result.exit_code == 0, result.output
    predicate = json.loads(result.stdout)["predicate"]
    assert (predicate["procedure"], predicate["outcome"], predicate["stack"]) == ("rollback", "completed", "prod")
    assert "requests" not in predicate, "there is no probe in the stack's file"
    assert shop.file.read_bytes() == before
    assert shop.engine.environment == {DRILL: "rollback"}, "so that its rollouts are on record as a drill"
    texts = (shop.folder / "records" / f"{SERVICE}.jsonl").read_text().splitlines()
    assert problems(texts) == []
    ((_, record),) = read_kind(lines_of(texts), DrillRecord)
    assert (record.event.procedure, record.event.outcome, record.stack) == ("rollback", "completed", "releases/prod")


def test_a_rehearsal_that_fails_gives_a_receipt_too(shop: Project, release: Path) -> None:
    shop.engine.during = lambda: None
    result = rehearsed(shop, release, "rollback", "2", "--yes")
    assert result.exit_code == 1
    assert "the drill of rollback failed: " in result.stderr
    assert (release / "rehearsed.json").is_file()


def test_a_rehearsed_deploy_releases_the_manifest(shop: Project, release: Path) -> None:
    shop.manifest("3")
    result = rehearsed(shop, release, "deploy", "3", "--yes")
    assert result.exit_code == 0, result.output
    assert shop.entry() == {"manifest": "releases/checkout/3.yaml", "standby": "releases/checkout/2.yaml"}


def test_a_rehearsal_asks_first_and_needs_its_key(shop: Project, release: Path) -> None:
    assert rehearsed(shop, release, "rollback", "2").exit_code == 2
    (release / "stage.key").write_text("no key")
    assert rehearsed(shop, release, "rollback", "2", "--yes").exit_code == 1
    assert shop.engine.messages == []


def test_a_receipt_that_could_not_be_written_moves_nothing(shop: Project, release: Path) -> None:
    (release / "rehearsed.json").write_text("the receipt of an earlier drill")
    result = rehearsed(shop, release, "rollback", "2", "--yes")
    assert "evidence is never overwritten" in result.stderr
    assert shop.engine.messages == []
