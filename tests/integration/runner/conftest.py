"""One service on the real cluster whose rollouts run in Jobs, each account with its own rights and no other."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox import slipway_image, world
from sandbox.chaos.processes import VARIABLE, Checkout
from sandbox.sample.binaries import binaries
from sandbox.sample.images import VERSIONS, late_errors, publish
from sandbox.sample.load import Load, LoadOptions
from sandbox.stage.project import Stage
from slipway.release.rollout_rights import FOLLOWER_RULES, RULES
from tests.integration.releases.service import Service
from tests.integration.runner.releases import Releases

LATE = 40.0
"""Seconds from the first request until the version `late` begins to fail."""
FOLLOWER, RUNNER = "slipway-rollout", "slipway-runner"

_numbers = itertools.count()


@pytest.fixture(scope="module")
def variables() -> dict[str, str]:
    """The sandbox's environment; it is brought up unless it is."""
    world.up()
    return world.environment()


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory, variables: dict[str, str]) -> Iterator[Releases]:
    """A stage of its own with its first release made; everything goes after the module."""
    folder = tmp_path_factory.mktemp("runner")
    # Of its own in each module: the namespace of the one before may still be going.
    name = f"r{os.getpid()}-{next(_numbers)}"
    registry = variables["SLIPWAY_REGISTRY"]
    versions = {name: VERSIONS[name] for name in ("v1", "v2", "v3", "v4")} | {"late": late_errors(LATE, 0.2)}
    images = publish(registry, binaries().sample, versions)
    (folder / "backend").mkdir()
    own = {**variables, "PULUMI_BACKEND_URL": f"file://{folder / 'backend'}"}
    stage = Stage(folder / "project", "test", f"slipway-{name}", own)
    stage.environment.pop("SLIPWAY_ACCESS_LOG", None)
    stage.run_setting = {"in": "cluster", "image": slipway_image.publish(registry), "startWithin": 20}
    admin = folder / "admin"
    shutil.copy(variables["KUBECONFIG"], admin)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLIPWAY_KUBECONFIG", str(admin))  # the test itself looks with all rights
        stage.create()
        try:
            _grant(stage, FOLLOWER, FOLLOWER_RULES)
            _grant(stage, RUNNER, RULES)
            # The kubeconfig of the follower marks the processes of this stage's `pulumi up` as well.
            stage.environment[VARIABLE] = str(_kubeconfig_of(stage, FOLLOWER, admin, folder / "follower"))
            made = Releases(Service(stage, images, f"{name}.example"))
            made.released("v1")
            yield made
        finally:
            Checkout(Path(stage.environment[VARIABLE])).end()
            stage.abandon()


@pytest.fixture
def load(tmp_path: Path, variables: Mapping[str, str], releases: Releases) -> Iterator[Load]:
    """Users of the service, from before the test's release until after it."""
    options = LoadOptions(duration=200.0, netns=Path(variables["SLIPWAY_NETNS"]))
    url, host = variables["SLIPWAY_GATEWAY_LOOPBACK_URL"], releases.service.host
    with Load(url, host, 200.0, tmp_path / "load.jsonl", options) as traffic:
        yield traffic


def _grant(stage: Stage, account: str, rules: tuple[Any, ...]) -> None:
    meta = {"name": account, "namespace": stage.namespace}
    allowed = [{"apiGroups": [one.group], "resources": list(one.resources), "verbs": list(one.verbs)} for one in rules]
    group = "rbac.authorization.k8s.io"
    documents: list[dict[str, Any]] = [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta},
        {"apiVersion": f"{group}/v1", "kind": "Role", "metadata": meta, "rules": allowed},
        {
            "apiVersion": f"{group}/v1",
            "kind": "RoleBinding",
            "metadata": meta,
            "roleRef": {"apiGroup": group, "kind": "Role", "name": account},
            "subjects": [{"kind": "ServiceAccount", **meta}],
        },
    ]
    _kubectl(stage, "apply", "-f", "-", given=yaml.safe_dump_all(documents))


def _kubeconfig_of(stage: Stage, account: str, admin: Path, path: Path) -> Path:
    token = _kubectl(stage, "create", "token", account, "--namespace", stage.namespace, "--duration", "1h").strip()
    content = yaml.safe_load(admin.read_text())
    for user in content["users"]:
        user["user"] = {"token": token}
    path.write_text(yaml.safe_dump(content))
    return path


def _kubectl(stage: Stage, *arguments: str, given: str | None = None) -> str:
    done = subprocess.run(
        ["kubectl", *arguments], env=stage.environment, input=given, capture_output=True, text=True, check=True
    )
    return done.stdout
