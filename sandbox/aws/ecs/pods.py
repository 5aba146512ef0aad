"""Tasks as pods of the sandbox's node, by the API server."""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

NAMESPACE = "ecs"
WITHIN = 10.0
STOP_TIMEOUT = 30
"""Seconds between SIGTERM and SIGKILL where a container says no `stopTimeout`, as on AWS."""
OWN_LABEL = "slipway.dev/"
"""A docker label of that beginning becomes a label of the pod, and all of them annotations."""
IMAGE_TROUBLES = ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull")
CONTAINER_TROUBLES = ("CreateContainerError", "CreateContainerConfigError", "RunContainerError")
Json = dict[str, Any]


@dataclass(frozen=True)
class Seen:
    """What a pod says. `phase` is that of Kubernetes; `trouble` why it cannot run, in the words of ECS."""

    phase: str
    address: str
    exit_codes: Mapping[str, int]
    reasons: Mapping[str, str]
    """By container: why it ended, where that is more than its exit code."""
    trouble: str
    deleting: bool

    @property
    def ended(self) -> bool:
        """Whether any container has: every one of a task here is essential."""
        return bool(self.exit_codes) or self.phase in ("Succeeded", "Failed")


@dataclass(frozen=True)
class Pods:
    """The pods of a namespace, which begin with its name."""

    api: str
    authority: Path
    token: Path
    namespace: str = NAMESPACE

    def prepare(self) -> None:
        """Make the namespace, and end what an earlier process left in it."""
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace}}
        self._call("POST", "/api/v1/namespaces", body, well=(HTTPStatus.CONFLICT,))
        for name in self.seen():
            self.delete(name, 0)

    def seen(self) -> dict[str, Seen]:
        """Every pod there is, by task."""
        found = self._call("GET", f"/api/v1/namespaces/{self.namespace}/pods") or {}
        items = found.get("items") or []
        return {item["metadata"]["name"].removeprefix(f"{self.namespace}-"): _seen(item) for item in items}

    def create(self, task: str, definition: Json, group: str, overrides: Json) -> None:
        """Start a task; one that is there already is no error."""
        pod = pod_of(task, definition, group, overrides, self.namespace)
        self._call("POST", f"/api/v1/namespaces/{self.namespace}/pods", pod, well=(HTTPStatus.CONFLICT,))

    def delete(self, task: str, grace: int | None = None) -> None:
        """Stop a task, by its own `stopTimeout` where no `grace` in seconds is given."""
        body: Json = {} if grace is None else {"gracePeriodSeconds": grace}
        path = f"/api/v1/namespaces/{self.namespace}/pods/{self.namespace}-{task}"
        self._call("DELETE", path, body, well=(HTTPStatus.NOT_FOUND,))

    def _call(self, method: str, path: str, body: Json | None = None, well: tuple[int, ...] = ()) -> Json | None:
        token = self.token.read_text(encoding="utf-8").strip()
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.api}{path}", data, headers, method=method)  # noqa: S310 - our own
        trust = ssl.create_default_context(cafile=str(self.authority))
        try:
            with urllib.request.urlopen(request, timeout=WITHIN, context=trust) as answer:  # noqa: S310
                found: Json = json.load(answer)
                return found
        except urllib.error.HTTPError as error:
            with error:
                if error.code in well:
                    return None
                raise OSError(f"{method} {path}: {error.code} {error.read()[:300]!r}") from error


def pod_of(task: str, definition: Json, group: str, overrides: Json, namespace: str = NAMESPACE) -> Json:
    """The pod of one task. Nothing of it is restarted: ECS starts another task."""
    labels: dict[str, str] = {}
    for container in definition["containerDefinitions"]:
        labels |= container.get("dockerLabels") or {}
    own = {name: value for name, value in labels.items() if name.startswith(OWN_LABEL)}
    changed = {one["name"]: one for one in overrides.get("containerOverrides") or []}
    containers = definition["containerDefinitions"]
    grace = max(int(one.get("stopTimeout") or STOP_TIMEOUT) for one in containers)
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"{namespace}-{task}",
            "namespace": namespace,
            "labels": {"ecs-group": group.replace(":", "."), **own},
            "annotations": labels,
        },
        "spec": {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "terminationGracePeriodSeconds": grace,
            "containers": [_container(one, changed.get(one["name"]) or {}) for one in containers],
        },
    }


def _container(definition: Json, override: Json) -> Json:
    found: Json = {"name": definition["name"], "image": definition["image"]}
    if entry := definition.get("entryPoint"):
        found["command"] = entry
    if command := override.get("command") or definition.get("command"):
        found["args"] = command
    variables = {one["name"]: one["value"] for one in definition.get("environment") or []}
    variables |= {one["name"]: one["value"] for one in override.get("environment") or []}
    found["env"] = [{"name": name, "value": value} for name, value in variables.items()]
    found["ports"] = [{"containerPort": one["containerPort"]} for one in definition.get("portMappings") or []]
    found["securityContext"] = {"readOnlyRootFilesystem": bool(definition.get("readonlyRootFilesystem"))}
    if user := definition.get("user"):
        found["securityContext"]["runAsUser"] = int(user)
    if memory := definition.get("memory"):
        found["resources"] = {"limits": {"memory": f"{memory}Mi"}, "requests": {"memory": "0"}}
    return found


def _seen(pod: Json) -> Seen:
    status = pod.get("status") or {}
    codes, reasons, trouble = {}, {}, ""
    for one in status.get("containerStatuses") or []:
        state = one.get("state") or {}
        if ended := state.get("terminated"):
            codes[one["name"]] = int(ended["exitCode"])
            if ended.get("reason") == "OOMKilled":
                reasons[one["name"]] = "OutOfMemoryError: Container killed due to memory usage"
        waiting = state.get("waiting") or {}
        trouble = trouble or _trouble(str(waiting.get("reason") or ""), str(waiting.get("message") or ""))
    deleting = "deletionTimestamp" in pod["metadata"]
    return Seen(str(status.get("phase") or ""), str(status.get("podIP") or ""), codes, reasons, trouble, deleting)


def _trouble(reason: str, message: str) -> str:
    if reason in IMAGE_TROUBLES:
        return f"CannotPullContainerError: {message or reason}"
    return f"CannotStartContainerError: {message or reason}" if reason in CONTAINER_TROUBLES else ""
