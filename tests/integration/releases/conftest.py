"""A real service on the real cluster, released by the real engine under real traffic."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from sandbox import world
from sandbox.chaos.processes import VARIABLE, Checkout
from sandbox.chaos.proxy import ApiProxy
from sandbox.context import ENVOY_STATS_PORT
from sandbox.paths import state_paths
from sandbox.pki import Pki
from sandbox.sample.binaries import binaries
from sandbox.sample.images import VERSIONS, Faults, late_errors, publish
from sandbox.sample.load import Load, LoadOptions
from sandbox.stage.project import Stage
from tests.integration.releases.service import Service

LONGEST = 300.0
QUARREL = Faults(error_ratio=0.0072, sticky_client_fault="client-50")
STICKY = {
    "quarrel-1": QUARREL,
    "quarrel-2": QUARREL,
    "loud-1": QUARREL.model_copy(update={"sticky_client_fault": "loud"}),
    "loud-2": QUARREL.model_copy(update={"sticky_client_fault": "loud"}),
    "broken-clients": QUARREL.model_copy(update={"client_error_share": 0.2}),
}
"""Of 2,000 clients by Zipf's law, client-50 sends 0.24% of the requests: it gets a quarter of all errors."""
_numbers = itertools.count()

StartLoad = Callable[..., AbstractContextManager[Load]]


@pytest.fixture(scope="session")
def variables() -> dict[str, str]:
    """The sandbox's environment; it is brought up unless it is."""
    world.up()
    return world.environment()


@pytest.fixture(scope="session")
def images(variables: Mapping[str, str]) -> dict[str, str]:
    """The sample's versions in the sandbox's registry."""
    wanted = {**VERSIONS, "v5": Faults(), "errors-100-late": late_errors(0.0, 1.0), "late-5": late_errors(15.0, 0.05)}
    wanted |= {"late-40": late_errors(40.0, 0.2), "late-60": late_errors(60.0, 0.2)}
    wanted |= STICKY
    return publish(variables["SLIPWAY_REGISTRY"], binaries().sample, wanted)


@pytest.fixture
def service(
    tmp_path: Path, variables: dict[str, str], images: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Service]:
    """A stage of its own: namespace, stack and host name. Everything goes after the test."""
    monkeypatch.setenv("SLIPWAY_KUBECONFIG", variables["KUBECONFIG"])
    name = f"t{os.getpid()}-{next(_numbers)}"
    own = {**variables, "PULUMI_BACKEND_URL": f"file://{tmp_path / 'backend'}"}
    (tmp_path / "backend").mkdir()
    stage = Stage(tmp_path / "project", "test", f"slipway-{name}", own)
    # A kubeconfig of its own marks the processes of this test's `pulumi up`; see sandbox.chaos.processes.
    stage.environment[VARIABLE] = str(tmp_path / "kubeconfig")
    shutil.copy(variables["KUBECONFIG"], stage.environment[VARIABLE])
    marked = Checkout(Path(stage.environment[VARIABLE]))
    stage.create()
    yield Service(stage, images, f"{name}.example")
    marked.end()
    stage.abandon()


@pytest.fixture
def checkout(service: Service) -> Iterator[Checkout]:
    """The processes of the service's `pulumi up`; whatever is left after the test is ended."""
    found = Checkout(Path(service.stage.environment[VARIABLE]))
    yield found
    found.end()


@pytest.fixture
def proxy(service: Service, variables: dict[str, str], tmp_path: Path) -> Iterator[ApiProxy]:
    """The rollout reaches the API server through this proxy; Pulumi's own provider and the test do not."""
    made = ApiProxy.before(Path(variables["KUBECONFIG"]), Pki(state_paths().pki), tmp_path)
    with made:
        service.stage.environment[VARIABLE] = str(made.kubeconfig)
        yield made
        Checkout(made.kubeconfig).end()


@pytest.fixture(params=["prometheus", "proxies"])
def counted_by(request: pytest.FixtureRequest, service: Service, variables: Mapping[str, str]) -> str:
    """Where the service's requests are counted: each by the sandbox's own gateway, whichever that is."""
    metrics: dict[str, object] = {"kind": request.param, "url": variables["SLIPWAY_PROMETHEUS_URL"]}
    if request.param == "proxies":
        node = urlsplit(variables["SLIPWAY_GATEWAY_URL"]).hostname
        metrics["proxies"] = {"addresses": [f"http://{node}:{ENVOY_STATS_PORT}"]}
    if profile := variables.get("SLIPWAY_METRICS_PROFILE"):
        metrics["profile"] = profile
    service.stage.metrics = metrics
    return str(request.param)


@pytest.fixture
def load(tmp_path: Path, variables: Mapping[str, str], service: Service) -> StartLoad:
    """`with load(rate=300) as traffic:` sends to the service from inside the sandbox."""
    numbers = itertools.count()

    def start(rate: float = 300.0, duration: float = LONGEST, path: str = "") -> Load:
        options = LoadOptions(duration=duration, netns=Path(variables["SLIPWAY_NETNS"]))
        out = tmp_path / f"load{next(numbers)}.jsonl"
        return Load(f"{variables['SLIPWAY_GATEWAY_LOOPBACK_URL']}{path}", service.host, rate, out, options)

    return start
