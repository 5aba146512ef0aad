"""The Jobs of rollouts on an API server that keeps versions: what is made, and how it is read."""

from __future__ import annotations

from typing import Any

import pytest

from slipway.release.errors import ClusterError
from slipway.release.labels import selector
from slipway.release.run_order import RunOrder, read_order
from slipway.release.run_pod import FILES_VARIABLE, pod_spec
from slipway.release.run_setting import RunSetting
from slipway.rollout.platforms.kubernetes.run_objects import DAY, job_of, longest
from slipway.rollout.platforms.kubernetes.runs import KubernetesRuns
from slipway.rollout.platforms.runs import RunState
from tests.unit.slipway.rollout.api import Api, refusal
from tests.unit.slipway.rollout.examples import wanted

IMAGE = f"registry.example/slipway@sha256:{'b' * 64}"
ORDER = RunOrder(
    id="abcd1234", stack="releases/test", by="ci@host", wanted=wanted(run={"in": "cluster", "image": IMAGE})
)
CORE, BATCH = "/api/v1/namespaces/shop", "/apis/batch/v1/namespaces/shop"
JOB = f"{BATCH}/jobs/slipway-checkout-abcd1234"
ORDER_MAP = f"{CORE}/configmaps/slipway-checkout-abcd1234.order"


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def runs(api: Api) -> KubernetesRuns:
    return KubernetesRuns(api.client(), "shop", "checkout", api.patience)


def ended(api: Api, kind: str, reason: str = "", message: str = "") -> None:
    condition = {"type": kind, "status": "True", "reason": reason, "message": message}
    api.change(JOB, lambda job: job.update(status={"conditions": [condition]}))


def pod(api: Api, phase: str, waiting: str | None = None, name: str = "p1") -> None:
    state = {"waiting": {"reason": waiting, "message": "because"}} if waiting else {"running": {}}
    status = {"name": "slipway", "image": IMAGE, "imageID": "", "ready": False, "restartCount": 0, "state": state}
    labels = {"slipway.dev/run": "abcd1234"}
    api.put(
        f"{CORE}/pods/{name}",
        {"metadata": {"labels": labels}, "status": {"phase": phase, "containerStatuses": [status]}},
    )


def test_an_order_and_its_job_are_made_and_go_together(api: Api, runs: KubernetesRuns) -> None:
    runs.start(ORDER)
    order, job = api.objects[ORDER_MAP], api.objects[JOB]
    assert order["immutable"] is True
    assert read_order(order["data"]["order.json"]) == ORDER
    assert [(one["kind"], one["uid"]) for one in order["metadata"]["ownerReferences"]] == [
        ("Job", job["metadata"]["uid"])
    ]
    (active,) = runs.active()
    assert (active.id, active.name, active.revision, active.version) == (
        "abcd1234", "Job slipway-checkout-abcd1234", "bbbbbbbb", "v-bbbbbbbb",
    )  # fmt: skip


def test_a_job_that_is_refused_leaves_no_order(api: Api, runs: KubernetesRuns) -> None:
    api.before.extend([lambda _: None, lambda _: refusal(403, "jobs is forbidden")])
    with pytest.raises(ClusterError, match="forbidden"):
        runs.start(ORDER)
    assert api.objects == {}


def test_the_job_survives_what_a_cluster_does_to_pods() -> None:
    job: Any = job_of(ORDER, "shop")
    spec, pod_spec = job.spec, job.spec.template.spec
    assert (spec.backoffLimit, spec.podReplacementPolicy, spec.ttlSecondsAfterFinished) == (
        6,
        "TerminatingOrFailed",
        86400,
    )
    assert (pod_spec.restartPolicy, pod_spec.terminationGracePeriodSeconds) == ("OnFailure", 150)
    assert spec.podFailurePolicy is None, "it cannot stand beside OnFailure"
    assert {(one.key, one.tolerationSeconds) for one in pod_spec.tolerations} == {
        ("node.kubernetes.io/not-ready", 15), ("node.kubernetes.io/unreachable", 15),
    }  # fmt: skip
    assert spec.template.metadata.annotations["cluster-autoscaler.kubernetes.io/safe-to-evict"] == "false"
    (container,) = pod_spec.containers
    assert (container.image, container.securityContext.readOnlyRootFilesystem) == (IMAGE, True)
    assert pod_spec.serviceAccountName == "slipway-runner"


def test_the_files_of_the_metrics_are_mounted_whole_so_that_they_are_renewed() -> None:
    plain = {"in": "cluster", "image": IMAGE}
    run = RunSetting.model_validate({**plain, "metricsSecret": "prometheus"})
    spec = pod_spec(run, ["order"])
    assert {"name": "metrics", "secret": {"secretName": "prometheus"}} in spec["volumes"]
    (container,) = spec["containers"]
    (mount,) = [one for one in container["volumeMounts"] if one["name"] == "metrics"]
    assert (mount["readOnly"], "subPath" in mount) == (True, False)
    assert {"name": FILES_VARIABLE, "value": mount["mountPath"]} in container["env"]
    assert "metrics" not in str(pod_spec(RunSetting.model_validate(plain), ["order"]))


