"""As much of an API server as the adaptors need, behind a real lightkube client: versions, conflicts, selectors."""

from __future__ import annotations

import copy
import json
from collections import deque
from collections.abc import Callable
from typing import Any

import httpx2
from lightkube import Client, KubeConfig
from lightkube.config.models import Cluster, User

NAMESPACE = "shop"
Json = dict[str, Any]
Effect = Callable[[httpx2.Request], httpx2.Response | None]


class Api:
    """`objects` by path. `before` holds effects on the next requests: each may answer, raise, or just change things."""

    def __init__(self) -> None:
        self.objects: dict[str, Json] = {}
        self.requests: list[httpx2.Request] = []
        self.before: deque[Effect] = deque()
        self._count = 0

    def client(self) -> Client:
        config = KubeConfig.from_one(
            cluster=Cluster(server="https://api.example"), user=User(username="u"), namespace=NAMESPACE
        )
        return Client(config, transport=httpx2.MockTransport(self._answer))

    def put(self, path: str, content: Json) -> None:
        """Somebody else writes an object."""
        former = self.objects.get(path, {}).get("metadata", {})
        self._store(path, copy.deepcopy(content), former)

    def change(self, path: str, change: Callable[[Json], None]) -> None:
        """Somebody else changes an object."""
        content = copy.deepcopy(self.objects[path])
        change(content)
        self.put(path, content)

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        if self.before and (answer := self.before.popleft()(request)) is not None:
            return answer
        path = request.url.path
        if request.method == "GET":
            return self._read(path, request)
        if request.method == "DELETE":
            return answer_of(self.objects.pop(path)) if path in self.objects else refusal(404, "not found")
        return self._write(path, request)

    def _read(self, path: str, request: httpx2.Request) -> httpx2.Response:
        if path in self.objects:
            return answer_of(self.objects[path])
        terms = dict(term.split("=") for term in request.url.params.get("labelSelector", "").split(",") if term)
        found = [
            content
            for key, content in self.objects.items()
            if key.rpartition("/")[0] == path and terms.items() <= content["metadata"].get("labels", {}).items()
        ]
        if found or path.rpartition("/")[2] in ("configmaps", "pods", "endpointslices"):
            return answer_of({"items": found, "metadata": {}})
        return refusal(404, "not found")

    def _write(self, path: str, request: httpx2.Request) -> httpx2.Response:
        content = json.loads(request.content)
        if request.method == "POST":
            path = f"{path}/{content['metadata']['name']}"
            if path in self.objects:
                return refusal(409, "already exists")
        elif path.removesuffix("/scale") not in self.objects:
            return refusal(404, "not found")
        former = self.objects.get(path.removesuffix("/scale"), {})
        wanted = content.get("metadata", {}).get("resourceVersion")
        if former and wanted not in (None, former["metadata"]["resourceVersion"]):
            return refusal(409, "the object has been modified")
        if request.method == "PATCH":
            content = merged(former, content)
        stored = self._store(path.removesuffix("/scale"), content, former.get("metadata", {}))
        if path.endswith("/scale"):
            stored = {"metadata": stored["metadata"], "spec": {"replicas": stored["spec"]["replicas"]}}
        return answer_of(stored)

    def _store(self, path: str, content: Json, former: Json) -> Json:
        self._count += 1
        meta = content.setdefault("metadata", {})
        same = content.get("spec") == self.objects.get(path, {}).get("spec")
        generation = former.get("generation", 0) + (0 if same and former else 1)
        meta.update(
            name=path.rpartition("/")[2],
            namespace=NAMESPACE,
            uid=former.get("uid", f"u{self._count}"),
            resourceVersion=str(self._count),
            generation=generation,
        )
        self.objects[path] = content
        return content


def merged(former: Json, patch: Json) -> Json:
    """A JSON merge patch (RFC 7386)."""
    result = copy.deepcopy(former)
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict):
            result[key] = merged(result.get(key) or {}, value)
        else:
            result[key] = value
    return result


def answer_of(content: Json) -> httpx2.Response:
    return httpx2.Response(200, json=content)


def refusal(code: int, message: str) -> httpx2.Response:
    return httpx2.Response(code, json={"kind": "Status", "status": "Failure", "message": message, "code": code})


def answering(response: httpx2.Response) -> Effect:
    """An effect that answers instead of the server."""
    return lambda _: response


def failing(error: Exception) -> Effect:
    """An effect that breaks the connection."""

    def effect(_: httpx2.Request) -> httpx2.Response | None:
        raise error

    return effect


def doing(action: Callable[[], object]) -> Effect:
    """An effect of somebody else, just before the request is served."""

    def effect(_: httpx2.Request) -> httpx2.Response | None:
        action()
        return None

    return effect


def untouched(_: httpx2.Request) -> httpx2.Response | None:
    """No effect on this request."""
    return None
