from __future__ import annotations

from pathlib import Path

import pytest

from sandbox import environment, state
from sandbox.errors import SandboxError
from sandbox.paths import StatePaths
from sandbox.state import ExternalRecord, NetworkRecord, ProcessRecord, State

NETWORK = NetworkRecord(device="slw", host="10.213.1.1", node="10.213.1.2", pods="10.214.1.0/24")


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLIPWAY_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def up(paths: StatePaths) -> StatePaths:
    state.save(paths, State(identity=paths.identity, network=NETWORK))
    paths.kubeconfig.touch()
    return paths


def test_everything_is_reached_at_the_node(up: StatePaths) -> None:
    found = environment.environment(up, {"PATH": "/bin"})
    assert found["SLIPWAY_GATEWAY_URL"] == "http://10.213.1.2:8080"
    assert found["SLIPWAY_GATEWAY_LOOPBACK_URL"] == "http://127.0.0.1:8080"
    assert found["SLIPWAY_PROMETHEUS_URL"] == "http://10.213.1.2:9090"
    assert found["SLIPWAY_REGISTRY"] == "10.213.1.2:5000"
    assert found["SLIPWAY_ACCESS_LOG"] == str(up.access_log)
    assert found["KUBECONFIG"] == str(up.kubeconfig)


def test_a_server_of_logs_is_named_where_there_is_one(up: StatePaths) -> None:
    assert "SLIPWAY_LOGS_URL" not in environment.environment(up, {})
    current = state.load(up)
    current.parts["victoria-logs"] = ProcessRecord(pid=1, started=1, fingerprint="f", version="v1", listens="x")
    state.save(up, current)
    assert environment.environment(up, {})["SLIPWAY_LOGS_URL"] == "http://10.213.1.2:9428"


def test_the_local_aws_is_named_where_there_is_one(up: StatePaths) -> None:
    assert not [name for name in environment.environment(up, {}) if name.startswith("AWS_")]
    current = state.load(up)
    current.parts["aws-rest"] = ProcessRecord(pid=1, started=1, fingerprint="f", version="1", listens="x")
    state.save(up, current)
    found = environment.environment(up, {})
    assert found["AWS_ENDPOINT_URL"] == "http://10.213.1.2:4566"
    assert found["AWS_ENDPOINT_URL_ECS"] == "http://10.213.1.2:4568"
    assert found["AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING_V2"] == "http://10.213.1.2:4567"


def test_our_programs_come_before_the_callers(up: StatePaths) -> None:
    path = environment.environment(up, {"PATH": "/opt/own:/bin"})["PATH"].split(":")
    assert path[1:] == [str(up.root / "bin"), "/opt/own", "/bin"]


def test_extending_an_extended_path_changes_nothing(up: StatePaths) -> None:
    once = environment.environment(up, {"PATH": "/bin"})
    assert environment.environment(up, once) == once


def test_pulumi_touches_nothing_of_the_users(up: StatePaths) -> None:
    found = environment.environment(up, {})
    assert found["PULUMI_HOME"].startswith(str(up.root))
    assert found["PULUMI_BACKEND_URL"].startswith(f"file://{up.root}")


def test_a_sandbox_that_is_not_up_says_how_to_bring_it_up(paths: StatePaths) -> None:
    with pytest.raises(SandboxError, match="it is not up; run slipway sandbox up"):
        environment.environment(paths, {})


def test_a_cluster_of_the_users_is_passed_on(paths: StatePaths) -> None:
    own = ExternalRecord(kubeconfig="/etc/cluster/config", prometheus_url="http://p", gateway_url="http://g")
    state.save(paths, State(identity=paths.identity, external=own))
    found = environment.environment(paths, {"PATH": "/bin"})
    assert (found["KUBECONFIG"], found["SLIPWAY_PROMETHEUS_URL"]) == ("/etc/cluster/config", "http://p")
    assert "SLIPWAY_NETNS" not in found


def test_exports_survive_a_shell() -> None:
    assert environment.exports({"B": "a b", "A": "it's"}) == "export A='it'\"'\"'s'\nexport B='a b'"


def test_another_gateway_has_another_port_and_profile_and_no_access_log(up: StatePaths) -> None:
    current = state.load(up)
    current.gateway = "envoy-gateway"
    state.save(up, current)
    found = environment.environment(up, {})
    assert found["SLIPWAY_GATEWAY_URL"] == "http://10.213.1.2:10080"
    assert found["SLIPWAY_METRICS_PROFILE"] == "envoy-gateway"
    assert "SLIPWAY_ACCESS_LOG" not in found