def test_the_pod_of_a_job_is_no_endpoint_of_the_service_that_it_releases() -> None:
    job: Any = job_of(ORDER, "shop")
    selected = selector("checkout", "bbbbbbbb")
    assert not set(selected.items()) & set(job.spec.template.metadata.labels.items())


def test_a_job_may_take_a_day_and_a_long_plan_longer() -> None:
    assert longest(ORDER) == DAY
    steps = {"kind": "canary", "steps": [{"weight": 50, "bake": "12h"}, {"weight": 100, "bake": "1h"}]}
    slow = ORDER.model_copy(update={"wanted": wanted(run={"in": "cluster", "image": IMAGE}, strategy=steps)})
    assert longest(slow) > 39 * 3600


def test_without_an_image_there_is_no_job() -> None:
    with pytest.raises(ClusterError, match="names no image"):
        job_of(ORDER.model_copy(update={"wanted": wanted()}), "shop")


def test_a_job_is_waiting_then_running_then_over(api: Api, runs: KubernetesRuns) -> None:
    assert runs.state("abcd1234") == RunState("gone")
    runs.start(ORDER)
    assert runs.state("abcd1234") == RunState("waiting")
    pod(api, "Pending", "ContainerCreating")
    assert runs.state("abcd1234") == RunState("waiting", pods=1)
    pod(api, "Running")
    assert runs.state("abcd1234") == RunState("running", pods=1)
    pod(api, "Succeeded")
    ended(api, "Complete")
    assert runs.state("abcd1234") == RunState("done")
    assert runs.active() == []


def test_why_it_failed_is_said(api: Api, runs: KubernetesRuns) -> None:
    runs.start(ORDER)
    ended(api, "Failed", "BackoffLimitExceeded", "too often")
    found = runs.state("abcd1234")
    assert (found.phase, found.trouble, found.over) == ("failed", "BackoffLimitExceeded: too often", True)


@pytest.mark.parametrize(
    ("reason", "fatal"), [("ErrImagePull", False), ("InvalidImageName", True), ("CrashLoopBackOff", False)]
)
def test_why_its_pod_does_not_run_is_said(api: Api, runs: KubernetesRuns, reason: str, fatal: bool) -> None:
    """A process that ends by exit code 1 is started again: its crash loop is how the Job tries again."""
    runs.start(ORDER)
    pod(api, "Pending" if reason != "CrashLoopBackOff" else "Running", reason)
    found = runs.state("abcd1234")
    assert (found.phase, found.fatal) == ("waiting", fatal)
    assert reason in found.trouble


def test_why_it_has_no_pod_is_said(api: Api, runs: KubernetesRuns) -> None:
    runs.start(ORDER)
    event = {"metadata": {}, "type": "Warning", "reason": "FailedCreate", "message": "exceeded quota: pods"}
    api.put(f"{CORE}/events/e1", {**event, "involvedObject": {}})
    assert runs.state("abcd1234") == RunState("waiting", "exceeded quota: pods")


def test_a_job_is_deleted_with_its_pods(api: Api, runs: KubernetesRuns) -> None:
    runs.start(ORDER)
    runs.delete("abcd1234")
    assert JOB not in api.objects
    assert api.writes[-1].url.params["propagationPolicy"] == "Background"
    runs.delete("abcd1234")


def test_a_report_is_replaced_and_goes_at_last(api: Api, runs: KubernetesRuns) -> None:
    runs.start(ORDER)
    assert runs.read_report("abcd1234") is None
    for number in (1, 2):
        runs.write_report("abcd1234", {"changes": number})
    assert runs.read_report("abcd1234") == {"changes": 2}
    runs.delete_all()
    assert runs.read_report("abcd1234") == {"changes": 2}, "its Job has not ended"
    runs.delete("abcd1234")
    runs.delete_all()
    assert api.objects == {}


def test_a_report_that_another_process_writes_at_the_same_time_is_written_after_it(
    api: Api, runs: KubernetesRuns
) -> None:
    runs.write_report("abcd1234", {"changes": 1})
    path = f"{CORE}/configmaps/slipway-checkout-abcd1234.report"
    api.before.extend(
        [lambda _: None, lambda _: api.change(path, lambda one: one["data"].update({"report.json": "{}"}))]
    )
    runs.write_report("abcd1234", {"changes": 2})
    assert runs.read_report("abcd1234") == {"changes": 2}


def test_a_sign_of_life_changes_no_order(api: Api, runs: KubernetesRuns) -> None:
    runs.start(ORDER)
    assert runs.read_beat("abcd1234") == ""
    runs.write_beat("abcd1234", "7")
    assert runs.read_beat("abcd1234") == "7"
    assert read_order(api.objects[ORDER_MAP]["data"]["order.json"]) == ORDER
    runs.write_beat("gone", "7")
