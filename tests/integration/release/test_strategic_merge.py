"""The merge of `workload.pod`, held against kubectl's own."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest
import yaml

from sandbox.toolchain import kubectl
from slipway.release.pod import pod_spec
from slipway.release.strategic_merge import MERGE_KEYS, merge
from tests.manifests import DIGEST, release

PATCHES = f"""
- containers: [{{name: proxy, image: registry.example/proxy@{DIGEST}, env: [{{name: A, value: "1"}}]}}]
- containers: [{{name: checkout, env: [{{name: MORE, value: "1"}}, {{name: LOG, value: debug}}]}}]
- containers:
    - name: checkout
      env: [{{name: LOG, value: null, valueFrom: {{fieldRef: {{fieldPath: spec.nodeName}}}}}}]
- containers: [{{name: checkout, ports: [{{containerPort: 8080, name: web}}, {{containerPort: 9090}}]}}]
- containers: [{{name: checkout, readinessProbe: {{httpGet: null, tcpSocket: {{port: 8080}}}}}}]
- containers: [{{name: checkout, envFrom: [{{secretRef: {{name: a}}}}], volumeMounts: null}}]
- containers:
    - name: checkout
      volumeMounts: [{{mountPath: /etc/app.toml, name: files, readOnly: false}}, {{mountPath: /b, name: b}}]
  volumes: [{{name: b, emptyDir: {{}}}}]
- initContainers: [{{name: proxy, image: registry.example/proxy@{DIGEST}, restartPolicy: Always}}]
  volumes: [{{name: c, emptyDir: {{sizeLimit: 1Mi}}}}]
- securityContext: {{runAsNonRoot: null, fsGroup: 7, supplementalGroups: [1, 2]}}
- tolerations: [{{key: spot, operator: Exists}}]
  nodeSelector: {{disk: ssd}}
- topologySpreadConstraints: [{{topologyKey: kubernetes.io/hostname, maxSkew: 3}}]
- hostAliases: [{{ip: 10.0.0.1, hostnames: [a]}}]
  imagePullSecrets: [{{name: pull}}]
- affinity:
    nodeAffinity:
      requiredDuringSchedulingIgnoredDuringExecution:
        nodeSelectorTerms: [{{matchExpressions: [{{key: a, operator: Exists}}]}}]
- enableServiceLinks: null
  dnsConfig: {{nameservers: [10.0.0.1], options: [{{name: ndots, value: "2"}}]}}
"""


def spec_of(**workload: object) -> dict[str, Any]:
    declared = release(**{f"workload__{name}": value for name, value in workload.items()})
    return pod_spec("checkout", "r", declared.artifact.image, declared.workload)


def patched_by_kubectl(spec: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": spec}
    argv = [str(kubectl()), "patch", "--local", "--type=strategic", "-o", "json", "-f", "-", "-p"]
    answer = subprocess.run(
        [*argv, json.dumps({"spec": patch})], input=json.dumps(pod), capture_output=True, text=True, check=True
    )
    found: dict[str, Any] = json.loads(answer.stdout)["spec"]
    return found


def in_order(value: Any, path: tuple[str, ...] = ()) -> Any:
    """The items of merged lists by their keys: kubectl puts what is new first."""
    if isinstance(value, dict):
        return {name: in_order(inner, (*path, name)) for name, inner in value.items()}
    if isinstance(value, list):
        items = [in_order(item, path) for item in value]
        return sorted(items, key=lambda item: str(item[MERGE_KEYS[path]])) if path in MERGE_KEYS else items
    return value


@pytest.mark.parametrize("patch", yaml.safe_load(PATCHES), ids="+".join)
def test_the_merged_spec_is_kubectls(patch: dict[str, Any]) -> None:
    spec = spec_of(files={"/etc/app.toml": "a = 1"}, secretEnv={"TOKEN": {"secret": "s", "key": "k"}})
    assert in_order(merge(spec, patch)) == in_order(patched_by_kubectl(spec, patch))
