from __future__ import annotations

import httpx2
import pytest
from lightkube import ConfigError
from lightkube.resources.core_v1 import ConfigMap

from slipway.release.errors import ClusterAway, ClusterError, Conflict
from slipway.rollout.platforms.kubernetes.calls import calling
from tests.unit.slipway.rollout.api import Api, Effect, answering, failing, refusal


def outcome(effect: Effect) -> ClusterError:
    api = Api()
    api.before.append(effect)
    with pytest.raises(ClusterError) as caught, calling("ConfigMap shop/a"):
        api.client().get(ConfigMap, "a")
    return caught.value


@pytest.mark.parametrize(
    ("effect", "words"),
    [
        (answering(refusal(401, "Unauthorized")), ["Unauthorized", "SLIPWAY_KUBECONFIG"]),
        (answering(refusal(403, 'cannot get resource "configmaps"')), ["cannot get", "grant the Role of the rollout"]),
        (answering(refusal(404, "no such thing")), ["no such thing", "custom resource definitions"]),
        (answering(refusal(422, "spec is invalid")), ["spec is invalid", "custom resource definitions"]),
        (answering(refusal(500, "etcd is away")), ["etcd is away"]),
        (answering(httpx2.Response(502, text="<html>", headers={"Content-Type": "text/html"})), ["HTTP 502"]),
        (answering(httpx2.Response(502)), ["ConfigMap shop/a"]),
        (answering(httpx2.Response(200, text="<html>")), ["cannot be understood", "names an API server"]),
        (failing(httpx2.ReadTimeout("slow")), ["did not answer in time"]),
        (failing(httpx2.ConnectError("refused")), ["cannot be reached (refused)", "check the network"]),
        (failing(ConfigError("exec failed")), ["no credentials (exec failed)", "check the user"]),
        (failing(FileNotFoundError("no plugin")), ["no credentials", "check the user"]),
    ],
)
def test_every_failure_is_one_line_that_names_the_object_and_what_to_check(effect: Effect, words: list[str]) -> None:
    error = outcome(effect)
    assert str(error).startswith("ConfigMap shop/a: ")
    assert "\n" not in str(error)
    assert all(word in str(error) for word in words), str(error)
    assert not isinstance(error, Conflict)


def test_a_409_is_a_conflict() -> None:
    assert isinstance(outcome(answering(refusal(409, "the object has been modified"))), Conflict)


@pytest.mark.parametrize("away", [429, 500, 503, httpx2.ReadTimeout("slow"), httpx2.ConnectError("refused")])
def test_an_api_server_that_is_away_is_told_from_one_that_refuses(away: int | Exception) -> None:
    effect = answering(refusal(away, "no")) if isinstance(away, int) else failing(away)
    assert isinstance(outcome(effect), ClusterAway)
    assert not isinstance(outcome(answering(refusal(403, "no"))), ClusterAway)
