"""The document stores of which test_contract.py says the same sentences; as many processes see one document as ask."""

from __future__ import annotations

from abc import ABC, abstractmethod

from slipway.rollout.platforms.aws.documents import WATCH, TableDocument
from slipway.rollout.platforms.aws.table import Table
from slipway.rollout.platforms.base import DocumentStore
from slipway.rollout.platforms.kubernetes.flag_stores import (
    DOCUMENT,
    JOURNAL,
    ConfigMapDocumentStore,
    FeatureFlagDocumentStore,
)
from slipway.rollout.platforms.memory import MemoryDocumentStore
from tests.unit.slipway.rollout.api import NAMESPACE, Api
from tests.unit.slipway.rollout.cloud import Cloud
from tests.unit.slipway.rollout.deploying import Deploying


class Stand(ABC):
    """One document."""

    @abstractmethod
    def store(self) -> DocumentStore:
        """As another process sees it."""


class MemoryStand(Stand):
    """Shared by being the same object."""

    def __init__(self) -> None:
        self._store = MemoryDocumentStore()

    def store(self) -> DocumentStore:
        return self._store


class ApiStand(Stand):
    """Behind one API server."""

    def __init__(self) -> None:
        self.api = Api()


class ConfigMapStand(ApiStand):
    """flagd's document in a ConfigMap."""

    def store(self) -> DocumentStore:
        return ConfigMapDocumentStore(self.api.client(), NAMESPACE, "flags", DOCUMENT, "flags", self.api.patience)


class JournalStand(ApiStand):
    """The journal in a ConfigMap."""

    def store(self) -> DocumentStore:
        return ConfigMapDocumentStore(self.api.client(), NAMESPACE, "journal", JOURNAL, "flags", self.api.patience)


class FeatureFlagStand(ApiStand):
    """flagd's document in a FeatureFlag resource."""

    def store(self) -> DocumentStore:
        return FeatureFlagDocumentStore(self.api.client(), NAMESPACE, "flags", "flags", self.api.patience)


class TableStand(Stand):
    """An item of a DynamoDB table."""

    def __init__(self) -> None:
        self.cloud = Cloud()
        self.cloud.create_table()

    def store(self) -> DocumentStore:
        table = Table(self.cloud.client("dynamodb"), self.cloud.name, "checkout", patience=self.cloud.patience)
        return TableDocument(table, WATCH)


class AppConfigStand(Stand):
    """An item of a DynamoDB table that AppConfig deploys."""

    def __init__(self) -> None:
        self.deploying = Deploying()

    def store(self) -> DocumentStore:
        return self.deploying.store()


STANDS: dict[str, type[Stand]] = {
    "memory": MemoryStand,
    "config-map": ConfigMapStand,
    "journal": JournalStand,
    "feature-flag": FeatureFlagStand,
    "table": TableStand,
    "app-config": AppConfigStand,
}
