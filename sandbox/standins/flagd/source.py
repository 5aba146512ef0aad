"""Where the flags lie: which object of the API server, and which part of it is flagd's document."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.standins.errors import InvalidInputError, StandInError

NAME = r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?"
FORMS = "core.openfeature.dev/NAMESPACE/NAME or configmap/NAMESPACE/NAME"
COLLECTIONS = {
    "core.openfeature.dev": "/apis/core.openfeature.dev/v1beta1/namespaces/{namespace}/featureflags",
    "configmap": "/api/v1/namespaces/{namespace}/configmaps",
}


@dataclass(frozen=True)
class Source:
    """``kind`` is what the address of the source begins with."""

    kind: str
    namespace: str
    name: str

    @classmethod
    def parse(cls, uri: str) -> Source:
        """Read flagd's form of an address, or the form of this stand-in for a ConfigMap."""
        kind, _, rest = uri.partition("/")
        if kind not in COLLECTIONS or not re.fullmatch(f"{NAME}/{NAME}", rest):
            raise InvalidInputError(f"--uri {uri!r} names no source: write {FORMS}")
        namespace, _, name = rest.partition("/")
        return cls(kind, namespace, name)

    @property
    def collection(self) -> str:
        """The path at the API server under which the object is watched."""
        return COLLECTIONS[self.kind].format(namespace=self.namespace)

    def document(self, found: Mapping[str, Any]) -> str:
        """flagd's document out of the object, as JSON text; ``StandInError`` when it holds none."""
        if self.kind == "configmap":
            return self._checked(found.get("data") or {})
        flags = (found.get("spec") or {}).get("flagSpec")
        if not isinstance(flags, dict):
            raise StandInError(f"{self} has no spec.flagSpec")
        return json.dumps(flags)

    def _checked(self, data: Mapping[str, str]) -> str:
        documents = {key: text for key, text in data.items() if key.endswith(".json")}
        if len(documents) != 1:
            raise StandInError(f"{self} has {len(documents)} keys that end in .json, one is needed")
        (text,) = documents.values()
        try:
            parsed = json.loads(text)
        except ValueError as error:
            raise StandInError(f"{self} holds no JSON: {error}") from None
        if not isinstance(parsed, dict):
            raise StandInError(f"{self} holds JSON that is no object")
        return text

    def __str__(self) -> str:
        return f"{self.kind}/{self.namespace}/{self.name}"
