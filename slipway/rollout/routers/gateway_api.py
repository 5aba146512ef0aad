"""The router for the Gateway API: one HTTPRoute named after the service, of which it is the only writer.

A preview by header is the first rule of that route, so there is one object with one version. A preview by host
name needs a second route, `<service>.preview`: it is written before the first, removed after it, and carries no
traffic of users, so that the order of the two does not matter to them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from lightkube import Client
from lightkube.generic_resource import create_namespaced_resource

from slipway.release.errors import ClusterError, Conflict
from slipway.release.labels import MANAGED_BY, SERVICE_LABEL, STACK_LABEL
from slipway.release.manifest.plan import Mirrored
from slipway.release.manifest.route import Route
from slipway.release.manifest.strategy import Preview
from slipway.release.rollout_inputs import Backend
from slipway.rollout.platforms.kubernetes.requests import Requests
from slipway.rollout.platforms.kubernetes.view import view_of
from slipway.rollout.platforms.trying import Patience
from slipway.rollout.process.fence import UNFENCED, Fence
from slipway.rollout.routers.base import ROUTE_OWNER_LABEL, ClientAssignment, LiveRoute, Split, refuse_other_stack
from slipway.rollout.routers.changes import describe_changes
from slipway.rollout.routers.foreign import (
    FORMER_ANNOTATION,
    former_of,
    former_target,
    read_former,
    refuse_unequal,
    target_of,
)
from slipway.rollout.routers.foreign_rules import Target
from slipway.rollout.routers.foreign_writers import refuse_other_writers
from slipway.rollout.routers.httproute import (
    acceptance,
    changed_by,
    check_preview,
    is_behind,
    mirrored_of,
    preview_spec_of,
    settings_hash_of,
    settings_of,
    shares_of,
    spec_of,
    wanted_hash,
    wanted_settings,
)
from slipway.rollout.routers.parts import Json
from slipway.rollout.routers.rivals import claims, loses_to_methods, share_a_match
from slipway.rollout.routers.ruled import OTHERS_ANNOTATION, Users, users_rules

HTTPRoute = create_namespaced_resource("gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes")
PREVIEW_ANNOTATION = "slipway.dev/preview-route"
WRITER_ANNOTATION = "slipway.dev/rollout"
"""The attempt that wrote or claimed the route last."""
ATTEMPTS = 6
_OF_THE_SPEC = (PREVIEW_ANNOTATION, OTHERS_ANNOTATION)
"""Annotations without which the spec is not understood."""
_KEPT = ("annotations", "finalizers", "labels", "ownerReferences", "resourceVersion")


class GatewayApiRouter:
    """See slipway.rollout.routers.base.Router.

    `LiveRoute.version` is `<uid>/<generation>/<writer>`: the gateway's controller writes the status of the same object
    after each change, so that a resourceVersion is out of date at once, while the generation counts changes of the
    spec. With the writer in it, the claim of a new holder makes every version that an earlier one has read a Conflict.
    """

    def __init__(
        self,
        client: Client,
        namespace: str,
        service: str,
        fence: Fence = UNFENCED,
        stack: str = "",
        patience: Patience | None = None,
        *,
        any_generation: bool = False,
        hold_idle: bool = False,
    ) -> None:
        """`any_generation`: the controller writes no generation into the route's status. `hold_idle`: it configures
        nothing of a backend at weight 0, unless another rule names it."""
        self._client = client
        self._any_generation = any_generation
        self._hold_idle = hold_idle
        self._requests = Requests(client, fence, patience)
        self._fence = fence
        self._stack = stack
        self._namespace = namespace
        self._service = service
        self._preview_name = f"{service}.preview"
        self._view = view_of(client, namespace)
        self._understood: tuple[tuple[str | None, ...], LiveRoute] | None = None
        """Versions of route and preview, and what they mean: a route that did not change is not worked out again."""

    def read(self, max_age: float = 0.0) -> LiveRoute | None:
        """The live route, None when there is none."""
        found = self._read_shared(max_age) if max_age > 0 and self._view.usable else None
        found = found or self._get(self._service)  # It may have no label of ours.
        return self._live(found) if found is not None else None

    def apply(self, route: Route, split: Split, expect: str | None) -> LiveRoute:
        """Write the whole route by compare-and-swap on its spec and its writer."""
        check_preview(split.preview)
        spec, preview = spec_of(route, split, hold_idle=self._hold_idle), preview_spec_of(route, split.preview)
        if preview is not None:
            self._write_preview(preview)
        marks = {PREVIEW_ANNOTATION: self._preview_name} if preview is not None else {}
        written = self._swap(spec, expect, marks | _told(route))
        if preview is None:
            self._remove(self._preview_name)
        return self._live(written)

    def claim(self) -> LiveRoute | None:
        """Stamp the route, and its preview, with writer and owner."""
        claimed = None
        for name in (self._preview_name, self._service):
            claimed = self._claim(name)
        return self._live(claimed) if claimed is not None else None

    def check_take_over(self, route: Route, backend: Backend) -> None:
        """Read the live route, and compare."""
        self._foreign(route, backend)

    def take_over(self, route: Route, backend: Backend) -> LiveRoute:
        """Stamp a foreign route that says what is wanted, and keep what it was in an annotation."""
        what = self._what(self._service)
        for _ in range(ATTEMPTS):
            found = self._foreign(route, backend)
            if self._is_ours(found):
                return self._live(found)
            meta: Any = self._stamped(found["metadata"], self._service)
            meta["annotations"] |= {FORMER_ANNOTATION: former_of(found, backend.entry), **_told(route)}
            try:
                return self._live(
                    self._requests.replace(what, HTTPRoute(metadata=meta, spec=found["spec"]), exact=True)
                )
            except Conflict:
                continue
        raise Conflict(f"{what}: others keep writing it")

    def give_back(self) -> None:
        """Write spec and labels as they were, without any mark of Slipway's."""
        what = self._what(self._service)
        for _ in range(ATTEMPTS):
            found = self._get(self._service)
            if found is None or not self._is_ours(found):
                self._remove(self._preview_name)
                return
            self._refuse_foreign(found)
            former = _marks(found).get(FORMER_ANNOTATION)
            if former is None:
                raise ClusterError(f"{what} was made by Slipway and not taken over; `pulumi destroy` deletes it")
            spec, labels = read_former(former)
            meta: Any = {key: found["metadata"][key] for key in _KEPT if key in found["metadata"]}
            ours = (FORMER_ANNOTATION, WRITER_ANNOTATION, STACK_LABEL, *_OF_THE_SPEC)
            meta["annotations"] = {key: value for key, value in _marks(found).items() if key not in ours}
            meta["labels"] = labels
            meta |= {"name": self._service, "namespace": self._namespace}
            # Read back: after a lost answer, what was not written yet holds all that was sent, and its marks too.
            with contextlib.suppress(Conflict):
                self._requests.replace(what, HTTPRoute(metadata=meta, spec=spec), exact=True)
        raise Conflict(f"{what}: others keep writing it")

    def settings_hash(
        self,
        route: Route,
        preview: tuple[Backend, Preview] | None = None,
        sticky: ClientAssignment | None = None,
        mirror: tuple[Backend, Mirrored] | None = None,
    ) -> str:
        """What `LiveRoute.settings_hash` is while the route is as wanted."""
        return wanted_hash(route, preview, sticky, mirror)

    def settings(self, route: Route) -> Json:
        """What `LiveRoute.settings` is while the route is as wanted."""
        return wanted_settings(route)

    def rivals(self, route: Route) -> list[str]:
        """The names of other routes of the namespace that have a host name and a match of this one."""
        wanted = claims(route)
        return [name for name, spec in self._others() if share_a_match(spec, route, wanted)]

    def losing_to_copies(self, route: Route) -> list[str]:
        """The names of other routes of the namespace that are told apart from this one by headers alone."""
        return [name for name, spec in self._others() if loses_to_methods(spec, self._namespace, route)]

    def delete(self) -> None:
        """Remove the route and its preview."""
        self._remove(self._service)
        self._remove(self._preview_name)

    def _others(self) -> list[tuple[str, Json]]:
        """Names and specs of the routes of the namespace that are not of this service."""
        what, own = f"HTTPRoutes in {self._namespace}", (self._service, self._preview_name)
        found = self._requests.ask(what, lambda: list(self._client.list(HTTPRoute, namespace=self._namespace)))
        return [(str(one["metadata"]["name"]), one["spec"]) for one in found if one["metadata"]["name"] not in own]

    def _foreign(self, route: Route, backend: Backend) -> Json:
        found, what = self._get(self._service), self._what(self._service)
        if found is None:
            raise ClusterError(f"{what} does not exist, so there is nothing to take over")
        wanted = Target(backend.entry, backend.port)
        if not self._is_ours(found):
            refuse_unequal(found["spec"], self._namespace, route, wanted)
            refuse_other_writers(found["metadata"], what)
        elif (target := self._target(found)) not in (None, wanted):
            raise ClusterError(
                f"{what} sends to {target}, and the manifest says {wanted}: adopt the service as it is first"
            )
        return found

    def _target(self, found: Json) -> Target | None:
        """Where a route of ours sends everything that is the service's; None where that is not one place."""
        users = _users(found)
        if users is None:
            return target_of(found["spec"], self._namespace)
        places = {
            Target(str(one["name"]), int(one["port"]))
            for rule in users_rules(found["spec"].get("rules") or [], users)
            for one in rule.get("backendRefs") or []
            if users.has(one)
        }
        return places.pop() if len(places) == 1 else None

    def _read_shared(self, max_age: float) -> Json | None:
        try:
            listed = self._view.of(HTTPRoute, SERVICE_LABEL).get(self._service, self._service, max_age) or []
        except ClusterError:
            self._view.rest()
            return None
        return next((one for one in listed if one["metadata"]["name"] == self._service), None)

    def _live(self, found: Json) -> LiveRoute:
        preview = self._get(self._preview_name) if PREVIEW_ANNOTATION in _marks(found) else None
        seen = tuple(_resource_version(one) for one in (found, preview))
        if self._understood is None or self._understood[0] != seen:
            self._understood = seen, self._read_out(found, preview)
        return self._understood[1]

    def _read_out(self, found: Json, preview: Json | None) -> LiveRoute:
        problem, marks, behind = self._acceptance(found), _marks(found), is_behind(found)
        if PREVIEW_ANNOTATION in marks:
            problem = problem or (self._acceptance(preview) if preview is not None else "the preview route is missing")
        spec, users = found["spec"], _users(found)
        return LiveRoute(
            shares=shares_of(spec, users),
            version=_version(found),
            accepted=not problem,
            problem=problem,
            managed=self._is_ours(found),
            settings_hash=settings_hash_of(spec, preview["spec"] if preview is not None else None, users),
            writer=marks.get(WRITER_ANNOTATION, ""),
            owner=marks.get(STACK_LABEL, ""),
            changed_by=changed_by(found),
            settings=settings_of(spec, users),
            former=former_target(marks.get(FORMER_ANNOTATION, "")),
            mirrored=mirrored_of(spec, users),
            behind=behind,
        )

    def _acceptance(self, found: Json) -> str:
        return acceptance(found, any_generation=self._any_generation)

    def _swap(self, spec: Json, expect: str | None, marks: dict[str, str]) -> Json:
        what = self._what(self._service)
        for _ in range(ATTEMPTS):
            found = self._get(self._service)
            self._refuse_foreign(found)
            live = _version(found) if found is not None else None
            if live != expect and found is not None and self._is_own(found, spec, marks):
                return found  # An earlier call wrote this, and failed afterwards.
            if live != expect:
                raise Conflict(f"{what}: expected version {expect}, found {live}{_who(found)}")
            try:
                return self._put(self._service, spec, found, marks)
            except Conflict:
                # Either the gateway wrote the status, which does not matter here, or the next look shows who wrote.
                continue
        raise Conflict(f"{what}: others keep writing it")

    def _is_own(self, found: Json, spec: Json, marks: dict[str, str]) -> bool:
        """Whether this very attempt has written this spec."""
        live, writer = _marks(found), self._fence.writer
        same = bool(writer) and live.get(WRITER_ANNOTATION) == writer and found["spec"] == spec
        return same and {key: live[key] for key in _OF_THE_SPEC if key in live} == marks

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

    def _claim(self, name: str) -> Json | None:
        for _ in range(ATTEMPTS):
            found = self._get(name)
            if found is None:
                return None
            self._refuse_foreign(found, any_stack=True)
            meta: Any = self._stamped(found["metadata"], name)
            wanted = HTTPRoute(metadata=meta, spec=found["spec"])
            try:
                replaced: Json = self._requests.replace(self._what(name), wanted, exact=True)
            except Conflict:
                continue
            return replaced
        raise Conflict(f"{self._what(name)}: others keep writing it")

    def _put(self, name: str, spec: Json, former: Json | None, marks: Mapping[str, str] | None = None) -> Json:
        meta: Any = self._stamped(former["metadata"] if former is not None else {}, name)
        kept = {key: value for key, value in meta["annotations"].items() if key not in _OF_THE_SPEC}
        meta["annotations"] = {**kept, **(marks or {})}
        wanted = HTTPRoute(metadata=meta, spec=spec)
        write = self._requests.replace if former is not None else self._requests.create
        written: Json = write(self._what(name), wanted, exact=True)
        if (lost := describe_changes(spec, written["spec"])) != "":
            raise ClusterError(
                f"{self._what(name)}: the cluster did not keep it as it was written: {lost}; check the version of the "
                "definition of HTTPRoutes there, and what changes them on their way"
            )
        return written

    def _stamped(self, former: Json, name: str) -> Json:
        """The metadata to write: what others have set stays."""
        meta: Json = {key: former[key] for key in _KEPT if key in former}
        marks = {WRITER_ANNOTATION: self._fence.writer, STACK_LABEL: self._stack}
        meta["annotations"] = {**(meta.get("annotations") or {}), **{key: mark for key, mark in marks.items() if mark}}
        meta["labels"] = {**(meta.get("labels") or {}), **MANAGED_BY, **self._labels()}
        return {**meta, "name": name, "namespace": self._namespace}

    def _remove(self, name: str) -> None:
        def ours(found: Json) -> bool:
            self._refuse_foreign(found)
            return True

        self._requests.remove(self._what(name), HTTPRoute, name, self._namespace, ours)

    def _get(self, name: str) -> Json | None:
        found: Json | None = self._requests.find(self._what(name), HTTPRoute, name, self._namespace)
        return found

    def _labels(self) -> dict[str, str]:
        return {ROUTE_OWNER_LABEL: self._service, SERVICE_LABEL: self._service}

    def _is_ours(self, found: Json) -> bool:
        return bool((found["metadata"].get("labels") or {}).get(ROUTE_OWNER_LABEL) == self._service)

    def _refuse_foreign(self, found: Json | None, *, any_stack: bool = False) -> None:
        if found is None:
            return
        what = self._what(found["metadata"]["name"])
        if not self._is_ours(found):
            raise ClusterError(
                f"{what} was not made by Slipway and is left alone; delete it, or hand it over by the label "
                f"{ROUTE_OWNER_LABEL}={self._service}"
            )
        if not any_stack:
            refuse_other_stack(what, _marks(found).get(STACK_LABEL, ""), self._stack, self._service)

    def _what(self, name: str) -> str:
        return f"HTTPRoute {self._namespace}/{name}"


def _marks(found: Json) -> dict[str, str]:
    return found["metadata"].get("annotations") or {}


def _told(route: Route) -> dict[str, str]:
    """The annotation of a route with several rules."""
    users = Users.of(route)
    return {} if users is None else {OTHERS_ANNOTATION: str(users)}


def _users(found: Json) -> Users | None:
    return Users.read(text) if (text := _marks(found).get(OTHERS_ANNOTATION)) is not None else None


def _resource_version(found: Json | None) -> str | None:
    return None if found is None else f"{found['metadata']['uid']}/{found['metadata']['resourceVersion']}"


def _version(found: Json) -> str:
    meta: dict[str, Any] = found["metadata"]
    return f"{meta['uid']}/{meta['generation']}/{_marks(found).get(WRITER_ANNOTATION, '')}"


def _who(found: Json | None) -> str:
    by = changed_by(found) if found is not None else ""
    return f", last changed by {by}" if by else ""
