"""A run that sleeps past its Lease and wakes up: its successor's work stands, and its last words are true."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.chaos.processes import Checkout, wake
from tests.integration.releases.conftest import StartLoad
from tests.integration.releases.service import EASY, LONG, QUICK, Service, failures, holds, says, until

pytestmark = pytest.mark.alone


def joined(service: Service) -> bool:
    """The new backend stands in the route, without traffic yet."""
    return len(service.live().shares) > 1


def shifted(service: Service) -> bool:
    """It has some."""
    return service.serving() == "split"


@pytest.mark.parametrize(("moment", "version"), [(joined, "v3"), (shifted, "v3"), (shifted, "v1")])
def test_a_run_that_slept_while_another_committed_or_settled_writes_nothing(
    service: Service,
    load: StartLoad,
    checkout: Checkout,
    tmp_path: Path,
    moment: Callable[[Service], bool],
    version: str,
) -> None:
    service.released("v1", **EASY)
    second = service.stage.checkout(tmp_path / "second")
    second.environment["SLIPWAY_KUBECONFIG"] = second.environment["KUBECONFIG"]
    log = tmp_path / "log"
    with load(rate=200) as traffic:
        service.configure("v2", LONG, **EASY)
        sleeper = service.stage.start_up(log)
        until(lambda: moment(service), "the moment to fall asleep")
        asleep = checkout.signal(signal.SIGSTOP)
        try:
            path = service.paths["v1"] if version == "v1" else service.declare(version, QUICK, **EASY)
            (second.folder / path).parent.mkdir(parents=True, exist_ok=True)
            (second.folder / path).write_text((service.stage.folder / path).read_text())
            second.configure("checkout", path)
            second.run("cancel", "--yes")
            result = second.up()
            assert result.code == 0, result.output
            assert service.serving() == version
            assert len(service.deployments()) == 1
        finally:
            wake(asleep)
        assert sleeper.wait(60) != 0
        until(lambda: not checkout.pids(), "the sleeper's processes have ended")
        assert holds(service, version, 2.0)
        assert failures(traffic) == []
    head = service.head()
    assert head.serving is not None
    assert (head.serving.backend.version, head.unfinished) == (version, False)
    assert not says(log, "traffic goes back")
    assert not says(log, "all traffic is on")
    assert says(log, "error: checkout", "may not write any more"), log.read_text()
