"""The life of one resource on one cluster, in Pulumi's terms: inputs, outputs, ids."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sandbox.standins.errors import StandInError
from sandbox.standins.kubernetes import adopt, directives, drift, state
from sandbox.standins.kubernetes.client import Api, Object, UnreachableError
from sandbox.standins.kubernetes.failure import NotReadyError
from sandbox.standins.kubernetes.objects import Objects, Request, manager_name
from sandbox.standins.kubernetes.settings import Settings
from sandbox.standins.kubernetes.telling import Engine
from sandbox.standins.kubernetes.tokens import Kind, kind_of_object, kind_of_urn
from sandbox.standins.kubernetes.values import Tree, has_unknown, plain, redact, secret_texts

Properties = dict[str, Tree]


@dataclass(frozen=True)
class Recorded:
    """What Pulumi is to record; ``reasons`` say why the object is not ready, if it is not."""

    id: str
    outputs: Properties
    inputs: Properties
    reasons: tuple[str, ...] = ()


class Cluster:
    """One configured provider."""

    def __init__(self, settings: Settings, engine: Engine, cancelled: threading.Event) -> None:
        self._settings = settings
        self._engine = engine
        self._objects = Objects(Api(settings), settings, cancelled)

    def close(self) -> None:
        """End what waits between two attempts."""
        self._objects.api.close()

    def default_namespace(self, kind: Kind) -> str | None:
        return self._objects.default_namespace(kind)

    def preview(self, urn: str, inputs: Properties, recorded: Properties | None) -> Properties:
        """The outputs an update would have, unknown where only it will tell."""
        if has_unknown(inputs):
            return state.assumed(inputs, recorded, kind_of_urn(urn))
        request = self._request(urn, inputs, recorded, 0.0)
        with _hidden(inputs):
            dry = self._objects.dry_run(request, create=recorded is None)
        if dry is None:
            return state.assumed(inputs, recorded, kind_of_urn(urn))
        kind = kind_of_object(dry["apiVersion"], dry["kind"])
        live = state.predicted(dry, request.inputs, kind, create=recorded is None)
        return state.outputs(live, inputs, kind, request.manager)

    def apply(self, urn: str, inputs: Properties, recorded: Properties | None, timeout: float) -> Recorded:
        """Create (``recorded`` is None) or update, and await. Raises :class:`StandInError` when nothing was applied."""
        request = self._request(urn, inputs, recorded, timeout)
        reasons: tuple[str, ...] = ()
        with _hidden(inputs):
            try:
                live = self._objects.apply(request)
            except NotReadyError as error:
                live, reasons = error.live, tuple(error.reasons)
        return self._recorded(live, inputs, request.manager, reasons)

    def read(self, urn: str, resource_id: str, inputs: Properties, recorded: Properties) -> Recorded | None:
        """The resource as it is now; None when it is gone. Without ``inputs`` it is being imported."""
        known = plain(inputs) or plain(state.live_of(recorded))
        kind = kind_of_object(known["apiVersion"], known["kind"]) if known else kind_of_urn(urn)
        try:
            live = self._objects.read(kind, resource_id)
        except UnreachableError:
            if self._settings.delete_unreachable:
                return None
            raise
        if live is None:
            return None
        if inputs:
            followed = drift.follow(inputs, state.live_of(recorded), live)
            manager = manager_name(urn, known, state.manager_of(recorded))
        else:
            followed = adopt.declared(live)
            manager = manager_name(urn, followed, adopt.manager(live))
        return self._recorded(live, followed, manager, tuple(self._objects.problems(live)))

    def delete(self, urn: str, resource_id: str, recorded: Properties, timeout: float) -> None:
        """Delete and wait until it is gone; fine when it is gone already."""
        known = plain(state.live_of(recorded))
        kind = kind_of_object(known["apiVersion"], known["kind"]) if known else kind_of_urn(urn)
        try:
            self._objects.delete(kind, known, resource_id, timeout, self._engine.status(urn))
        except UnreachableError:
            if not self._settings.delete_unreachable:
                raise

    def _request(self, urn: str, inputs: Properties, recorded: Properties | None, timeout: float) -> Request:
        wanted: Object = plain(inputs)
        return Request(
            inputs=wanted,
            manager=manager_name(urn, wanted, state.manager_of(recorded or {})),
            timeout=directives.timeout(wanted, timeout),
            say=self._engine.status(urn),
            warn=self._engine.warning(urn),
        )

    def _recorded(self, live: Object, inputs: Properties, manager: str, reasons: tuple[str, ...]) -> Recorded:
        kind = kind_of_object(live["apiVersion"], live["kind"])
        return Recorded(
            id=state.identity(live),
            outputs=state.outputs(live, inputs, kind, manager),
            inputs=state.concealed(inputs, inputs, kind),
            reasons=reasons,
        )


@contextmanager
def _hidden(inputs: Properties) -> Iterator[None]:
    """Keep the inputs' secrets out of error messages: the API quotes values that it refuses."""
    try:
        yield
    except StandInError as error:
        raise StandInError(redact(str(error), secret_texts(inputs))) from None
