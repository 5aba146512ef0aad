"""`slipway drill kill` as it is called, on a set of flags in memory."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from slipway.cli.main import cli
from slipway.release.evidence import receipts
from slipway.rollout.flags.writer import FlagWriter
from tests.flags import FLAGS
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
