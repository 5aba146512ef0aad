"""Two services in one stack: a rollback of one is none of the other."""

from __future__ import annotations

from sandbox.stage import manifests
from tests.integration.cli.conftest import FAST, Slipway, StartLoad
from tests.integration.releases.service import Service

WAITING = manifests.workload(replicas=1, readyWithin="12s")


def declare_payments(service: Service, version: str) -> None:
    route = manifests.route(f"payments-{service.host}")
    values = manifests.manifest("payments", version, service.images[version], FAST, route=route, workload=WAITING)
    service.stage.configure("payments", manifests.write(service.stage.folder, values))


def test_one_service_commits_and_the_other_aborts_in_one_failed_update(
    service: Service, load: StartLoad, slipway: Slipway
) -> None:
    declare_payments(service, "v1")
    service.released("v1", FAST, workload=WAITING)
    declare_payments(service, "never-ready")
    with load(rate=200):
        result = service.release("v2", FAST, workload=WAITING, standby="v1")
    assert result.code != 0
    assert service.serving() == "v2"

    before = service.stage.services()["payments"]

    done = slipway("rollback", "checkout", "--yes")
    assert (done["to"]["version"], done["otherChanges"]) == ("v1", [])
    assert service.serving() == "v1"
    assert service.stage.services()["payments"] == before

    done = slipway("rollback", "payments", "--yes")
    assert (done["movesTraffic"], done["otherChanges"]) == (False, [])
    assert service.serving() == "v1"


def test_a_drift_of_the_other_service_is_not_repaired_on_the_way(
    service: Service, load: StartLoad, slipway: Slipway
) -> None:
    declare_payments(service, "v1")
    service.released("v1", FAST, workload=WAITING)
    with load(rate=200):
        service.released("v2", FAST, workload=WAITING, standby="v1")
    service.kubectl("patch", "httproute", "payments", "--type=json", "--patch", drifted())
    done = slipway("rollback", "checkout", "--yes")
    assert done["otherChanges"] == []
    assert service.serving() == "v1"
    assert "elsewhere.example" in service.kubectl("get", "httproute", "payments", "--output", "yaml")
    before = service.stage.preview("--expect-no-changes")
    assert before.code != 0
    assert slipway("rollback", "checkout", "--yes", "--to", "v2", "--allow-other-changes")["otherChanges"] != []
    assert service.serving() == "v2"
    assert "elsewhere.example" not in service.kubectl("get", "httproute", "payments", "--output", "yaml")


def drifted() -> str:
    """Somebody takes a host name of the route away and gives it another one."""
    return '[{"op": "replace", "path": "/spec/hostnames/0", "value": "elsewhere.example"}]'
