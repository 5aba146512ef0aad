"""Releases on Lambda with the real engine: published versions as real containers, the alias by its weights."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from sandbox.sample.load import Load, LoadOptions
from sandbox.stage import manifests
from sandbox.stage.functions import ALIAS, ERRORS, LambdaStage, functions
from sandbox.stage.project import Result

SERVICE = f"cart{os.getpid()}-{secrets.token_hex(2)}"
RATE = 150.0
STEPS = {"kind": "canary", "steps": [{"weight": weight, "bake": "2s"} for weight in (10, 50, 100)]}
LONGEST = 480.0


@pytest.fixture
def stage(tmp_path: Path, variables: Mapping[str, str]) -> Iterator[LambdaStage]:
    """A stack with a function and a table of its own, of which `pulumi destroy` leaves nothing."""
    with functions(tmp_path / "releases", SERVICE, SERVICE, variables) as found:
        yield found
    known = found.aws.functions.list_functions()["Functions"]
    assert SERVICE not in [one["FunctionName"] for one in known]


def release(stage: LambdaStage, version: str, image: str) -> Result:
    workload = manifests.workload(replicas=1, env=dict(ERRORS))
    changes = {"route": {"hostnames": ["cart.example"]}, "workload": workload}
    values = manifests.manifest(SERVICE, version, image, STEPS, **changes)
    stage.configure(SERVICE, manifests.write(stage.folder, values))
    return stage.up()


@contextmanager
def load(stage: LambdaStage, host: str, out: Path) -> Iterator[Load]:
    """Users of the URL of the alias, until the end of the block."""
    options = LoadOptions(duration=LONGEST, netns=Path(stage.environment["SLIPWAY_NETNS"]))
    with Load(stage.url, host, RATE, out, options) as found:
        found.await_counts(lambda counts: counts.count() > RATE, 30.0, "no requests")
        yield found


def alias(stage: LambdaStage) -> str:
    """The version that all users get."""
    found = stage.aws.functions.get_alias(FunctionName=stage.function, Name=ALIAS)
    assert not (found.get("RoutingConfig") or {}).get("AdditionalVersionWeights")
    return str(found["FunctionVersion"])


def test_a_canary_on_lambda_completes_is_put_back_or_rolled_back(
    stage: LambdaStage, images: Mapping[str, str], tmp_path: Path
) -> None:
    first = release(stage, "1.0.0", images["v1"])
    assert first.code == 0, first.output
    assert alias(stage) == "1"
    for command in ("preview", "refresh"):
        more = () if command == "preview" else ("--yes", "--skip-preview")
        unchanged = stage.run(command, "--expect-no-changes", *more)
        assert unchanged.code == 0, unchanged.output

    host = stage.open_url()
    with load(stage, host, tmp_path / "good.jsonl") as running:
        second = release(stage, "2.0.0", images["v2"])
        assert second.code == 0, second.output
        good = running.stop()
    second_manifest = stage.services()[SERVICE]["manifest"]
    assert good.failed() == 0
    assert good.count("v2") > RATE
    assert alias(stage) == "2"

    with load(stage, host, tmp_path / "bad.jsonl") as running:
        third = release(stage, "3.0.0", images["errors-100"])
        assert third.code != 0
        assert "aborted at 10%" in third.output, third.output
        assert alias(stage) == "2", "the old one serves"
        stage.configure(SERVICE, second_manifest)
        back = stage.slipway("rollback", SERVICE, "--stack", stage.stack, "--yes")
        assert back.code == 0, back.output
        end = running.stop()
    assert 0 < end.failed() < 0.1 * end.count()
    assert end.by_version["v1"].keys() == {"200"}
    assert alias(stage) == "1"


def test_a_fault_that_cloudwatch_tells_of_is_put_back(
    stage: LambdaStage, images: Mapping[str, str], tmp_path: Path
) -> None:
    first = release(stage, "1.0.0", images["v1"])
    assert first.code == 0, first.output
    stage.metrics = {"kind": "cloudwatch", "lateness": "10s"}
    with load(stage, stage.open_url(), tmp_path / "bad.jsonl") as running:
        bad = release(stage, "2.0.0", images["errors-5"])
        end = running.stop()
    assert bad.code != 0
    assert "aborted at 10%" in bad.output, bad.output
    assert 0 < end.failed() < 0.1 * end.count()
    assert end.by_version["v1"].keys() == {"200"}
    assert alias(stage) == "1"


def test_a_second_stage_is_refused_the_function_of_the_first_and_has_one_of_another_name(
    stage: LambdaStage, images: Mapping[str, str], variables: Mapping[str, str], tmp_path: Path
) -> None:
    first = release(stage, "1.0.0", images["v1"])
    assert first.code == 0, first.output
    with functions(tmp_path / "staging", f"{SERVICE}-b", SERVICE, variables) as other:
        values = manifests.manifest(SERVICE, "1.0.0", images["v1"], STEPS, route={"hostnames": ["cart.example"]})
        manifest = manifests.write(other.folder, values)
        other.configure(SERVICE, manifest)
        refused = other.preview()
        assert "1 errored" in refused.output, refused.output
        assert f"the function {SERVICE} is declared by the stack " in refused.output, refused.output
        assert stage.stack in refused.output
        other.function = f"{SERVICE}-b"
        other.configure(SERVICE, manifest)
        released = other.up()
        assert released.code == 0, released.output
        assert (alias(stage), alias(other)) == ("1", "1")
