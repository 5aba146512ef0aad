"""Crashes and the end of a sandbox, tried on one of its own beside the shared one, which stays up."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from sandbox import namespace, process, state, status, teardown, world
from sandbox.cgroups import Cgroups
from sandbox.paths import StatePaths
from sandbox.sample.binaries import binaries
from sandbox.sample.images import VERSIONS, publish
from tests.integration.sandbox.cluster import Cluster, await_true

pytestmark = pytest.mark.alone


@pytest.fixture
def own() -> Iterator[StatePaths]:
    """A second sandbox's place; whatever a test leaves there is ended."""
    with tempfile.TemporaryDirectory(prefix="slipway-") as folder:
        paths = StatePaths(Path(folder) / "sandbox")
        yield paths
        world.down(paths=paths)


def holder(paths: StatePaths) -> int:
    found = namespace.find(paths.identity)
    assert found is not None
    return found.holder


def pid(paths: StatePaths, part: str) -> int:
    return state.load(paths).parts[part].pid


def samples(paths: StatePaths) -> list[int]:
    """The processes of the sample's pods."""
    return [pid for pid in Cgroups(paths.identity).processes() if _command(pid) == "sample\n"]


def _command(pid: int) -> str:
    """Empty for one that has ended meanwhile."""
    try:
        return Path(f"/proc/{pid}/comm").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def cluster(paths: StatePaths) -> Cluster:
    return Cluster(os.environ | world.environment(paths), "default")


def run_sample(found: Cluster) -> None:
    versions: Mapping[str, str] = publish(
        found.variables["SLIPWAY_REGISTRY"], binaries().sample, {"v1": VERSIONS["v1"]}
    )
    found.serve("app", versions["v1"], replicas=2)
    await_true(lambda: found.ready_replicas("app") == 2, "not ready")


def test_down_leaves_no_process_mount_namespace_device_or_control_group(own: StatePaths) -> None:
    world.up(paths=own)
    run_sample(cluster(own))
    before = state.load(own)
    inside = namespace.find(own.identity)
    assert inside is not None
    inodes = {kind: inside.inode(kind) for kind in ("pid", "net", "mnt")}
    guest = subprocess.Popen(world.in_namespace(["sleep", "600"], own))
    await_true(lambda: guest.pid in process.members("net", inodes["net"]), "the guest is not inside")

    world.down(paths=own)

    assert guest.wait() == -signal.SIGTERM
    assert teardown.leftovers(own, before) == []
    assert [pid for kind, inode in inodes.items() for pid in process.members(kind, inode)] == []
    assert sorted(path.name for path in own.root.iterdir()) == ["lock", "logs"]
    assert not Path("/run/containerd").exists() or not list(Path("/run/containerd").glob("**/*slipway*"))


def test_dead_parts_are_started_again_and_the_others_kept(own: StatePaths) -> None:
    world.up(paths=own)
    kept = pid(own, "containerd")
    for part in ("kubelet", "envoy", "etcd"):
        os.kill(pid(own, part), signal.SIGKILL)
    await_true(lambda: not status.inspect(own).ready, "nobody noticed")
    assert "etcd is dead" in status.inspect(own).problems

    world.up(paths=own)

    assert status.inspect(own).ready
    assert pid(own, "containerd") == kept


def test_objects_survive_the_loss_of_every_process_and_pods_run_again(own: StatePaths) -> None:
    world.up(paths=own)
    run_sample(cluster(own))
    assert len(samples(own)) == 2
    first = holder(own)
    os.kill(first, signal.SIGKILL)
    assert process.wait_gone(first, 10)
    assert status.inspect(own).problems == ("the sandbox is not up",)

    world.up(paths=own)

    # The store still says what was true before, so the processes are asked.
    await_true(lambda: len(samples(own)) == 2, "the pods did not come back")
    await_true(lambda: cluster(own).ready_replicas("app") == 2, "not ready")


@pytest.mark.parametrize("mark", ["etcd", "kubelet"])
def test_a_start_that_was_killed_half_way_can_be_completed_or_ended(own: StatePaths, mark: str) -> None:
    script = "import sys; from pathlib import Path; from sandbox import world; from sandbox.paths import StatePaths; "
    script += "world.up(paths=StatePaths(Path(sys.argv[1])))"
    with subprocess.Popen([sys.executable, "-c", script, str(own.root)]) as starting:
        await_true(lambda: mark in state.load(own).parts, f"{mark} was never started")
        starting.kill()
    if mark == "etcd":
        world.down(paths=own)
        assert teardown.leftovers(own, state.load(own)) == []
    else:
        world.up(paths=own)
        assert status.inspect(own).ready


def test_a_lost_state_file_hides_nothing(own: StatePaths) -> None:
    world.up(paths=own)
    before = state.load(own)
    own.state_file.write_text("{")
    world.down(paths=own)
    assert teardown.leftovers(own, before) == []


def test_kept_data_is_there_after_the_next_start(own: StatePaths) -> None:
    world.up(paths=own)
    cluster(own).kubectl("create", "configmap", "kept", "--from-literal=a=b")
    world.down(paths=own, keep_data=True)
    assert teardown.leftovers(own, state.load(own)) == []
    world.up(paths=own)
    assert "kept" in cluster(own).kubectl("get", "configmaps", "-o", "name")
