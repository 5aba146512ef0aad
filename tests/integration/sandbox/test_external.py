"""A cluster of the user's own in place of the local one; the shared sandbox plays the user's cluster."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from sandbox import external, status, world
from sandbox.errors import SandboxError
from sandbox.paths import StatePaths


@pytest.fixture
def own(tmp_path: Path, variables: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> StatePaths:
    monkeypatch.setenv("KUBECONFIG", variables["KUBECONFIG"])
    return StatePaths(tmp_path / "state")


def test_a_complete_cluster_is_adopted_and_nothing_is_started(own: StatePaths, variables: Mapping[str, str]) -> None:
    external.adopt(own, variables["SLIPWAY_PROMETHEUS_URL"], variables["SLIPWAY_GATEWAY_URL"] + "/")
    found = world.environment(own)
    names = ("KUBECONFIG", "SLIPWAY_PROMETHEUS_URL", "SLIPWAY_GATEWAY_URL")
    assert {name: found[name] for name in names} == {name: variables[name] for name in names}
    assert (status.inspect(own).kind, status.inspect(own).ready) == ("external", True)
    world.down(paths=own)
    with pytest.raises(SandboxError, match="it is not up"):
        world.environment(own)


def test_a_prometheus_that_does_not_answer_is_named(own: StatePaths, variables: Mapping[str, str]) -> None:
    with pytest.raises(SandboxError) as caught:
        external.adopt(own, "http://127.0.0.1:1", variables["SLIPWAY_GATEWAY_URL"])
    assert caught.value.tail == ("Prometheus: http://127.0.0.1:1 does not answer at /-/ready",)
    assert not own.state_file.exists()


def test_a_cluster_that_does_not_answer_is_named(
    own: StatePaths, variables: Mapping[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = yaml.safe_load(Path(variables["KUBECONFIG"]).read_text())
    document["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1"
    (tmp_path / "config").write_text(yaml.safe_dump(document))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
    with pytest.raises(SandboxError) as caught:
        external.adopt(own, variables["SLIPWAY_PROMETHEUS_URL"], variables["SLIPWAY_GATEWAY_URL"])
    assert len(caught.value.tail) == 1
    assert caught.value.tail[0].startswith("an API server that answers: ")
