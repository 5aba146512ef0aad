"""What is awaited on the real cluster, with its reason on failure; and how waits end."""

from __future__ import annotations

import os
import signal
import textwrap
from typing import Any

from tests.integration.standins.cluster import Cluster
from tests.integration.standins.conftest import MakeProject
from tests.integration.standins.project import Project, await_true

WORKLOAD = textwrap.dedent(
    """
    import pulumi
    import pulumi_kubernetes as k8s
    space = k8s.core.v1.Namespace("space", metadata={"name": NAMESPACE})
    labels = {"app": "sample"}
    probe = {"httpGet": {"path": "/readyz", "port": 8080}, "periodSeconds": 1}
    container = {"name": "sample", "image": IMAGE, "ports": [{"containerPort": 8080}], "readinessProbe": probe}
    deployment = k8s.apps.v1.Deployment("sample",
        metadata={"name": "sample", "namespace": space.metadata["name"], "annotations": ANNOTATIONS},
        spec={"replicas": 1, "selector": {"matchLabels": labels},
              "template": {"metadata": {"labels": labels}, "spec": {"containers": [container],
                           "terminationGracePeriodSeconds": 1}}})
    pulumi.export("available", deployment.status.available_replicas)
    """
)

SERVICE = textwrap.dedent(
    """
    service = k8s.core.v1.Service("sample",
        metadata={"name": "sample", "namespace": space.metadata["name"], "annotations": ANNOTATIONS},
        spec={"selector": SELECTOR, "ports": [{"port": 80, "targetPort": 8080}]})
    pulumi.export("ip", service.spec["cluster_ip"])
    """
)


def program(namespace: str, image: str, text: str = WORKLOAD, **annotations: str) -> str:
    noted = {f"pulumi.com/{name}": value for name, value in annotations.items()}
    return f"NAMESPACE = {namespace!r}\nIMAGE = {image!r}\nANNOTATIONS = {noted!r}\n{text}"


def init_errors(project: Project, kind: str) -> list[Any]:
    (found,) = [each for each in project.resources() if each["type"].endswith(f":{kind}")]
    return list(found.get("initErrors") or [])


def test_a_deployment_and_its_service_are_awaited_and_stay_unchanged(
    make_cluster_project: MakeProject, cluster: Cluster, namespace: str
) -> None:
    text = WORKLOAD + SERVICE.replace("SELECTOR", "labels")
    project = make_cluster_project(program(namespace, cluster.images["v1"], text))
    assert project.planned() == {"create": 4}
    project.up()
    outputs = project.outputs()
    assert outputs["available"] == 1
    assert outputs["ip"] == cluster.get("service", "sample", namespace)["spec"]["clusterIP"]
    assert project.planned() == {"same": 4}
    assert "4 unchanged" in project.pulumi("refresh", "--yes", "--skip-preview").stdout
    project.pulumi("destroy", "--yes", "--skip-preview")
    assert namespace not in cluster.namespaces()


def test_a_deployment_that_never_becomes_ready_fails_with_the_reason_and_is_recorded(
    make_cluster_project: MakeProject, cluster: Cluster, namespace: str
) -> None:
    project = make_cluster_project(program(namespace, cluster.images["never-ready"], timeoutSeconds="8"))
    failed = project.pulumi("up", "--yes", "--skip-preview", succeed=False)
    assert failed.returncode != 0
    assert f"Deployment {namespace}/sample was not ready within 8 s" in failed.stdout
    assert "running but not ready (see its readiness probe)" in failed.stdout
    assert init_errors(project, "Deployment")
    project.write("__main__.py", program(namespace, cluster.images["never-ready"], skipAwait="true"))
    assert project.up()["updated"] == 1
    assert init_errors(project, "Deployment") == []


def test_an_image_that_cannot_be_pulled_is_the_reason(
    make_cluster_project: MakeProject, cluster: Cluster, namespace: str
) -> None:
    image = cluster.images["v1"].rpartition("@")[0] + "@sha256:" + "0" * 64
    project = make_cluster_project(program(namespace, image, timeoutSeconds="10"))
    failed = project.pulumi("up", "--yes", "--skip-preview", succeed=False)
    assert failed.returncode != 0
    assert "ErrImagePull" in failed.stdout or "ImagePullBackOff" in failed.stdout


def test_an_update_replaces_the_pods_and_a_selector_the_deployment(
    make_cluster_project: MakeProject, cluster: Cluster, namespace: str
) -> None:
    project = make_cluster_project(program(namespace, cluster.images["v1"]))
    project.up()
    uid = cluster.get("deployment", "sample", namespace)["metadata"]["uid"]
    changed = WORKLOAD.replace('"periodSeconds": 1', '"periodSeconds": 2')
    project.write("__main__.py", program(namespace, cluster.images["v1"], changed))
    assert project.up()["updated"] == 1
    live = cluster.get("deployment", "sample", namespace)
    assert live["metadata"]["uid"] == uid
    assert live["status"]["updatedReplicas"] == live["status"]["replicas"] == 1
    other = WORKLOAD.replace('{"app": "sample"}', '{"app": "other"}')
    project.write("__main__.py", program(namespace, cluster.images["v1"], other))
    assert project.planned() == {"same": 2, "replace": 1}
    assert project.up()["replaced"] == 1
    assert cluster.get("deployment", "sample", namespace)["metadata"]["uid"] != uid


