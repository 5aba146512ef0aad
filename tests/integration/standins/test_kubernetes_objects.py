"""Objects without readiness on the real cluster: names, secrets, changes, drift, import, refusals."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path

from tests.integration.standins.cluster import Cluster
from tests.integration.standins.conftest import MakeProject
from tests.integration.standins.project import Project

HEAD = "import pulumi\nimport pulumi_kubernetes as k8s\n"

OBJECTS = HEAD + textwrap.dedent(
    """
    space = k8s.core.v1.Namespace("space", metadata={"name": NAMESPACE})
    inside = {"namespace": space.metadata["name"]}
    settings = k8s.core.v1.ConfigMap("settings", metadata=inside, data={"color": "green"})
    creds = k8s.core.v1.Secret("creds", metadata=inside, string_data={"password": "s3cret-word"})
    account = k8s.core.v1.ServiceAccount("robot", metadata={**inside, "name": "robot", "labels": {"a.b/c": "one"}})
    pulumi.export("settings", settings.metadata["name"])
    pulumi.export("uid", settings.metadata["uid"])
    """
)


def program(text: str, namespace: str) -> str:
    return f"NAMESPACE = {namespace!r}\n{text}"


def set_program(project: Project, text: str, namespace: str) -> None:
    project.write("__main__.py", program(text, namespace))


def test_a_preview_writes_nothing_and_knows_that_the_namespace_is_to_come(
    make_cluster_project: MakeProject, cluster: Cluster, namespace: str
) -> None:
    project = make_cluster_project(program(OBJECTS, namespace))
    assert project.planned() == {"create": 5}
    assert namespace not in cluster.namespaces()


def test_objects_are_made_kept_and_removed(make_cluster_project: MakeProject, cluster: Cluster, namespace: str) -> None:
    project = make_cluster_project(program(OBJECTS, namespace))
    assert project.up() == {"created": 5}
    outputs = project.outputs()
    live = cluster.get("configmap", outputs["settings"], namespace)
    assert outputs["settings"].startswith("settings-") and len(outputs["settings"]) == len("settings-") + 8
    assert live["metadata"]["uid"] == outputs["uid"]
    assert project.planned() == {"same": 5}
    assert project.up() == {"unchanged": 5}
    assert "5 unchanged" in project.pulumi("refresh", "--yes", "--skip-preview").stdout
    project.pulumi("destroy", "--yes", "--skip-preview")
    assert namespace not in cluster.namespaces()


def test_the_content_of_a_secret_is_encrypted_in_the_state(
    make_cluster_project: MakeProject, cluster: Cluster, namespace: str
) -> None:
    project = make_cluster_project(program(OBJECTS, namespace))
    project.up()
    exported = project.pulumi("stack", "export").stdout
    assert "s3cret-word" not in exported
    assert "czNjcmV0LXdvcmQ" not in exported  # the same in base64
    stored = json.loads(cluster.kubectl("get", "secrets", "-n", namespace, "-o", "json"))["items"][0]["data"]
    assert stored == {"password": "czNjcmV0LXdvcmQ="}


def test_a_label_is_changed_in_place_and_a_config_map_replaced_under_a_new_name(
    make_cluster_project: MakeProject, cluster: Cluster, namespace: str
) -> None:
    project = make_cluster_project(program(OBJECTS, namespace))
    project.up()
    before, account = project.outputs()["settings"], cluster.get("serviceaccount", "robot", namespace)
    changed = OBJECTS.replace('"a.b/c": "one"', '"a.b/c": "two", "more": "yes"').replace("green", "red")
    set_program(project, changed, namespace)
    assert project.planned() == {"same": 3, "update": 1, "replace": 1}
    project.up()
    after, changed_account = project.outputs()["settings"], cluster.get("serviceaccount", "robot", namespace)
    assert changed_account["metadata"]["uid"] == account["metadata"]["uid"]
    assert changed_account["metadata"]["labels"] == {"a.b/c": "two", "more": "yes"}
    assert before != after
    assert before not in cluster.names("configmaps", namespace)
    assert cluster.get("configmap", after, namespace)["data"] == {"color": "red"}


def test_a_field_that_leaves_the_program_leaves_the_object(
    make_cluster_project: MakeProject, cluster: Cluster, namespace: str
) -> None:
    project = make_cluster_project(program(OBJECTS, namespace))
    project.up()
    set_program(project, OBJECTS.replace(', "labels": {"a.b/c": "one"}', ""), namespace)
    assert project.up()["updated"] == 1
    assert "labels" not in cluster.get("serviceaccount", "robot", namespace)["metadata"]


def test_what_others_change_is_drift_only_where_the_program_declares_it(
    make_cluster_project: MakeProject, cluster: Cluster, namespace: str
) -> None:
    project = make_cluster_project(program(OBJECTS, namespace))
    project.up()
    cluster.kubectl("label", "serviceaccount", "robot", "-n", namespace, "undeclared=yes")
    assert project.planned("--refresh") == {"same": 5}
    cluster.kubectl("label", "--overwrite", "serviceaccount", "robot", "-n", namespace, "a.b/c=hand")
    assert "1 updated" in project.pulumi("refresh", "--yes", "--skip-preview").stdout
    refused = project.pulumi("preview", succeed=False)
    assert refused.returncode != 0
    assert "other field managers own" in refused.stdout
    assert "pulumi.com/patchForce" in refused.stdout
    forced = OBJECTS.replace('"name": "robot",', '"name": "robot", "annotations": {"pulumi.com/patchForce": "true"},')
    set_program(project, forced, namespace)
    project.up()
    labels = cluster.get("serviceaccount", "robot", namespace)["metadata"]["labels"]
    assert labels == {"a.b/c": "one", "undeclared": "yes"}


def test_what_others_delete_is_made_again(make_cluster_project: MakeProject, cluster: Cluster, namespace: str) -> None:
    project = make_cluster_project(program(OBJECTS, namespace))
    project.up()
    cluster.kubectl("delete", "serviceaccount", "robot", "-n", namespace)
    assert project.up("--refresh")["created"] == 1
    assert "robot" in cluster.names("serviceaccounts", namespace)


def test_an_existing_object_can_be_imported_and_read(
    make_cluster_project: MakeProject, cluster: Cluster, namespace: str
) -> None:
    cluster.kubectl("create", "namespace", namespace)
    manifest = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "by-hand", "namespace": namespace},
        "data": {"a": "1"},
    }
    cluster.kubectl("apply", "--server-side", "-f", "-", stdin=json.dumps(manifest))
    project = make_cluster_project(HEAD)
    project.pulumi(
        *("import", "kubernetes:core/v1:ConfigMap", "mine", f"{namespace}/by-hand"),
        *("--yes", "--generate-code=false", "--protect=false"),
    )
    same = 'k8s.core.v1.ConfigMap("mine", metadata={"name": "by-hand", "namespace": NAMESPACE}, data={"a": "1"})\n'
    read = (
        'found = k8s.core.v1.ConfigMap.get("found", f"{NAMESPACE}/kube-root-ca.crt")\n'
        'pulumi.export("keys", found.data.apply(lambda data: list(data)))\n'
    )
    set_program(project, HEAD + same + read, namespace)
    assert project.planned()["same"] == 2
    project.up()
    assert project.outputs()["keys"] == ["ca.crt"]
    project.pulumi("destroy", "--yes", "--skip-preview")
    assert "by-hand" not in cluster.names("configmaps", namespace)
    assert "kube-root-ca.crt" in cluster.names("configmaps", namespace)


def test_a_kind_may_be_defined_and_used_in_one_update(
    make_cluster_project: MakeProject, cluster: Cluster, namespace: str
) -> None:
    group = f"{namespace}.example.com"
    text = HEAD + textwrap.dedent(
        f"""
        space = k8s.core.v1.Namespace("space", metadata={{"name": NAMESPACE}})
        schema = {{"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
        version = {{"name": "v1", "served": True, "storage": True, "schema": {{"openAPIV3Schema": schema}}}}
        kind = k8s.apiextensions.v1.CustomResourceDefinition("kind", metadata={{"name": "gadgets.{group}"}}, spec={{
            "group": "{group}", "scope": "Namespaced", "names": {{"plural": "gadgets", "kind": "Gadget"}},
            "versions": [version]}})
        k8s.apiextensions.CustomResource("one", api_version="{group}/v1", kind="Gadget",
            metadata={{"namespace": space.metadata["name"]}}, spec={{"size": 3, "ratio": 0.5}},
            opts=pulumi.ResourceOptions(depends_on=[kind]))
        """
    )
    project = make_cluster_project(program(text, namespace))
    assert project.planned() == {"create": 4}
    assert project.up() == {"created": 4}
    live = json.loads(cluster.kubectl("get", f"gadgets.{group}", "-n", namespace, "-o", "json"))["items"][0]
    assert live["spec"] == {"size": 3, "ratio": 0.5}
    assert project.planned() == {"same": 4}
    project.pulumi("destroy", "--yes", "--skip-preview")
    assert namespace not in cluster.namespaces()


def test_another_way_to_the_same_cluster_replaces_nothing(
    make_cluster_project: MakeProject, cluster: Cluster, namespace: str, tmp_path: Path
) -> None:
    text = HEAD + textwrap.dedent(
        """
        import os, pathlib
        provider = k8s.Provider("own", kubeconfig=KUBECONFIG, namespace=NAMESPACE)
        opts = pulumi.ResourceOptions(provider=provider)
        space = k8s.core.v1.Namespace("space", metadata={"name": NAMESPACE}, opts=opts)
        k8s.core.v1.ConfigMap("one", data={"a": "1"}, opts=pulumi.ResourceOptions.merge(
            opts, pulumi.ResourceOptions(depends_on=[space])))
        """
    )
    content = Path(cluster.variables["KUBECONFIG"]).read_text()
    moved = tmp_path / "moved.yaml"
    moved.write_text(content)
    project = make_cluster_project(f"KUBECONFIG = {content!r}\n" + program(text, namespace))
    del project.environment["KUBECONFIG"]
    assert project.up() == {"created": 4}
    assert len([name for name in cluster.names("configmaps", namespace) if name.startswith("one-")]) == 1
    project.write("__main__.py", f"KUBECONFIG = {str(moved)!r}\n" + program(text, namespace))
    assert project.planned() == {"same": 3, "update": 1}
    project.up()
    project.pulumi("destroy", "--yes", "--skip-preview")


def test_what_the_stand_in_does_not_do_is_refused_by_name(make_cluster_project: MakeProject, namespace: str) -> None:
    refusals = {
        'k8s.yaml.v2.ConfigGroup("x", yaml="a: 1")': "kubernetes:yaml/v2:ConfigGroup is rendered by the real",
        'k8s.core.v1.ConfigMapPatch("x", metadata={"name": "y"})': "declare ConfigMap whole",
        'k8s.core.v1.ConfigMapList("x", items=[])': "declare ConfigMap objects instead",
        'k8s.helm.v3.Release("x", chart="y")': "is rendered by the real Kubernetes provider",
        'k8s.Provider("x", render_yaml_to_directory="out")': "renderYamlToDirectory: this stand-in renders no YAML",
    }
    project = make_cluster_project(HEAD)
    for line, reason in refusals.items():
        set_program(project, HEAD + line + "\n", namespace)
        refused = project.pulumi("preview", succeed=False)
        assert refused.returncode != 0, line
        assert reason in refused.stdout, f"{line}: {refused.stdout}"


def test_input_that_cannot_work_names_the_field(make_cluster_project: MakeProject, namespace: str) -> None:
    wrong = {
        'metadata={"name": ""}': "metadata.name: must be a string that is not empty",
        'metadata={"annotations": {"pulumi.com/timeoutSeconds": "soon"}}': "'soon' is no positive number of seconds",
        'metadata={"annotations": {"pulumi.com/waitFor": "x"}}': "pulumi.com/waitFor",
        'metadata={"name": "Upper_Case", "namespace": "default"}': "Upper_Case",
    }
    project = make_cluster_project(HEAD)
    for arguments, reason in wrong.items():
        set_program(project, HEAD + f'k8s.core.v1.ConfigMap("x", {arguments})\n', namespace)
        refused = project.pulumi("preview", succeed=False)
        assert refused.returncode != 0, arguments
        assert reason in refused.stdout, f"{arguments}: {refused.stdout}"


def test_a_cluster_out_of_reach_is_named(make_cluster_project: MakeProject, tmp_path: Path, namespace: str) -> None:
    nowhere = tmp_path / "kubeconfig"
    nowhere.write_text(
        json.dumps(
            {
                "current-context": "x",
                "clusters": [{"name": "x", "cluster": {"server": "http://127.0.0.1:9"}}],
                "contexts": [{"name": "x", "context": {"cluster": "x"}}],
            }
        )
    )
    project = make_cluster_project(HEAD + 'k8s.core.v1.ConfigMap("x")\n')
    project.environment["KUBECONFIG"] = str(nowhere)
    refused = project.pulumi("preview", succeed=False)
    assert refused.returncode != 0
    assert "the Kubernetes API at http://127.0.0.1:9 does not answer" in refused.stdout
