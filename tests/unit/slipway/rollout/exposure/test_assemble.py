"""Where the exposure of a flag is, in one word, and its journal in a cluster."""

from __future__ import annotations

import pytest

from slipway.rollout.exposure.assemble import Place
from slipway.rollout.platforms.kubernetes.journal_store import EXPOSURE, ConfigMapJournalStore, services_with_journal
from tests.unit.slipway.rollout.api import NAMESPACE, Api


def test_a_place_is_read_as_it_was_written() -> None:
    place = Place("flags", "newCart", "feature-flag")
    assert Place.parse(str(place)) == place


@pytest.mark.parametrize("word", ["checkout", "exposure", "exposure/flags/new-cart", "exposure/flags/new-cart/file"])
def test_the_name_of_a_service_is_no_place_of_a_flag(word: str) -> None:
    assert Place.parse(word) is None


def test_the_journal_of_an_exposure_is_no_journal_of_a_service() -> None:
    api = Api()
    client = api.client()
    exposure = ConfigMapJournalStore(client, NAMESPACE, "exposure-flags-new-cart", part=EXPOSURE)
    exposure.save({"flag": "new-cart"}, None)
    service = ConfigMapJournalStore(client, NAMESPACE, "checkout")
    service.save({"service": "checkout"}, None)
    assert services_with_journal(client, NAMESPACE) == ["checkout"]
    found = exposure.load()
    assert found is not None
    assert found.content == {"flag": "new-cart"}
    exposure.delete()
    assert exposure.load() is None
    assert service.load() is not None
