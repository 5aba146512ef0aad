"""Intents in a ConfigMap, beyond what all intents promise."""

from __future__ import annotations

from dataclasses import replace

import httpx2
import pytest

from slipway.release.errors import ClusterError, Conflict
from slipway.rollout.platforms.base import Intent
from slipway.rollout.platforms.intent_text import REASON_LENGTH
from slipway.rollout.platforms.kubernetes.intents import ATTEMPTS, ConfigMapIntents
from tests.unit.slipway.rollout.api import NAMESPACE, Api, doing, failing, untouched

PATH = f"/api/v1/namespaces/{NAMESPACE}/configmaps/slipway-checkout.intent"
INTENT = Intent("i1", "abort", "me", 1234.5, "it burns", "r1")


@pytest.fixture
def api() -> Api:
    return Api()


def stored(api: Api) -> ConfigMapIntents:
    return ConfigMapIntents(api.client(), NAMESPACE, "checkout", api.patience)


def test_of_two_intents_at_the_same_time_the_later_one_stays(api: Api) -> None:
    other = replace(INTENT, id="i2")
    api.before.extend([untouched, doing(lambda: stored(api).write(other))])
    stored(api).write(INTENT)
    assert stored(api).read() == INTENT


def test_writers_who_never_stop_are_told(api: Api) -> None:
    stored(api).write(INTENT)

    def rival(request: httpx2.Request) -> None:
        if request.method == "PUT":
            api.change(PATH, lambda found: found["metadata"].update(annotations={"n": str(len(api.requests))}))

    api.on_request = rival
    with pytest.raises(Conflict, match="others keep writing it"):
        stored(api).write(replace(INTENT, id="i2"))
    assert len(api.writes) == 1 + ATTEMPTS


def test_a_write_that_can_neither_be_done_nor_seen_says_so(api: Api) -> None:
    store = stored(api)
    store.write(INTENT)
    api.before.extend([untouched, *[failing(httpx2.ReadTimeout("slow"))] * 5])
    with pytest.raises(ClusterError, match="whether it was done cannot be seen"):
        store.write(replace(INTENT, id="i2"))


@pytest.mark.parametrize("data", [{}, {"intent.json": "{"}, {"intent.json": "[1]"}, {"intent.json": '{"id": "i1"}'}])
def test_an_intent_that_cannot_be_understood_is_an_error_and_not_none(api: Api, data: dict[str, str]) -> None:
    stored(api).write(INTENT)
    api.change(PATH, lambda found: found.update(data=data))
    with pytest.raises(ClusterError, match="no intent that can be understood"):
        stored(api).read()


def test_an_unknown_action_is_an_error_and_not_ignored(api: Api) -> None:
    stored(api).write(INTENT)
    text = api.objects[PATH]["data"]["intent.json"].replace("abort", "explode")
    api.change(PATH, lambda found: found.update(data={"intent.json": text}))
    with pytest.raises(ClusterError, match="unknown action 'explode'"):
        stored(api).read()


def test_an_endless_reason_is_refused(api: Api) -> None:
    with pytest.raises(ClusterError, match="1000 characters"):
        stored(api).write(replace(INTENT, reason="x" * (REASON_LENGTH + 1)))
    assert api.objects == {}
