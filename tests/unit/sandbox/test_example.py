"""The example on the sandbox differs from the committed one in addresses and digests, and passes the same gates."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from sandbox.errors import SandboxError
from sandbox.example import write_example, write_files
from sandbox.paths import PROJECT
from sandbox.progress import SilentReporter
from sandbox.stage.ecs import Ground
from slipway.cli.example_signing import ON_ECS, RELEASES, STAGING, sign_example
from slipway.release.gating.configuration import load_below
from slipway.release.gating.judge import judge, urn_of
from slipway.release.manifest.load import load
from slipway.release.readiness.gate_input import ObservedArtifact
from slipway.release.release_inputs import Observed
from slipway.release.target import EcsTarget

NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
REGISTRY = "10.213.7.2:5000"
ENVIRONMENT = {
    "SLIPWAY_REGISTRY": REGISTRY,
    "SLIPWAY_PROMETHEUS_URL": "http://10.213.7.2:9090",
    "SLIPWAY_GATEWAY_URL": "http://10.213.7.2:8080",
}

GROUND = Ground(
    name="example-1",
    region="eu-central-1",
    vpc="vpc-1",
    subnets=("subnet-1", "subnet-2"),
    security_group="sg-1",
    listener="arn:aws:elasticloadbalancing:eu-central-1:000000000000:listener/app/example-1/0123456789abcdef/fedcba98",
    host="10.213.7.2",
    port=20080,
)


@pytest.fixture
def images() -> dict[str, str]:
    """Every image that the committed manifests name, and one in the registry for each."""
    paths = [path for releases in (RELEASES, ON_ECS) for path in (PROJECT / releases).glob("*.yaml")]
    named = sorted({load(path).artifact.image for path in paths})
    return {
        image: f"{REGISTRY}/payments/checkout@sha256:{str(number) * 64}" for number, image in enumerate(named, start=1)
    }


def test_its_gates_pass_and_ask_the_registry(tmp_path: Path, images: dict[str, str]) -> None:
    write_files(tmp_path, images, ENVIRONMENT)
    sign_example(tmp_path, NOW)
    manifest = f"{RELEASES}/2026.11.23-1.staging.yaml"
    image = load(tmp_path / manifest).artifact.image
    assert image in images.values()
    configuration = load_below(tmp_path, "policies/config/staging.json")
    assert configuration.plain_http == (REGISTRY,)

    def codes(observed: Observed) -> set[str]:
        urn = urn_of("staging", "releases", "checkout")
        judgement = judge(tmp_path, "staging", urn, manifest, configuration, observed, NOW)
        return {f"{entry.finding.gate}/{entry.finding.code}" for entry in judgement.judged}

    answer = ObservedArtifact(image=image, exists=True, digest=image.partition("@")[2])
    assert codes(Observed(artifact=answer)) == set()
    assert codes(Observed()) == {"artifact-integrity/unknown"}


def test_the_example_on_ecs_is_on_the_ground_that_it_is_given_and_its_gates_pass(
    tmp_path: Path, images: dict[str, str]
) -> None:
    write_files(tmp_path, images, ENVIRONMENT, GROUND)
    sign_example(tmp_path, NOW)
    config = yaml.safe_load((tmp_path / "Pulumi.ecs.yaml").read_text())["config"]
    target = EcsTarget.model_validate(config["releases:target"])
    assert (target.cluster, target.listener, target.rules) == (GROUND.name, GROUND.listener, {"cart": 110})
    assert config["releases:ecs"]["vpc"] == GROUND.vpc
    (manifest,) = (path.relative_to(tmp_path).as_posix() for path in (tmp_path / ON_ECS).glob("*.yaml"))
    image = load(tmp_path / manifest).artifact.image
    assert image in images.values()
    answer = ObservedArtifact(image=image, exists=True, digest=image.partition("@")[2])
    configuration = load_below(tmp_path, "policies/config/ecs.json")
    urn = urn_of("ecs", "releases", "cart")
    found = judge(tmp_path, "ecs", urn, manifest, configuration, Observed(artifact=answer), NOW)
    assert list(found.judged) == []


def test_without_a_local_aws_nothing_of_it_is_on_ecs(tmp_path: Path, images: dict[str, str]) -> None:
    write_files(tmp_path, images, ENVIRONMENT)
    assert not (tmp_path / ON_ECS).exists()
    assert not (tmp_path / "Pulumi.ecs.yaml").exists()


def test_nothing_of_it_points_anywhere_but_at_the_sandbox(tmp_path: Path, images: dict[str, str]) -> None:
    write_files(tmp_path, images, ENVIRONMENT, GROUND)
    for stack in ("staging", "prod"):
        config = yaml.safe_load((tmp_path / f"Pulumi.{stack}.yaml").read_text())["config"]
        assert config["releases:metrics"]["url"] == ENVIRONMENT["SLIPWAY_PROMETHEUS_URL"]
    for path in (tmp_path / RELEASES).glob("*.yaml"):
        assert load(path).artifact.registry == REGISTRY
    texts = [path.read_text() for path in tmp_path.rglob("*") if path.is_file() and path.suffix in {".yaml", ".json"}]
    elsewhere = ("registry.example", "gateway.staging.example", "listener/app/shop", "vpc-0a1b2c3d")
    assert not any(name in text for text in texts for name in elsewhere)


def test_staging_and_production_stay_the_same_but_for_the_host_name(tmp_path: Path, images: dict[str, str]) -> None:
    write_files(tmp_path, images, ENVIRONMENT)
    paths = list((tmp_path / RELEASES).glob(f"*{STAGING}"))
    assert paths
    for path in paths:
        staging, prod = load(path), load(path.with_name(path.name.replace(STAGING, ".yaml")))
        assert staging.artifact == prod.artifact
        assert staging.workload == prod.workload
        assert staging.route.hostnames != prod.route.hostnames


def test_a_folder_in_use_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("")
    with pytest.raises(SandboxError, match="is there already"):
        write_example(tmp_path, ENVIRONMENT, SilentReporter())
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
