"""The stores of flags on the real API server: the sentences of their contract, by a token that has the Role alone."""

from __future__ import annotations

import itertools

import pytest

from slipway.rollout.platforms.base import DocumentStore
from slipway.rollout.platforms.kubernetes.client import connect
from slipway.rollout.platforms.kubernetes.flag_stores import (
    DOCUMENT,
    JOURNAL,
    ConfigMapDocumentStore,
    FeatureFlagDocumentStore,
)
from tests.integration.rollout.stage import Stage as Place
from tests.unit.slipway.rollout.flags.stands import Stand
from tests.unit.slipway.rollout.flags.test_contract import (  # noqa: F401 - the sentences
    test_a_document_is_made_once,
    test_a_write_names_what_it_replaces,
    test_another_process_reads_what_was_written,
    test_nothing_is_there_at_first,
    test_what_was_deleted_is_not_replaced,
)

_numbers = itertools.count()


class ClusterStand(Stand):
    """One document of the real cluster."""

    def __init__(self, place: Place, kind: str) -> None:
        self._place, self._kind, self._name = place, kind, f"{kind}-{next(_numbers)}"

    def store(self) -> DocumentStore:
        client = connect(self._place.namespace, str(self._place.kubeconfig))
        if self._kind == "feature-flag":
            return FeatureFlagDocumentStore(client, self._place.namespace, self._name, self._name)
        part = JOURNAL if self._kind == "journal" else DOCUMENT
        return ConfigMapDocumentStore(client, self._place.namespace, self._name, part, self._name)


@pytest.fixture(params=["config-map", "journal", "feature-flag"])
def stand(request: pytest.FixtureRequest, stage: Place) -> Stand:
    return ClusterStand(stage, request.param)
