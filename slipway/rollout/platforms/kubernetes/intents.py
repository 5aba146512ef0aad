"""The operator's intent in a ConfigMap that the CLI writes and the executor reads."""

from __future__ import annotations

from lightkube import Client
from lightkube.resources.core_v1 import ConfigMap

from slipway.release.errors import ClusterError, Conflict
from slipway.release.labels import PART_LABEL, SERVICE_LABEL
from slipway.rollout.platforms.base import Intent
from slipway.rollout.platforms.intent_text import intent_in, text_of
from slipway.rollout.platforms.kubernetes.objects import Documents, labels_of
from slipway.rollout.platforms.kubernetes.requests import version_of
from slipway.rollout.platforms.kubernetes.view import view_of
from slipway.rollout.platforms.trying import Patience

ATTEMPTS = 5
_KEY = "intent.json"
_PART = "intent"


class ConfigMapIntents:
    """See slipway.rollout.platforms.base.Intents."""

    def __init__(self, client: Client, namespace: str, service: str, patience: Patience | None = None) -> None:
        # Not fenced: operators write here, and they hold no Lease.
        self._documents = Documents(client, namespace, service, patience=patience)
        self._view = view_of(client, namespace)
        self._service = service
        self._name = f"slipway-{service}.intent"

    def write(self, intent: Intent) -> None:
        """Replace the former intent; of two at the same time the later one stays. When it raises, it was not written,
        or the message says that this cannot be seen."""
        data = {_KEY: text_of(intent)}
        labels = labels_of(self._service, _PART)
        for _ in range(ATTEMPTS):
            former = self._documents.get(self._name, _PART)
            try:
                if former is None:
                    self._documents.create(self._name, labels, data)
                else:
                    self._documents.replace(self._name, labels, data, version_of(former))
            except Conflict:
                continue
            return
        raise Conflict(f"{self._documents.named(self._name)}: others keep writing it; try again")

    def read(self, max_age: float = 0.0) -> Intent | None:
        """The last intent, None when there is none."""
        found = self._find(max_age)
        if found is None:
            return None
        return intent_in(self._documents.named(self._name), (found.data or {}).get(_KEY, ""))

    def _find(self, max_age: float) -> ConfigMap | None:
        if max_age > 0 and self._view.usable:
            try:
                listing = self._view.of(ConfigMap, SERVICE_LABEL, {PART_LABEL: _PART})
                listed = listing.get(self._service, self._service, max_age) or []
            except ClusterError:
                self._view.rest()
            else:
                return next(
                    (one for one in listed if one.metadata is not None and one.metadata.name == self._name), None
                )
        return self._documents.get(self._name, _PART)

    def delete(self) -> None:
        """Remove it; it is no error when there is none."""
        self._documents.delete(self._name, _PART)
