"""The Kubernetes API over HTTP: one pool of connections, errors as the API's own status."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from typing import Any

import httpx2
from lightkube.config import client_adapter
from lightkube.config.kubeconfig import KubeConfig, SingleConfig
from lightkube.config.models import User
from lightkube.core.exceptions import ConfigError

from sandbox.standins.errors import InvalidInputError, StandInError
from sandbox.standins.kubernetes.settings import Settings

ATTEMPTS = 4
TIMEOUT = 35.0  # seconds; the API server itself gives up on a request after 34
CONNECTIONS = 100
_PATIENCE = (429, 503)

Object = dict[str, Any]
Warn = Callable[[str], None]


class ApiError(StandInError):
    """The API's refusal: ``code`` and ``reason`` of its Status, ``details`` what it is about."""

    def __init__(self, code: int, status: Mapping[str, Any]) -> None:
        self.code = code
        self.reason = str(status.get("reason") or "")
        self.details: Mapping[str, Any] = status.get("details") or {}
        super().__init__(str(status.get("message") or f"HTTP {code}"))

    @property
    def not_found(self) -> bool:
        return self.code == 404

    @property
    def namespace_missing(self) -> bool:
        return self.code == 404 and self.details.get("kind") == "namespaces"

    @property
    def conflict(self) -> bool:
        return self.code == 409 and self.reason == "Conflict"


class UnreachableError(StandInError):
    """No API server answers."""


class Api:
    """Calls on one cluster; safe to share between threads."""

    def __init__(self, settings: Settings) -> None:
        config = _chosen(settings)
        self.server = config.cluster.server
        self.namespace = settings.namespace or config.namespace
        self._http = _http(config)
        self._closing = threading.Event()

    def close(self) -> None:
        """End waits between attempts."""
        self._closing.set()

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Object:
        return self._call("GET", path, params=params)

    def apply(self, path: str, body: Object, *, manager: str, force: bool, dry_run: bool, warn: Warn) -> Object:
        """Server-side apply (https://kubernetes.io/docs/reference/using-api/server-side-apply/)."""
        params = {"fieldManager": manager, "force": str(force).lower(), "fieldValidation": "Warn"}
        if dry_run:
            params["dryRun"] = "All"
        headers = {"Content-Type": "application/apply-patch+yaml"}  # JSON is YAML
        return self._call("PATCH", path, params=params, body=body, headers=headers, warn=warn)

    def delete(self, path: str, *, propagation: str) -> Object:
        options = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": propagation}
        return self._call("DELETE", path, body=options)

    def _call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Object | None = None,
        headers: Mapping[str, str] | None = None,
        warn: Warn | None = None,
    ) -> Object:
        """One call, repeated while the server is busy or out of reach: everything done here may be done twice."""
        content = None if body is None else json.dumps(body).encode()
        sent = {"Content-Type": "application/json", **(headers or {})} if content is not None else {}
        for attempt in range(ATTEMPTS):
            last = attempt == ATTEMPTS - 1
            try:
                response = self._http.request(method, path, params=params, content=content, headers=sent)
            except httpx2.TransportError as error:
                if last or self._closing.wait(0.25 * 2**attempt):
                    raise UnreachableError(f"the Kubernetes API at {self.server} does not answer: {error}") from None
                continue
            if response.status_code in _PATIENCE and not last:
                self._closing.wait(_retry_after(response, attempt))
                continue
            return _answer(response, warn)
        raise AssertionError("unreachable")


def _answer(response: httpx2.Response, warn: Warn | None) -> Object:
    try:
        body = response.json() if response.content else {}
    except ValueError:
        body = {"message": response.text.strip()[:500]}
    if response.is_error:
        raise ApiError(response.status_code, body if isinstance(body, dict) else {"message": str(body)[:500]})
    if warn is not None:
        for value in response.headers.get_list("warning"):
            warn(_warning_text(value))
    return dict(body)


def _warning_text(header: str) -> str:
    """The text of ``299 - "text"`` (RFC 7234, section 5.5)."""
    return header.partition('"')[2].rpartition('"')[0].replace('\\"', '"') or header


def _retry_after(response: httpx2.Response, attempt: int) -> float:
    try:
        return min(float(str(response.headers.get("retry-after"))), 10.0)
    except ValueError:
        return 0.25 * float(2**attempt)


def _chosen(settings: Settings) -> SingleConfig:
    content = settings.kubeconfig
    try:
        if content == {}:
            return _required(KubeConfig.from_service_account().get())
        config = KubeConfig.from_dict(dict(content or {}), fname=settings.kubeconfig_file)
        chosen = _required(config.get(settings.context))
        return chosen._replace(cluster=config.clusters[settings.cluster]) if settings.cluster else chosen
    except ConfigError as error:
        raise InvalidInputError(f"the kubeconfig cannot be used: {error}") from None
    except KeyError as error:
        raise InvalidInputError(f"the kubeconfig has no entry {error}") from None


def _required(config: SingleConfig | None) -> SingleConfig:
    if config is None:
        raise InvalidInputError("the kubeconfig has no current context: set the provider's `context`")
    return config


def _http(config: SingleConfig) -> httpx2.Client:
    config = config._replace(user=config.user or User())
    params = client_adapter.ConnectionParams(timeout=httpx2.Timeout(TIMEOUT)).httpx_params(config)
    limits = httpx2.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    return httpx2.Client(**params, limits=limits)
