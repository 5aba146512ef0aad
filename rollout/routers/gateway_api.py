"""The router for the Gateway API: one HTTPRoute named after the service, written whole and by nobody else.

A preview by header is the first rule of that route, so there is one object with one version. A preview by host
name needs a second route, `<service>.preview`: it is written before the first, removed after it, and carries no
traffic of users, so that the order of the two does not matter to them.
"""

from __future__ import annotations

from typing import Any

from lightkube import Client
from lightkube.generic_resource import create_namespaced_resource

from release.errors import ClusterError, Conflict
from release.labels import SERVICE_LABEL
from release.manifest.route import Route
from release.manifest.strategy import Preview
from release.rollout_inputs import Backend
from rollout.cluster.calls import absent, calling
from rollout.cluster.objects import MANAGED_BY
from rollout.routers.base import ROUTE_OWNER_LABEL, Draw, Live, Split
from rollout.routers.httproute import (
    acceptance,
    body_of,
    check_preview,
    preview_spec_of,
    shares_of,
    spec_of,
    wanted_body,
)
from rollout.routers.parts import Json

HTTPRoute = create_namespaced_resource("gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes")
PREVIEW_ANNOTATION = "slipway.dev/preview-route"
ATTEMPTS = 6
_KEPT = ("annotations", "finalizers", "labels", "ownerReferences", "resourceVersion")


class GatewayApiRouter:
    """See rollout.routers.base.Router.

    `Live.version` is `<uid>/<generation>`: the gateway's controller writes the status of the same object after
    each change, so that a resourceVersion is out of date at once, while the generation counts changes of the spec.
    """

    def __init__(self, client: Client, namespace: str, service: str) -> None:
        self._client = client
        self._namespace = namespace
        self._service = service
        self._preview_name = f"{service}.preview"

    def read(self) -> Live | None:
        """The live route, None when there is none."""
        found = self._get(self._service)
        return self._live(found) if found is not None else None

    def apply(self, route: Route, split: Split, expect: str | None) -> Live:
        """Write the whole route by compare-and-swap on its spec."""
        check_preview(split.preview)
        spec, preview = spec_of(route, split), preview_spec_of(route, split.preview)
        if preview is not None:
            self._write_preview(preview)
        written = self._swap(spec, expect, has_preview=preview is not None)
        if preview is None:
            self._remove(self._preview_name)
        return self._live(written)

    def claim(self) -> Live | None:
        """Stamp the route with writer and owner."""
        return self.read()

    def body(self, route: Route, preview: tuple[Backend, Preview] | None = None, sticky: Draw | None = None) -> str:
        """What `Live.body` is while the route is as wanted."""
        return wanted_body(route, preview, sticky)

    def delete(self) -> None:
        """Remove the route and its preview."""
        self._remove(self._service)
        self._remove(self._preview_name)

    def _live(self, found: Json) -> Live:
        problem, preview = acceptance(found), None
        if PREVIEW_ANNOTATION in (found["metadata"].get("annotations") or {}):
            preview = self._get(self._preview_name)
            problem = problem or (acceptance(preview) if preview is not None else "the preview route is missing")
        return Live(
            shares=shares_of(found["spec"]),
            version=_version(found),
            accepted=not problem,
            problem=problem,
            managed=self._is_ours(found),
            body=body_of(found["spec"], preview["spec"] if preview is not None else None),
        )

    def _swap(self, spec: Json, expect: str | None, *, has_preview: bool) -> Json:
        for _ in range(ATTEMPTS):
            found = self._get(self._service)
            self._refuse_foreign(found)
            live = _version(found) if found is not None else None
            if live != expect:
                raise Conflict(f"{self._what(self._service)}: expected version {expect}, found {live}")
            try:
                return self._put(self._service, spec, found, has_preview=has_preview)
            except Conflict:
                # Either the gateway wrote the status, which is nothing to us, or the next look tells who it was.
                continue
        raise Conflict(f"{self._what(self._service)}: others keep writing it")

    def _write_preview(self, spec: Json) -> None:
        for _ in range(ATTEMPTS):
            found = self._get(self._preview_name)
            self._refuse_foreign(found)
            try:
                self._put(self._preview_name, spec, found)
            except Conflict:
                continue
            return
        raise Conflict(f"{self._what(self._preview_name)}: others keep writing it")

    def _put(self, name: str, spec: Json, former: Json | None, *, has_preview: bool = False) -> Json:
        meta: Any = {key: former["metadata"][key] for key in _KEPT if former and key in former["metadata"]}
        annotations = {**meta.get("annotations", {}), PREVIEW_ANNOTATION: self._preview_name}
        if not has_preview:
            del annotations[PREVIEW_ANNOTATION]
        labels = {**meta.get("labels", {}), **MANAGED_BY, **self._labels()}
        meta.update(name=name, namespace=self._namespace, labels=labels, annotations=annotations)
        wanted = HTTPRoute(metadata=meta, spec=spec)
        with calling(self._what(name)), absent():
            written: Json = self._client.replace(wanted) if former is not None else self._client.create(wanted)
            return written
        raise Conflict(f"{self._what(name)}: somebody deleted it in between")

    def _remove(self, name: str) -> None:
        found = self._get(name)
        if found is None:
            return
        self._refuse_foreign(found)
        with calling(self._what(name)), absent():
            self._client.delete(HTTPRoute, name, namespace=self._namespace)

    def _get(self, name: str) -> Json | None:
        with calling(self._what(name)), absent():
            found: Json = self._client.get(HTTPRoute, name, namespace=self._namespace)
            return found
        return None

    def _labels(self) -> dict[str, str]:
        return {ROUTE_OWNER_LABEL: self._service, SERVICE_LABEL: self._service}

    def _is_ours(self, found: Json) -> bool:
        return bool((found["metadata"].get("labels") or {}).get(ROUTE_OWNER_LABEL) == self._service)

    def _refuse_foreign(self, found: Json | None) -> None:
        if found is not None and not self._is_ours(found):
            what = self._what(found["metadata"]["name"])
            raise ClusterError(
                f"{what} was made by somebody else and is left alone; delete it, or hand it over by the label "
                f"{ROUTE_OWNER_LABEL}={self._service}"
            )

    def _what(self, name: str) -> str:
        return f"HTTPRoute {self._namespace}/{name}"


def _version(found: Json) -> str:
    meta: dict[str, Any] = found["metadata"]
    return f"{meta['uid']}/{meta['generation']}"
