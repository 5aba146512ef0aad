"""As much of an API server as the adaptors need, behind a real lightkube client: versions, conflicts, selectors."""

from __future__ import annotations

import copy
import json
import re
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
from lightkube import Client, KubeConfig
from lightkube.config.models import Cluster, User

from slipway.rollout.platforms.trying import Patience

NAMESPACE = "shop"
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
TERM = re.compile(r"([\w./-]+)(?: in \(([^)]*)\)|=([^,]*))")
COLLECTIONS = ("configmaps", "deployments", "endpointslices", "events", "httproutes", "jobs", "pods")
Json = dict[str, Any]
Effect = Callable[[httpx2.Request], httpx2.Response | None]


class Api:
    """`objects` by path. `before` holds effects on the next requests: each may answer, raise, or just change things;
    `on_request` is called with each of them before it is served, and `on_answer` after that. `patience` waits by a
    clock of its own."""

    def __init__(self) -> None:
        self.objects: dict[str, Json] = {}
        self.requests: list[httpx2.Request] = []
        self.before: deque[Effect] = deque()
        self.on_request: Callable[[httpx2.Request], object] = lambda _: None
        self.on_answer: Callable[[httpx2.Request], object] = lambda _: None
        self.waited: list[float] = []
        self.patience = Patience(pause=self.waited.append, clock=lambda: sum(self.waited))
        self._count = 0

    def client(self) -> Client:
        config = KubeConfig.from_one(
            # Nothing is sent, so no certificates need to be read, which takes far longer than a test.
            cluster=Cluster(server="https://api.example", insecure=True),
            user=User(username="u"),
            namespace=NAMESPACE,
        )
        return Client(config, transport=httpx2.MockTransport(self._answer), field_manager="slipway-rollout")

    @property
    def writes(self) -> list[httpx2.Request]:
        """The requests that change something, as they came."""
        return [request for request in self.requests if request.method != "GET"]

    def put(self, path: str, content: Json, by: str = "somebody") -> None:
        """Somebody else writes an object."""
        former = self.objects.get(path, {}).get("metadata", {})
        self._store(path, copy.deepcopy(content), former, by)

    def change(self, path: str, change: Callable[[Json], None], by: str = "somebody") -> None:
        """Somebody else changes an object."""
        content = copy.deepcopy(self.objects[path])
        change(content)
        self.put(path, content, by)

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        if self.before and (answer := self.before.popleft()(request)) is not None:
            return answer
        self.on_request(request)
        answer = self.serve(request)
        self.on_answer(request)
        return answer

    @property
    def content(self) -> dict[str, Json]:
        """A copy of all objects, without what counts and dates writes."""
        found = copy.deepcopy(self.objects)
        for one in found.values():
            for key in ("resourceVersion", "uid", "managedFields", "generation"):
                one["metadata"].pop(key, None)
        return found

    def serve(self, request: httpx2.Request) -> httpx2.Response:
        """Do what is asked, without any effect."""
        path = request.url.path
        if request.method == "GET":
            return self._read(path, request)
        if request.method == "DELETE":
            return self._remove(path, request)
        return self._write(path, request)

    def _remove(self, path: str, request: httpx2.Request) -> httpx2.Response:
        if path not in self.objects:
            return refusal(404, "not found")
        wanted = json.loads(request.content or b"{}").get("preconditions", {})
        if not wanted.items() <= self.objects[path]["metadata"].items():
            return refusal(409, "the precondition does not hold")
        return answer_of(self.objects.pop(path))

    def _read(self, path: str, request: httpx2.Request) -> httpx2.Response:
        if path in self.objects:
            return answer_of(self.objects[path])
        if (scaled := path.removesuffix("/scale")) != path and scaled in self.objects:
            return answer_of(_scale(self.objects[scaled]))
        terms = TERM.findall(request.url.params.get("labelSelector", ""))
        found = [
            content
            for key, content in self.objects.items()
            if key.rpartition("/")[0] == path and _fits(terms, content["metadata"].get("labels", {}))
        ]
        if found or path.rpartition("/")[2] in COLLECTIONS:
            return paged(found, request)
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
        by = request.url.params.get("fieldManager", "")
        stored = self._store(path.removesuffix("/scale"), content, former.get("metadata", {}), by)
        return answer_of(_scale(stored) if path.endswith("/scale") else stored)

    def _store(self, path: str, content: Json, former: Json, by: str) -> Json:
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
        if not (same and former):
            entry = {
                "manager": by,
                "time": (EPOCH + timedelta(seconds=self._count)).isoformat(),
                "fieldsV1": {"f:spec": {}},
            }
            meta["managedFields"] = [*(one for one in former.get("managedFields", []) if one["manager"] != by), entry]
        else:
            meta["managedFields"] = former.get("managedFields", [])
        self.objects[path] = content
        return content


def _scale(found: Json) -> Json:
    return {"metadata": found["metadata"], "spec": {"replicas": found["spec"]["replicas"]}}


def _fits(terms: list[tuple[str, str, str]], labels: dict[str, str]) -> bool:
    return all(labels.get(key) in (several.split(",") if several else [one]) for key, several, one in terms)


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


def paged(found: list[Json], request: httpx2.Request) -> httpx2.Response:
    """A list in answers of `limit` items, each but the last with a token for the next."""
    start, limit = (int(request.url.params.get(name, 0)) for name in ("continue", "limit"))
    end = start + limit if limit else len(found)
    return answer_of({"items": found[start:end], "metadata": {"continue": str(end)} if end < len(found) else {}})


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


def unanswered(api: Api, error: Exception | None = None) -> Effect:
    """An effect that does what is asked and loses the answer."""

    def effect(request: httpx2.Request) -> httpx2.Response | None:
        api.serve(request)
        raise error or httpx2.ReadTimeout("slow")

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
