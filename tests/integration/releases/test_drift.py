"""Hands in the cluster: seen, shown and put right."""

from __future__ import annotations

import json

from tests.integration.releases.service import Service


def meddle(service: Service, other: str) -> None:
    """Somebody sends 40% of the traffic elsewhere."""
    route = json.loads(service.kubectl("get", "httproute", "checkout", "--output", "json"))
    rule = route["spec"]["rules"][0]
    own = rule["backendRefs"][0]
    own["weight"] = 60
    rule["backendRefs"].append({**own, "name": other, "weight": 40})
    patch = json.dumps({"spec": {"rules": route["spec"]["rules"]}})
    service.kubectl("patch", "httproute", "checkout", "--type=merge", f"--patch={patch}")


def test_weights_that_somebody_else_changed_are_drift_and_the_next_up_repairs_them(service: Service) -> None:
    service.released("v1")
    (own,) = service.live().shares
    service.kubectl("create", "service", "clusterip", "intruder", "--tcp=8080")
    meddle(service, "intruder")
    shown = service.stage.run("refresh", "--preview-only", "--diff")
    assert "intruder" in shown.output, shown.output
    preview = service.stage.preview()
    assert "another writer (kubectl-patch) changed the weights" in preview.output, preview.output
    result = service.stage.up()
    assert result.code == 0, result.output
    assert dict(service.live().shares) == {own: 100.0}
    assert service.stage.preview("--expect-no-changes").code == 0


def test_pods_that_somebody_told_to_run_something_else_are_drift(service: Service) -> None:
    service.released("v1")
    (own,) = service.deployments()
    service.kubectl("set", "env", f"deployment/{own}", "MODE=changed")
    preview = service.stage.preview()
    assert f"{own}: what its pods run was changed in place" in preview.output, preview.output


def test_a_deleted_route_is_made_again(service: Service) -> None:
    service.released("v1")
    service.kubectl("delete", "httproute", "checkout")
    result = service.stage.up()
    assert result.code == 0, result.output
    assert service.serving() == "v1"


def test_a_lost_journal_falls_back_on_the_state(service: Service) -> None:
    service.released("v1")
    service.kubectl("delete", "configmap", "slipway-checkout")
    result = service.stage.up()
    assert result.code == 0, result.output
    assert service.serving() == "v1"
    assert service.stage.preview("--expect-no-changes").code == 0


def test_a_route_that_somebody_else_made_is_never_overwritten(service: Service) -> None:
    service.kubectl("create", "service", "clusterip", "theirs", "--tcp=8080")
    manifest = {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": "checkout"},
        "spec": {
            "parentRefs": [{"name": "public", "namespace": "edge"}],
            "hostnames": [service.host],
            "rules": [{"backendRefs": [{"name": "theirs", "port": 8080}]}],
        },
    }
    path = service.stage.folder / "theirs.json"
    path.write_text(json.dumps(manifest))
    service.kubectl("create", "--filename", str(path))
    result = service.release("v1")
    assert result.code != 0
    assert "checkout" in result.output
    spec = json.loads(service.kubectl("get", "httproute", "checkout", "--output", "json"))["spec"]
    assert spec["rules"][0]["backendRefs"][0]["name"] == "theirs"
