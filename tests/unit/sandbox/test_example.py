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
from slipway.cli.example_signing import RELEASES, STAGING, sign_example
from slipway.release.gating.configuration import load_below
from slipway.release.gating.judge import judge, urn_of
from slipway.release.manifest.load import load
from slipway.release.readiness.gate_input import ObservedArtifact
from slipway.release.release_inputs import Observed

NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
REGISTRY = "10.213.7.2:5000"
ENVIRONMENT = {
    "SLIPWAY_REGISTRY": REGISTRY,
    "SLIPWAY_PROMETHEUS_URL": "http://10.213.7.2:9090",
    "SLIPWAY_GATEWAY_URL": "http://10.213.7.2:8080",
}


@pytest.fixture
def images() -> dict[str, str]:
    """Every image that the committed manifests name, and one in the registry for each."""
    named = sorted({load(path).artifact.image for path in (PROJECT / RELEASES).glob("*.yaml")})
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


def test_nothing_of_it_points_anywhere_but_at_the_sandbox(tmp_path: Path, images: dict[str, str]) -> None:
    write_files(tmp_path, images, ENVIRONMENT)
    for stack in ("staging", "prod"):
        config = yaml.safe_load((tmp_path / f"Pulumi.{stack}.yaml").read_text())["config"]
        assert config["releases:metrics"]["url"] == ENVIRONMENT["SLIPWAY_PROMETHEUS_URL"]
    for path in (tmp_path / RELEASES).glob("*.yaml"):
        assert load(path).artifact.registry == REGISTRY
    texts = [path.read_text() for path in tmp_path.rglob("*") if path.is_file() and path.suffix in {".yaml", ".json"}]
    assert not any("registry.example" in text or "gateway.staging.example" in text for text in texts)


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
