"""The cluster's API as the benchmark needs it: apply, read, patch, delete. Safe to share between threads."""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping
from typing import Any

import httpx2

from sandbox.context import Context

Json = Mapping[str, Any]
PLURALS = {
    "AnalysisTemplate": "analysistemplates",
    "Canary": "canaries",
    "ConfigMap": "configmaps",
    "CustomResourceDefinition": "customresourcedefinitions",
    "Deployment": "deployments",
    "HTTPRoute": "httproutes",
    "MetricTemplate": "metrictemplates",
    "Namespace": "namespaces",
    "Rollout": "rollouts",
    "Service": "services",
}
CLUSTER_WIDE = {"CustomResourceDefinition", "Namespace"}


class Api:
    """Calls as administrator of the sandbox."""

    def __init__(self, context: Context) -> None:
        self._http = httpx2.Client(
            base_url=context.api_url,
            headers={"Authorization": f"Bearer {context.pki.token('admin')}"},
            verify=ssl.create_default_context(cafile=str(context.pki.ca)),
            timeout=20.0,
        )

    def apply(self, document: Json, namespace: str = "") -> None:
        """Server-side apply of one object. Raises httpx2.HTTPStatusError with the API's words."""
        path = path_of(document["apiVersion"], document["kind"], namespace, document["metadata"]["name"])
        self._checked(
            self._http.patch(
                path,
                params={"fieldManager": "slipway-bench-peers", "force": "true"},
                content=json.dumps(document),
                headers={"Content-Type": "application/apply-patch+yaml"},
            )
        )

    def merge(self, path: str, patch: Json) -> None:
        """A merge patch of the object at the path."""
        content_type = {"Content-Type": "application/merge-patch+json"}
        self._checked(self._http.patch(path, content=json.dumps(patch), headers=content_type))

    def get(self, path: str) -> dict[str, Any]:
        """The object or list at the path; an empty one when there is none."""
        response = self._http.get(path)
        return {} if response.status_code == 404 else dict(self._checked(response).json())

    def delete(self, path: str) -> None:
        """Delete the object at the path; gone already is no error."""
        response = self._http.delete(path)
        if response.status_code != 404:
            self._checked(response)

    def _checked(self, response: httpx2.Response) -> httpx2.Response:
        if response.is_error:
            message = f"{response.request.method} {response.request.url.path}: {response.text.strip()[:400]}"
            raise httpx2.HTTPStatusError(message, request=response.request, response=response)
        return response


def path_of(version: str, kind: str, namespace: str, name: str) -> str:
    """The path of an object: `path_of("apps/v1", "Deployment", "ns", "app")`."""
    root = f"/apis/{version}" if "/" in version else f"/api/{version}"
    scope = "" if kind in CLUSTER_WIDE else f"/namespaces/{namespace}"
    return f"{root}{scope}/{PLURALS[kind]}/{name}"
