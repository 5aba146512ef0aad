"""As much of an API server's storage as rollouts need: versions, conflicts, selectors, and a gateway that accepts."""

from __future__ import annotations

import json
from typing import Any

from bench.fleet.objects import STAMP

Json = dict[str, Any]
Answer = tuple[int, bytes]


def encoded(content: Json) -> bytes:
    """As it is sent."""
    return json.dumps(content, separators=(",", ":")).encode()


def refusal(code: int, reason: str) -> Answer:
    """Kubernetes' own way to say no."""
    return code, encoded({"kind": "Status", "status": "Failure", "reason": reason, "message": reason, "code": code})


class Store:
    """Objects by path. Bodies are kept encoded, so that a read costs nothing: it is not what is measured."""

    def __init__(self) -> None:
        self._objects: dict[str, Json] = {}
        self._bodies: dict[str, bytes] = {}
        self._folders: dict[str, dict[str, Json]] = {}
        self._count = 0

    def put(self, path: str, content: Json) -> Json:
        """Write it as the next version; a route is accepted at once."""
        self._count += 1
        former = self._objects.get(path, {}).get("metadata", {})
        folder, _, name = path.rpartition("/")
        same = bool(former) and content.get("spec") == self._objects[path].get("spec")
        generation = former.get("generation", 0) + (0 if same else 1)
        meta = {**content.get("metadata", {}), "name": name, "generation": generation, "creationTimestamp": STAMP}
        meta |= {"uid": former.get("uid", f"u{self._count}"), "resourceVersion": str(self._count)}
        content = {**content, "metadata": meta}
        if folder.endswith("/httproutes"):
            content["status"] = {"parents": [_accepted(one, generation) for one in content["spec"]["parentRefs"]]}
        self._objects[path] = self._folders.setdefault(folder, {})[name] = content
        self._bodies[path] = encoded(content)
        return content

    def shares(self, namespace: str) -> dict[str, dict[str, float]]:
        """Route -> Service -> percent."""
        routes = self._folders.get(f"/apis/gateway.networking.k8s.io/v1/namespaces/{namespace}/httproutes", {})
        found = {}
        for name, route in routes.items():
            users = route["spec"]["rules"][-1]["backendRefs"]
            total = sum(one.get("weight", 1) for one in users) or 1
            found[name] = {one["name"]: 100.0 * one.get("weight", 1) / total for one in users}
        return found

    def answer(self, method: str, path: str, query: dict[str, str], body: bytes) -> Answer:
        """One request."""
        if method == "GET":
            return self._read(path, query.get("labelSelector", ""))
        if method == "DELETE":
            return self._remove(path)
        return self._write(method, path, json.loads(body))

    def _read(self, path: str, selector: str) -> Answer:
        target = path.removesuffix("/scale")
        if target in self._bodies:
            return 200, self._bodies[target]
        if path.rpartition("/")[2] in ("deployments", "pods", "endpointslices", "configmaps", "httproutes", "leases"):
            folder = self._folders.get(path, {})
            fits = [f"{path}/{name}" for name, one in folder.items() if matches(selector, one["metadata"])]
            return 200, b'{"metadata":{},"items":[' + b",".join(self._bodies[one] for one in fits) + b"]}"
        return refusal(404, "NotFound")

    def _remove(self, path: str) -> Answer:
        if path not in self._objects:
            return refusal(404, "NotFound")
        folder, _, name = path.rpartition("/")
        del self._objects[path], self._folders[folder][name]
        return 200, self._bodies.pop(path)

    def _write(self, method: str, path: str, content: Json) -> Answer:
        if method == "POST":
            path = f"{path}/{content['metadata']['name']}"
            if path in self._objects:
                return refusal(409, "AlreadyExists")
        target = path.removesuffix("/scale")
        former = self._objects.get(target)
        if former is None and method != "POST":
            return refusal(404, "NotFound")
        expected = content.get("metadata", {}).get("resourceVersion")
        if former is not None and expected not in (None, former["metadata"]["resourceVersion"]):
            return refusal(409, "Conflict")
        if method == "PATCH":
            content = merged(former or {}, content)
        return 200, encoded(self.put(target, content))


def merged(former: Json, patch: Json) -> Json:
    """A JSON merge patch that removes nothing."""
    both = {key: merged(former.get(key) or {}, value) for key, value in patch.items() if isinstance(value, dict)}
    return {**former, **patch, **both}


def matches(selector: str, meta: Json) -> bool:
    """Equality and `in`."""
    labels = meta.get("labels") or {}
    return all(labels.get(key) in values for key, values in _terms(selector))


def _terms(selector: str) -> list[tuple[str, list[str]]]:
    found, rest = [], selector
    while rest:
        key, values, rest = _term(rest)
        found.append((key, values))
    return found


def _term(text: str) -> tuple[str, list[str], str]:
    if " in (" in text.partition(",")[0]:
        key, _, rest = text.partition(" in (")
        values, _, rest = rest.partition(")")
        return key, values.split(","), rest.removeprefix(",")
    term, _, rest = text.partition(",")
    key, _, value = term.partition("=")
    return key, [value], rest


def _accepted(gateway: Json, generation: int) -> Json:
    kinds = ("Accepted", "ResolvedRefs")
    conditions = [{"type": kind, "status": "True", "observedGeneration": generation} for kind in kinds]
    return {"parentRef": gateway, "controllerName": "bench", "conditions": conditions}
