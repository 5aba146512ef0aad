"""Objects in the cluster: applied, read, deleted, and awaited."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.standins.errors import StandInError
from sandbox.standins.kubernetes import directives
from sandbox.standins.kubernetes.adopt import MANAGER_PREFIX
from sandbox.standins.kubernetes.awaiting import Say, Waiter
from sandbox.standins.kubernetes.client import Api, ApiError, Object
from sandbox.standins.kubernetes.discovery import Discovery, NoSuchKindError, Place
from sandbox.standins.kubernetes.failure import NotReadyError
from sandbox.standins.kubernetes.readiness import rule_for
from sandbox.standins.kubernetes.settings import Settings
from sandbox.standins.kubernetes.state import identity
from sandbox.standins.kubernetes.tokens import Kind, kind_of_object

PATIENCE = 10.0
"""Seconds for which a kind or namespace may be missing that the same update is perhaps about to make."""
_PAUSE = 0.5

_NO_DRY_RUN = "does not support dry run"


@dataclass(frozen=True)
class Request:
    """One object to be applied: plain inputs, and how."""

    inputs: Object
    manager: str
    timeout: float
    say: Say
    warn: Callable[[str], None]


class Objects:
    """One cluster's objects."""

    def __init__(self, api: Api, settings: Settings, cancelled: threading.Event) -> None:
        self.api = api
        self._settings = settings
        self._cancelled = cancelled
        self._discovery = Discovery(api)
        self._waiter = Waiter(api, cancelled)

    def default_namespace(self, kind: Kind) -> str | None:
        """The namespace of objects that name none; None for kinds that live in none."""
        try:
            namespaced = self._discovery.place(kind).namespaced
        except NoSuchKindError:
            namespaced = True  # most are; should it be a cluster-wide one, its create says so
        return self.api.namespace if namespaced else None

    def dry_run(self, request: Request, *, create: bool) -> Object | None:
        """What applying would give; None when the cluster cannot tell yet, or may not be asked."""
        try:
            return self._apply(request, dry_run=True)
        except NoSuchKindError:
            return None
        except ApiError as error:
            if error.namespace_missing or error.code == 403 or _NO_DRY_RUN in str(error):
                return None
            if create and self._exists(request.inputs):  # the one that is to be deleted before this one is made
                return None
            raise _explained(error, request) from None

    def _exists(self, item: Object) -> bool:
        return self.read(kind_of_object(item["apiVersion"], item["kind"]), identity(item)) is not None

    def apply(self, request: Request) -> Object:
        """Apply and await; the live object.

        Raises:
            NotReadyError: it was applied but did not become ready.
            StandInError: it was not applied.
        """
        live = self._applied(request)
        if directives.skip_await(request.inputs):
            return live
        return self.await_ready(live, directives.timeout(request.inputs, request.timeout), request.say)

    def await_ready(self, live: Object, timeout: float, say: Say) -> Object:
        """Raises :class:`NotReadyError`."""
        kind = kind_of_object(live["apiVersion"], live["kind"])
        rule = rule_for(kind)
        if rule is None:
            return live
        path = self._path(kind, live)
        try:
            return self._waiter.until_ready(path, live, rule, timeout, say)
        except ApiError as error:
            raise NotReadyError(live, [f"{kind.name} {identity(live)} could not be watched: {error}"]) from None

    def problems(self, live: Object) -> list[str]:
        """Why an object is not ready right now; empty when it is."""
        kind = kind_of_object(live["apiVersion"], live["kind"])
        rule = rule_for(kind)
        if rule is None or directives.skip_await(live) or live["metadata"].get("deletionTimestamp"):
            return []
        verdict = self._waiter.judge(live, rule)
        if verdict.ready:
            return []
        return [f"{kind.name} {identity(live)} is waiting for {verdict.waiting_for}", *verdict.reasons]

    def read(self, kind: Kind, resource_id: str) -> Object | None:
        """The live object by its id; None when there is none, or its kind is gone."""
        namespace, _, name = resource_id.rpartition("/")
        try:
            place = self._discovery.place(kind)
            return self.api.get(place.object(namespace or self.api.namespace, name))
        except NoSuchKindError:
            return None
        except ApiError as error:
            if error.not_found:
                return None
            raise

    def delete(self, kind: Kind, recorded: Object, resource_id: str, timeout: float, say: Say) -> None:
        """Delete an object, gone ones too, and wait until it is gone. ``recorded`` is what its state says of it."""
        live = self.read(kind, resource_id)
        if live is None:
            return
        path = self._path(kind, live)
        try:
            self.api.delete(path, propagation=directives.propagation(recorded))
        except ApiError as error:
            if error.not_found:
                return
            raise
        if not directives.skip_await(recorded):
            self._waiter.until_gone(path, live["metadata"]["uid"], directives.timeout(recorded, timeout), say)

    def _applied(self, request: Request) -> Object:
        start = time.monotonic()
        while True:
            try:
                return self._apply(request, dry_run=False)
            except (NoSuchKindError, ApiError) as error:
                missing = isinstance(error, NoSuchKindError) or error.namespace_missing
                if not missing or time.monotonic() - start > PATIENCE or self._cancelled.wait(_PAUSE):
                    raise _explained(error, request) from None
                request.say(f"waiting: {error}")

    def _apply(self, request: Request, *, dry_run: bool) -> Object:
        inputs = request.inputs
        kind = kind_of_object(inputs["apiVersion"], inputs["kind"])
        return self.api.apply(
            self._path(kind, inputs),
            inputs,
            manager=request.manager,
            force=self._settings.patch_force or directives.patch_force(inputs),
            dry_run=dry_run,
            warn=_silent if self._settings.suppress_warnings or dry_run else request.warn,
        )

    def _path(self, kind: Kind, item: Object) -> str:
        place: Place = self._discovery.place(kind)
        metadata = item["metadata"]
        return place.object(metadata.get("namespace"), metadata["name"])


def manager_name(urn: str, inputs: Object, recorded: str | None) -> str:
    """The field manager of a resource: as its annotation says, as recorded, else one of its own for ever.

    It follows from the URN, so that an update which was killed before it could record anything finds its own fields.
    """
    digest = hashlib.sha256(urn.encode()).hexdigest()[:8]
    return directives.field_manager(inputs) or recorded or f"{MANAGER_PREFIX}-{digest}"


def _explained(error: StandInError, request: Request) -> StandInError:
    name = f"{request.inputs['kind']} {identity(request.inputs)}"
    if isinstance(error, ApiError) and error.conflict:
        return StandInError(
            f"{name} was not applied: other field managers own what it sets ({error}). "
            'Leave those fields out, or take them over with the annotation pulumi.com/patchForce: "true"'
        )
    return StandInError(f"{name} was not applied: {error}")


def _silent(_text: str) -> None:
    return None
