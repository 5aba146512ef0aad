"""A namespace of its own on the real cluster, and the rollout's Role with a token that has no other rights."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx2
import yaml
from lightkube import Client, KubeConfig, codecs
from lightkube.models.authentication_v1 import TokenRequestSpec
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.core_v1 import Namespace, ServiceAccountToken

from slipway.release.labels import selector
from slipway.release.rollout_inputs import Backend
from slipway.release.rollout_rights import RULES
from slipway.rollout.platforms.kubernetes.workloads import KubernetesWorkloads

T = TypeVar("T")
WITHIN = 40.0
ACCOUNT = "rollout"
SERVICE = "checkout"
PORT = 8080


@dataclass(frozen=True)
class Stage:
    """`admin` makes what Pulumi would make; `kubeconfig` is what the rollout gets."""

    admin: Client
    namespace: str
    kubeconfig: Path

    @classmethod
    def create(cls, admin: Client, namespace: str, folder: Path) -> Stage:
        """Namespace, ServiceAccount, Role, RoleBinding and a token that is good for an hour."""
        admin.create(Namespace(metadata=ObjectMeta(name=namespace)))
        stage = cls(admin, namespace, folder / "kubeconfig")
        try:
            stage._grant()
        except BaseException:
            stage.destroy()
            raise
        return stage

    def destroy(self) -> None:
        """Everything that is in the namespace goes with it."""
        self.admin.delete(Namespace, self.namespace)

    def make(self, version: str, kind: str, name: str, content: Mapping[str, Any]) -> None:
        """One object."""
        meta = {"name": name, "namespace": self.namespace}
        made: Any = codecs.from_dict({"apiVersion": version, "kind": kind, "metadata": meta, **content})
        self.admin.create(made)

    def deploy(self, revision: str, image: str, replicas: int = 2, **container: Any) -> Backend:
        """Deployment and Service of one revision, as the components declare them, but for draining."""
        labels, name = selector(SERVICE, revision), f"{SERVICE}-{revision}"
        probe = {"httpGet": {"path": "/readyz", "port": PORT}, "periodSeconds": 1}
        main = {"name": SERVICE, "image": image, "ports": [{"containerPort": PORT}], "readinessProbe": probe}
        spec = {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "containers": [{**main, **container}],
                    "terminationGracePeriodSeconds": 3,
                    "automountServiceAccountToken": False,
                },
            },
        }
        self.make("apps/v1", "Deployment", name, {"spec": spec})
        ports = [{"port": PORT, "targetPort": PORT, "name": "http"}]
        self.make("v1", "Service", name, {"spec": {"selector": labels, "ports": ports}})
        return self.backend(revision, replicas, image)

    def ready(self, backend: Backend) -> Backend:
        """Wait until every replica is an endpoint."""
        workloads = KubernetesWorkloads(self.admin, self.namespace)
        eventually(lambda: workloads.readiness(backend), lambda found: found.endpoints_ready == backend.replicas)
        return backend

    def backend(self, revision: str, replicas: int = 2, image: str = "none") -> Backend:
        """What the Rollout is told of a revision, whether it exists or not."""
        return Backend(
            revision=revision,
            version=revision,
            image=image,
            workload=f"{SERVICE}-{revision}",
            entry=f"{SERVICE}-{revision}",
            port=PORT,
            replicas=replicas,
            ready_within=60.0,
            scaled_by_rollout=True,
        )

    def _grant(self) -> None:
        self.make("v1", "ServiceAccount", ACCOUNT, {})
        rules = [{"apiGroups": [r.group], "resources": list(r.resources), "verbs": list(r.verbs)} for r in RULES]
        self.make("rbac.authorization.k8s.io/v1", "Role", ACCOUNT, {"rules": rules})
        binding = {
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": ACCOUNT},
            "subjects": [{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": self.namespace}],
        }
        self.make("rbac.authorization.k8s.io/v1", "RoleBinding", ACCOUNT, binding)
        self.kubeconfig.write_text(yaml.safe_dump(_kubeconfig(self.admin, self._token())))

    def _token(self) -> str:
        """Of the account."""
        wanted = ServiceAccountToken(metadata=ObjectMeta(), spec=TokenRequestSpec(audiences=[], expirationSeconds=3600))
        made = self.admin.create(wanted, ACCOUNT, namespace=self.namespace)
        assert made.status is not None
        return str(made.status.token)


def _kubeconfig(admin: Client, token: str) -> dict[str, Any]:
    """The admin's cluster with another user."""
    found = admin.config
    cluster = {"server": found.cluster.server}
    if found.cluster.certificate_auth_data:
        cluster["certificate-authority-data"] = found.cluster.certificate_auth_data
    if found.cluster.certificate_auth:
        cluster["certificate-authority"] = str(found.abs_file(found.cluster.certificate_auth))
    return {
        "clusters": [{"name": "c", "cluster": cluster}],
        "users": [{"name": "u", "user": {"token": token}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }


def eventually(question: Callable[[], T], fits: Callable[[T], bool], within: float = WITHIN) -> T:
    """Ask until the answer fits; the last answer is in the failure's message."""
    deadline = time.monotonic() + within
    while True:
        answer = question()
        if fits(answer):
            return answer
        assert time.monotonic() < deadline, f"not within {within:g}s, last seen: {answer}"
        time.sleep(0.05)


def admin_client(kubeconfig: str) -> Client:
    """With all rights."""
    return Client(KubeConfig.from_file(kubeconfig).get(), timeout=httpx2.Timeout(10.0))
