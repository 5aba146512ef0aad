from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from slipway.release.http_access import QueryAccess, alike
from slipway.release.rollout_inputs import MetricsSource

TOKEN = {"credentialsFile": "/run/secrets/token"}
BASIC = {"username": "releases", "passwordFile": "/run/secrets/password"}


def access(**given: Any) -> QueryAccess:
    return QueryAccess.model_validate(given)


@pytest.mark.parametrize(
    ("http", "words"),
    [
        ({"authorization": TOKEN, "basicAuth": BASIC}, "has authorization and basicAuth; a server takes one of them"),
        ({"authorization": {**TOKEN, "type": "Basic"}}, "written as basicAuth"),
        ({"authorization": {"credentialsFile": "token"}}, "should match pattern"),
        ({"authorization": {"credentials": "geheim"}}, "credentials"),
        ({"basicAuth": {**BASIC, "username": "a:b"}}, "should match pattern"),
        ({"tls": {"certFile": "/a.crt"}}, "certFile and keyFile go together"),
        ({"tls": {}}, "says nothing"),
        ({"tls": {"insecureSkipVerify": True}}, "insecureSkipVerify"),
        ({"headers": {"Authorization": "Bearer geheim"}}, "is a secret"),
        ({"headers": {"X-API-Key": "geheim"}}, "credentialsFile"),
        ({"headers": {"Host": "x"}}, "no header that can be added"),
        ({"headers": {"a b": "x"}}, "no header that can be added"),
        ({"headers": {"A": "x\r\nB: y"}}, "should match pattern"),
    ],
)
def test_what_is_wrong_is_refused_and_what_to_write_is_said(http: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words) as caught:
        access(http=http)
    assert "geheim" not in str(caught.value)


def test_parameters_are_texts_and_none_of_those_that_slipway_sets() -> None:
    assert access(parameters={"partial_response": False, "max": 2.5}).parameters == {
        "partial_response": "false",
        "max": "2.5",
    }
    with pytest.raises(ValidationError, match="query, time is set by Slipway itself"):
        access(parameters={"time": "0", "query": "up"})


def test_a_stack_that_says_nothing_of_access_stores_what_it_stored_before() -> None:
    stored = MetricsSource(kind="prometheus", url="http://p.example").model_dump(by_alias=True, exclude_none=True)
    assert stored == {"kind": "prometheus", "url": "http://p.example"}


def test_the_files_of_all_servers_are_known_and_only_their_paths_are_stored() -> None:
    ca = {"caFile": "/etc/ssl/ca.crt"}
    source = MetricsSource.model_validate(
        {
            "kind": "prometheus",
            "url": "https://p.example",
            "http": {"basicAuth": BASIC, "tls": ca},
            "logs": {"kind": "loki", "url": "https://l.example", "http": {"authorization": TOKEN, "tls": ca}},
        }
    )
    assert source.files == ("/run/secrets/password", "/etc/ssl/ca.crt", "/run/secrets/token")
    assert alike([*source.files, "/else/token"]) == ["token"]
