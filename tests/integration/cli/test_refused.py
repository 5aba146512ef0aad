"""Five services in one stack, two of them bad: each is its own, in an update, a preview and a rollback."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sandbox.sample.load import Load, LoadOptions
from sandbox.stage import manifests
from sandbox.stage.project import Result
from slipway.release.manifest.load import load
from slipway.release.revision import revision_of
from slipway.release.strategy import resolve
from slipway.release.target import KubernetesTarget
from slipway.rollout.assemble import connect_adapters
from tests.integration.cli.conftest import FAST, Slipway
from tests.integration.releases.service import Service, failures, until

GOOD, BAD = ("mail", "pay", "stock"), ("cart", "user")
WAITING = manifests.workload(replicas=1, readyWithin="10s")


class Shop:
    """The five services on the stage of one test."""

    def __init__(self, service: Service, netns: Path, url: str, folder: Path) -> None:
        self.service, self.stage = service, service.stage
        self._netns, self._url, self._folder = netns, url, folder
        self._revisions: dict[str, str] = {}

    def declare(self, version: str, *names: str, **changes: object) -> None:
        for name in names:
            route = manifests.route(f"{name}-{self.service.host}")
            analysis = {"tick": "1s", "dwell": "1s", "horizon": "60s", "errorGrace": "20s"}
            more = {"route": route, "workload": WAITING, "analysis": analysis, **changes}
            values = manifests.manifest(name, version, self.service.images[version], FAST, **more)
            path = manifests.write(self.stage.folder, values)
            self.stage.configure(name, path)
            self._revisions[f"{name}-{revision_of(resolve(load(self.stage.folder / path)))}"] = version

    def serving(self) -> dict[str, str]:
        """The version that has all the traffic of each service by its route."""
        found = {}
        for name in (*GOOD, *BAD):
            live = connect_adapters(name, KubernetesTarget(namespace=self.stage.namespace)).router.read()
            assert live is not None
            (backend,) = [one for one, share in live.shares.items() if share > 0]
            found[name] = self._revisions[backend]
        return found

    def workloads(self, name: str) -> set[str]:
        """The versions of a service that have a Deployment."""
        return {self._revisions[one] for one in self.service.deployments() if one.startswith(f"{name}-")}

    @contextmanager
    def traffic(self) -> Iterator[list[Load]]:
        """50 requests/s to each service."""
        options = LoadOptions(duration=300.0, netns=self._netns)
        loads = [
            Load(self._url, f"{name}-{self.service.host}", 50.0, self._folder / f"{name}.jsonl", options)
            for name in (*GOOD, *BAD)
        ]
        with contextlib.ExitStack() as stack:
            yield [stack.enter_context(load) for load in loads]


@pytest.fixture
def shop(service: Service, variables: dict[str, str], tmp_path: Path) -> Shop:
    return Shop(service, Path(variables["SLIPWAY_NETNS"]), variables["SLIPWAY_GATEWAY_LOOPBACK_URL"], tmp_path)


def targeted(shop: Shop, name: str) -> Result:
    return shop.stage.up("--target", f"**::{name}", "--target", f"**::{name}-*")


@pytest.mark.alone  # five services at once
def test_two_refused_services_stop_no_other(shop: Shop, slipway: Slipway) -> None:
    shop.declare("v1", *GOOD, *BAD)
    first = shop.stage.up()
    assert first.code == 0, first.output
    with shop.traffic() as loads:
        shop.declare("v2", *GOOD)
        shop.declare("never-ready", *BAD)
        aborted = shop.stage.up()
        assert aborted.code != 0
        assert shop.serving() == {**dict.fromkeys(GOOD, "v2"), **dict.fromkeys(BAD, "v1")}

        seen = shop.stage.preview()
        assert seen.code == 0, seen.output
        assert seen.output.count("was aborted") >= len(BAD)
        assert "has a problem" not in seen.output

        shop.declare("v5", "pay")
        planned = shop.stage.preview()
        assert (planned.code, "v2 -> v5" in planned.output) == (0, True), planned.output
        again = shop.stage.up()
        assert again.code != 0
        assert "cart: revision" in again.output
        assert "user: revision" in again.output
        assert shop.serving()["pay"] == "v5"

        shop.declare("v5", "mail")
        alone = targeted(shop, "mail")
        assert alone.code == 0, alone.output
        assert (shop.serving()["mail"], shop.serving()["stock"]) == ("v5", "v2")

        shop.declare("v5", "stock")
        continued = shop.stage.up("--continue-on-error")
        assert continued.code != 0
        assert shop.serving() == {**dict.fromkeys(GOOD, "v5"), **dict.fromkeys(BAD, "v1")}
        assert all("v1" in shop.workloads(name) for name in BAD), "what serves a refused service is never deleted"
        until(lambda: shop.workloads("pay") == {"v5"}, "what the good services left is deleted")

        for name in GOOD:
            done = slipway("rollback", name, "--yes")
            assert (done["to"]["version"], done["otherChanges"]) == ("v2", [])
        for name in BAD:
            done = slipway("rollback", name, "--yes")
            assert (done["to"]["version"], done["movesTraffic"]) == ("v1", False)
        assert shop.serving() == {**dict.fromkeys(GOOD, "v2"), **dict.fromkeys(BAD, "v1")}
        assert [failures(load) for load in loads] == [[]] * len(loads)
    settled = shop.stage.preview("--expect-no-changes")
    assert settled.code == 0, settled.output
