"""Documents of feature flags in a cluster: the journal and flagd's document in ConfigMaps, or the document in a
FeatureFlag resource. Each is written whole, by resourceVersion; see requests.py for answers that are lost."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from lightkube import Client
from lightkube.generic_resource import create_namespaced_resource
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.core_v1 import ConfigMap

from slipway.release.errors import ClusterError, JournalUnreadable
from slipway.release.flags.flagd import GROUP, KIND, PLURAL, VERSION, document_of, feature_flag_resource
from slipway.release.labels import MANAGED_BY, PART_LABEL
from slipway.rollout.platforms.base import Document, StoredDocument
from slipway.rollout.platforms.kubernetes.requests import Requests, plain, version_of
from slipway.rollout.platforms.trying import Patience

FeatureFlag = create_namespaced_resource(GROUP, VERSION, KIND, PLURAL)
FLAGS_LABEL = "slipway.dev/flags"
"""On every object of a set of flags: the set's name."""
DOCUMENT, JOURNAL = "flags", "flags-journal"
"""The parts of a set."""
KEYS = {DOCUMENT: "flags.flagd.json", JOURNAL: "head.json"}
MAX_BYTES = 768 * 1024
"""Of one document; a ConfigMap holds 1 MiB."""


class ConfigMapDocumentStore:
    """See slipway.rollout.platforms.base.DocumentStore. `part` says which document of the set it is."""

    def __init__(
        self, client: Client, namespace: str, name: str, part: str, owner: str, patience: Patience | None = None
    ) -> None:
        self._requests = Requests(client, patience=patience)
        self._namespace, self._name, self._key = namespace, name, KEYS[part]
        self._labels = _labels(owner, part)
        self._called = f"ConfigMap {namespace}/{name}"

    def read(self) -> StoredDocument | None:
        """Raises ClusterError for an object that Slipway did not make, JournalUnreadable for a damaged one."""
        found = self._requests.find(self._called, ConfigMap, self._name, self._namespace)
        if found is None:
            return None
        content = plain(found)
        _refuse_others(self._called, content, self._labels)
        try:
            document = json.loads((found.data or {})[self._key])
        except (KeyError, ValueError):
            document = None
        if not isinstance(document, dict):
            raise JournalUnreadable(
                f"{self._called}: {self._key} is missing or no JSON object; restore it or delete it"
            )
        return StoredDocument(document, version_of(found), writer_of(content))

    def write(self, content: Mapping[str, Any], expect: str | None) -> str:
        """Compare-and-swap."""
        meta = ObjectMeta(name=self._name, namespace=self._namespace, labels=self._labels, resourceVersion=expect)
        wanted = ConfigMap(metadata=meta, data={self._key: _bounded(self._called, content)})
        send = self._requests.create if expect is None else self._requests.replace
        return version_of(send(self._called, wanted))

    def delete(self) -> None:
        """Remove it, if it is ours and there."""
        self._requests.remove(
            self._called, ConfigMap, self._name, self._namespace, lambda found: _is(found, self._labels)
        )


class FeatureFlagDocumentStore:
    """The same in a FeatureFlag resource."""

    def __init__(self, client: Client, namespace: str, name: str, owner: str, patience: Patience | None = None) -> None:
        self._requests = Requests(client, patience=patience)
        self._namespace, self._name = namespace, name
        self._labels = _labels(owner, DOCUMENT)
        self._called = f"FeatureFlag {namespace}/{name}"

    def read(self) -> StoredDocument | None:
        """Raises ClusterError for an object that Slipway did not make. One without flags is an empty document."""
        found = self._requests.find(self._called, FeatureFlag, self._name, self._namespace)
        if found is None:
            return None
        content = plain(found)
        _refuse_others(self._called, content, self._labels)
        try:
            document = document_of(content)
        except ValueError:
            document = {}
        return StoredDocument(document, version_of(found), writer_of(content))

    def write(self, content: Mapping[str, Any], expect: str | None) -> str:
        """Compare-and-swap."""
        _bounded(self._called, content)
        wanted = feature_flag_resource(content, self._namespace, self._name)
        wanted["metadata"] |= {"labels": self._labels} | ({} if expect is None else {"resourceVersion": expect})
        send = self._requests.create if expect is None else self._requests.replace
        return version_of(send(self._called, FeatureFlag.from_dict(wanted)))

    def delete(self) -> None:
        """Remove it, if it is ours and there."""
        self._requests.remove(
            self._called, FeatureFlag, self._name, self._namespace, lambda found: _is(found, self._labels)
        )


def sets_with_journal(client: Client, namespace: str) -> list[str]:
    """The sets of flags that have a journal in this namespace. Raises ClusterError."""
    labels: dict[str, Any] = {**MANAGED_BY, PART_LABEL: JOURNAL}
    found = Requests(client).ask(
        f"ConfigMaps in {namespace}", lambda: list(client.list(ConfigMap, namespace=namespace, labels=labels))
    )
    return sorted((plain(one)["metadata"].get("labels") or {}).get(FLAGS_LABEL, "") for one in found)


def writer_of(content: Document) -> str:
    """The field manager that changed an object last; empty where it is unknown."""
    entries = content["metadata"].get("managedFields") or []
    newest: Document = max(entries, key=lambda entry: str(entry.get("time") or ""), default={})
    return str(newest.get("manager") or "")


def _labels(owner: str, part: str) -> dict[str, str]:
    return {**MANAGED_BY, FLAGS_LABEL: owner, PART_LABEL: part}


def _is(found: object, labels: Mapping[str, str]) -> bool:
    return labels.items() <= (plain(found)["metadata"].get("labels") or {}).items()


def _refuse_others(called: str, content: Document, labels: Mapping[str, str]) -> None:
    if not labels.items() <= (content["metadata"].get("labels") or {}).items():
        raise ClusterError(
            f"{called} exists, but is not the {labels[PART_LABEL]} of the set {labels[FLAGS_LABEL]} "
            "(its labels differ); rename or remove it, or give the set another name"
        )


def _bounded(called: str, content: Mapping[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    if len(text.encode()) > MAX_BYTES:
        raise ClusterError(f"{called}: the flags need {len(text.encode())} bytes, more than {MAX_BYTES}; split the set")
    return text
