"""Calls of the API by boto3: parameters in the types that its model asks for, errors in one line."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from sandbox.standins.aws.entry import Call, Json
from sandbox.standins.aws.fields import get
from sandbox.standins.errors import InvalidInputError, StandInError


class RefusedError(StandInError):
    """The API said no; ``code`` is its word for it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Clients:
    """One client a service, by the environment's endpoints."""

    def __init__(self, region: str | None) -> None:
        self._region = region
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()

    def call(self, service: str, call: Call, known: Mapping[str, Any], request: Json | None = None) -> Any:  # noqa: ANN401
        """What is at ``call.found`` of the answer. ``request`` is cut down to what the operation takes."""
        client = self._client(service)
        shape = self._input(service, call.method)
        taken = {name: value for name, value in (request or {}).items() if name in shape.members}
        sent = coerced({**taken, **filled(call.given, known)}, shape, call.method)
        from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]

        try:
            answer = getattr(client, call.method)(**sent)
        except ClientError as error:
            said = error.response["Error"]
            text = f"{call.method}: {said['Code']}: {said.get('Message', '')}"
            raise RefusedError(str(said["Code"]), text) from error
        except BotoCoreError as error:
            raise StandInError(f"{call.method}: {error}") from error
        return get(answer, call.found) if call.found else answer

    def takes(self, service: str, call: Call) -> set[str]:
        """The parameters of an operation."""
        return set(self._input(service, call.method).members)

    def _input(self, service: str, method: str) -> Any:  # noqa: ANN401 - a shape of botocore
        meta = self._client(service).meta
        return meta.service_model.operation_model(meta.method_to_api_mapping[method]).input_shape

    def _client(self, service: str) -> Any:  # noqa: ANN401 - botocore makes clients when it runs
        with self._lock:  # boto3's sessions are not safe for several threads
            if service not in self._clients:
                import boto3  # type: ignore[import-untyped]

                self._clients[service] = boto3.session.Session().client(service, region_name=self._region)
            return self._clients[service]


def filled(given: Any, known: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
    """``given`` with what is known in the place of each ``{name}``."""
    if isinstance(given, Mapping):
        return {name: filled(value, known) for name, value in given.items()}
    if isinstance(given, list):
        return [filled(one, known) for one in given]
    if isinstance(given, str) and given.startswith("{"):
        return known[given.strip("{}")]
    return given


def coerced(value: Any, shape: Any, where: str) -> Any:  # noqa: ANN401 - JSON by a shape of botocore
    """Numbers, texts and truths as the model of the API wants them. Raises InvalidInputError for a member that it does
    not have."""
    kind = shape.type_name
    if kind == "structure" and isinstance(value, Mapping):
        for name in value:
            if name not in shape.members:
                raise InvalidInputError(f"{where} has no {name}")
        return {name: coerced(one, shape.members[name], f"{where}.{name}") for name, one in value.items()}
    if kind == "list" and isinstance(value, list):
        return [coerced(one, shape.member, where) for one in value]
    if kind == "map" and isinstance(value, Mapping):
        return {name: coerced(one, shape.value, where) for name, one in value.items()}
    try:
        return _scalar(value, kind)
    except (TypeError, ValueError):
        raise InvalidInputError(f"{where} is {value!r}, and has to be of type {kind}") from None


def _scalar(value: Any, kind: str) -> Any:  # noqa: ANN401
    if kind in ("integer", "long"):
        return int(value)
    if kind in ("float", "double"):
        return float(value)
    if kind == "boolean":
        return value if isinstance(value, bool) else str(value).lower() == "true"
    if kind == "string" and isinstance(value, (int, float, bool)):
        return str(value).lower() if isinstance(value, bool) else str(value)
    return value
