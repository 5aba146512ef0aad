"""Where the API keeps each kind: its path, and whether its objects live in namespaces."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from urllib.parse import quote

from sandbox.standins.errors import StandInError
from sandbox.standins.kubernetes.client import Api, ApiError
from sandbox.standins.kubernetes.tokens import Kind

FRESH = 0.5
"""Seconds for which a kind that was not found is not asked for again."""


class NoSuchKindError(StandInError):
    """The API server does not know the kind (yet)."""


@dataclass(frozen=True)
class Place:
    """The collection of one kind."""

    root: str
    plural: str
    namespaced: bool

    def object(self, namespace: str | None, name: str) -> str:
        return f"{self.collection(namespace)}/{quote(name, safe='')}"

    def collection(self, namespace: str | None) -> str:
        if self.namespaced and namespace:
            return f"{self.root}/namespaces/{quote(namespace, safe='')}/{self.plural}"
        return f"{self.root}/{self.plural}"


class Discovery:
    """The API's kinds by group and version, asked for once; kinds that appear later are found."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._lock = threading.Lock()
        self._known: dict[tuple[str, str], dict[str, Place]] = {}
        self._asked: dict[tuple[str, str], float] = {}

    def place(self, kind: Kind) -> Place:
        """Raises :class:`NoSuchKindError`, or what the API raises."""
        key = (kind.group, kind.version)
        with self._lock:
            places = self._known.get(key, {})
            if kind.name not in places and time.monotonic() - self._asked.get(key, -FRESH) >= FRESH:
                places = self._known[key] = self._ask(kind)
                self._asked[key] = time.monotonic()
        if kind.name not in places:
            raise NoSuchKindError(
                f"the API server knows no {kind}: create its CustomResourceDefinition first, or correct the apiVersion"
            )
        return places[kind.name]

    def _ask(self, kind: Kind) -> dict[str, Place]:
        root = f"/apis/{kind.group}/{kind.version}" if kind.group else f"/api/{kind.version}"
        try:
            listed = self._api.get(root)
        except ApiError as error:
            if error.not_found:
                return {}
            raise
        return {
            each["kind"]: Place(root, each["name"], each["namespaced"])
            for each in listed.get("resources", [])
            if "/" not in each["name"]
        }