def test_a_service_without_endpoints_fails_and_one_without_selector_does_not(
    make_cluster_project: MakeProject, cluster: Cluster, namespace: str
) -> None:
    head = WORKLOAD.partition("labels =")[0]
    project = make_cluster_project(
        program(namespace, "", head + SERVICE.replace("SELECTOR", '{"nobody": "here"}'), timeoutSeconds="3")
    )
    failed = project.pulumi("up", "--yes", "--skip-preview", succeed=False)
    assert failed.returncode != 0
    assert "waiting for an endpoint; no ready pod matches the service's selector" in failed.stdout
    project.write("__main__.py", program(namespace, "", head + SERVICE.replace("SELECTOR", "None")))
    project.up()


def test_a_job_that_fails_is_told_at_once(make_cluster_project: MakeProject, cluster: Cluster, namespace: str) -> None:
    text = WORKLOAD.partition("labels =")[0] + textwrap.dedent(
        """
        k8s.batch.v1.Job("job", metadata={"namespace": space.metadata["name"]}, spec={"backoffLimit": 0,
            "template": {"spec": {"restartPolicy": "Never", "containers": [
                {"name": "sample", "image": IMAGE, "command": ["/no-such-program"]}]}}})
        """
    )
    project = make_cluster_project(program(namespace, cluster.images["v1"], text))
    failed = project.pulumi("up", "--yes", "--skip-preview", succeed=False)
    assert failed.returncode != 0
    assert "BackoffLimitExceeded" in failed.stdout


def test_a_delete_waits_for_finalizers_unless_told_not_to(
    make_cluster_project: MakeProject, cluster: Cluster, namespace: str
) -> None:
    head = WORKLOAD.partition("labels =")[0]
    held = head + textwrap.dedent(
        """
        k8s.core.v1.ConfigMap("held", metadata={"name": "held", "namespace": space.metadata["name"],
            "finalizers": ["example.com/held"], "annotations": ANNOTATIONS}, data={"a": "1"})
        """
    )
    project = make_cluster_project(program(namespace, "", held, timeoutSeconds="3"))
    project.up()
    project.write("__main__.py", program(namespace, "", head))
    failed = project.pulumi("up", "--yes", "--skip-preview", succeed=False)
    assert failed.returncode != 0
    assert (
        f"ConfigMap {namespace}/held was still being deleted after 3 s (finalizers: example.com/held)" in failed.stdout
    )
    cluster.kubectl(
        "patch", "configmap", "held", "-n", namespace, "--type=merge", '-p={"metadata":{"finalizers":null}}'
    )
    assert project.up()["deleted"] == 1
    project.write("__main__.py", program(namespace, "", held, skipAwait="true"))
    project.up()
    project.write("__main__.py", program(namespace, "", head))
    assert project.up()["deleted"] == 1
    assert cluster.get("configmap", "held", namespace)["metadata"]["deletionTimestamp"]
    cluster.kubectl(
        "patch", "configmap", "held", "-n", namespace, "--type=merge", '-p={"metadata":{"finalizers":null}}'
    )


def test_ctrl_c_ends_a_wait_and_the_next_update_goes_on(
    make_cluster_project: MakeProject, cluster: Cluster, namespace: str
) -> None:
    project = make_cluster_project(program(namespace, cluster.images["never-ready"]))
    process = project.start("up", "--yes", "--skip-preview")
    await_true(lambda: "waiting for replicas" in project.output(), "the wait for the deployment", 60)
    os.kill(process.pid, signal.SIGINT)
    assert process.wait(30) != 0
    assert f"cancelled while Deployment {namespace}/sample was not ready" in project.output()
    assert "Traceback" not in project.output()
    assert init_errors(project, "Deployment")
    project.write("__main__.py", program(namespace, cluster.images["v1"]))
    assert project.up()["updated"] == 1
    project.pulumi("destroy", "--yes", "--skip-preview")


def test_an_update_that_is_killed_after_a_create_is_taken_up_again(
    make_cluster_project: MakeProject, cluster: Cluster, namespace: str
) -> None:
    project = make_cluster_project(program(namespace, cluster.images["never-ready"]))
    process = project.start("up", "--yes", "--skip-preview")
    await_true(lambda: "waiting for replicas" in project.output(), "the wait for the deployment", 60)
    os.kill(process.pid, signal.SIGKILL)
    process.wait(30)
    project.pulumi("cancel", "--yes", "dev")
    project.write("__main__.py", program(namespace, cluster.images["v1"]))
    project.up()
    images = cluster.get("deployment", "sample", namespace)["spec"]["template"]["spec"]["containers"]
    assert [each["image"] for each in images] == [cluster.images["v1"]]
    assert project.planned() == {"same": 3}
