"""Pods with more than the service's own container: sidecars are released, and judged, with it."""

from __future__ import annotations

import json
from typing import Any

from sandbox.stage import manifests
from tests.integration.releases.conftest import StartLoad
from tests.integration.releases.service import NAME, QUICK, Service, failures, traffic_at


def beside(image: str, **env: str) -> dict[str, Any]:
    """A workload with this image as a sidecar, whose port the Service has too, and a volume that both mount."""
    mount = {"name": "shared", "mountPath": "/shared"}
    sidecar = {
        "name": "sidecar",
        "image": image,
        "env": [{"name": name, "value": value} for name, value in {"PORT": "9000", **env}.items()],
        "readinessProbe": {"httpGet": {"path": "/readyz", "port": 9000}, "periodSeconds": 1},
        "volumeMounts": [mount],
    }
    return manifests.workload(
        replicas=2,
        pod={
            "containers": [{"name": NAME, "volumeMounts": [mount]}, sidecar],
            "volumes": [{"name": "shared", "emptyDir": {}}],
        },
        podMetadata={"labels": {"tier": "web"}},
        service={"ports": [{"name": "sidecar", "port": 9000}]},
    )


def test_a_sidecar_is_released_with_its_service_and_one_that_crashes_stops_the_release(
    service: Service, load: StartLoad
) -> None:
    service.released("v1", QUICK, workload=beside(service.images["v2"]))
    (pod, *_) = json.loads(service.kubectl("get", "pods", "-l", "tier=web", "-o", "json"))["items"]
    assert sorted(one["name"] for one in pod["status"]["containerStatuses"]) == [NAME, "sidecar"]
    with load(rate=50) as traffic:
        traffic_at(traffic, "v1")
        result = service.release("v2", QUICK, workload=beside(service.images["v1"], SAMPLE_CRASH_AFTER_SECONDS="0"))
        assert result.code != 0
        assert "container sidecar: CrashLoopBackOff" in result.output
        assert service.serving() == "v1"
        assert failures(traffic) == []
