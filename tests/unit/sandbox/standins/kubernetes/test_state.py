from __future__ import annotations

from typing import Any

from sandbox.standins.kubernetes import state
from sandbox.standins.kubernetes.tokens import Kind
from sandbox.standins.kubernetes.values import UNKNOWN, Secret

SERVICE = Kind("", "v1", "Service")
SECRET = Kind("", "v1", "Secret")
POD = Kind("", "v1", "Pod")
METADATA = {"name": "a", "namespace": "b", "uid": "1", "resourceVersion": "2", "managedFields": [{}]}


def live(kind: Kind, **members: Any) -> dict[str, Any]:
    return {"apiVersion": kind.api_version, "kind": kind.name, "metadata": dict(METADATA), **members}


def test_outputs_are_the_live_object_and_what_must_be_remembered() -> None:
    outputs = state.outputs(live(POD, status={"phase": "Running"}), {"apiVersion": "v1"}, POD, "manager")
    assert state.manager_of(outputs) == "manager"
    assert outputs["__initialApiVersion"] == "v1"
    assert state.live_of(outputs) == {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "a", "namespace": "b", "uid": "1", "resourceVersion": "2"},
        "status": {"phase": "Running"},
    }


def test_the_content_of_a_secret_is_secret_whatever_the_program_says() -> None:
    notes = {"kubectl.kubernetes.io/last-applied-configuration": "{...}", "other": "x"}
    item = live(SECRET, data={"a": "eA=="}) | {"metadata": {"name": "a", "annotations": notes}}
    outputs = state.outputs(item, {}, SECRET, "manager")
    assert outputs["data"] == Secret({"a": "eA=="})
    assert outputs["metadata"]["annotations"]["other"] == "x"
    assert isinstance(outputs["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"], Secret)


def test_secret_inputs_are_secret_outputs() -> None:
    outputs = state.outputs(live(POD, spec={"a": "x"}), {"spec": {"a": Secret("x")}}, POD, "manager")
    assert outputs["spec"] == {"a": Secret("x")}


def test_an_id_is_the_name_in_its_namespace() -> None:
    assert state.identity(live(POD)) == "b/a"
    assert state.identity({"metadata": {"name": "a"}}) == "a"


def test_a_dry_run_does_not_tell_what_the_server_makes_up_anew() -> None:
    predicted = state.predicted(live(POD, spec={"x": 1}, status={"phase": "Pending"}), {}, POD, create=True)
    assert predicted["metadata"]["uid"] is UNKNOWN
    assert predicted["metadata"]["name"] == "a"
    assert "status" not in predicted
    assert predicted["spec"] == {"x": 1}


def test_a_dry_run_of_an_update_keeps_what_stays() -> None:
    predicted = state.predicted(live(POD, status={"phase": "Running"}), {}, POD, create=False)
    assert predicted["metadata"]["uid"] == "1"
    assert predicted["metadata"]["resourceVersion"] is UNKNOWN
    assert predicted["status"] == {"phase": "Running"}


def test_the_addresses_of_a_service_are_unknown_unless_declared() -> None:
    item = live(SERVICE, spec={"clusterIP": "1.2.3.4", "clusterIPs": ["1.2.3.4"], "ports": [{"nodePort": 30000}]})
    predicted = state.predicted(item, {"spec": {"ports": [{"port": 80}]}}, SERVICE, create=True)
    assert predicted["spec"] == {"clusterIP": UNKNOWN, "clusterIPs": UNKNOWN, "ports": [{"nodePort": UNKNOWN}]}
    declared = {"spec": {"clusterIP": "1.2.3.4", "ports": [{"nodePort": 30000}]}}
    assert state.predicted(item, declared, SERVICE, create=True)["spec"] == item["spec"]


def test_when_the_server_cannot_be_asked_the_inputs_are_assumed_over_what_was_recorded() -> None:
    inputs = {"metadata": {"name": "a"}, "spec": {"x": UNKNOWN}}
    assert state.assumed(inputs, None, POD)["metadata"]["uid"] is UNKNOWN
    recorded = live(POD, spec={"x": 1, "y": 2}, status={"phase": "Running"}) | {"__fieldManager": "m"}
    update = state.assumed(inputs, recorded, POD)
    assert update["spec"] == {"x": UNKNOWN, "y": 2}
    assert update["metadata"]["uid"] == "1"
    assert update["status"] == {"phase": "Running"}


def test_unknown_metadata_is_assumed_as_it_is() -> None:
    assert state.assumed({"metadata": UNKNOWN}, None, POD) == {"metadata": UNKNOWN}
