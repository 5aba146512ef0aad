from __future__ import annotations

import subprocess
import sys

import pytest
from botocore import exceptions as raised  # type: ignore[import-untyped]

from slipway.release.errors import ClusterAway, ClusterError, Conflict
from slipway.rollout.platforms.aws import client as module
from slipway.rollout.platforms.aws.calls import failure_of, failures
from slipway.rollout.platforms.aws.client import connect
from slipway.rollout.platforms.trying import Kind

URL = {"endpoint_url": "https://aws.example"}


def refused(code: str, status: int) -> Exception:
    response = {"Error": {"Code": code, "Message": "no\nway"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return raised.ClientError(response, "PutItem")  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("error", "kind", "type_", "said"),
    [
        (refused("ConditionalCheckFailedException", 400), Kind.CONFLICT, Conflict, "another writer"),
        (refused("ThrottlingException", 400), Kind.NOT_DONE, ClusterAway, "limits the rate"),
        (refused("SlowDown", 429), Kind.NOT_DONE, ClusterAway, "limits the rate"),
        (refused("InternalServerError", 500), Kind.UNKNOWN, ClusterAway, "no way"),
        (refused("ServiceUnavailable", 503), Kind.UNKNOWN, ClusterAway, "no way"),
        (refused("ExpiredTokenException", 400), Kind.FINAL, ClusterError, "renew the credentials"),
        (refused("AccessDeniedException", 400), Kind.FINAL, ClusterError, "allow it in a policy"),
        (refused("ResourceNotFoundException", 400), Kind.FINAL, ClusterError, "check that the table exists"),
        (refused("TargetGroupNotFound", 400), Kind.ABSENT, ClusterError, "check that it was created"),
        (refused("ValidationException", 400), Kind.FINAL, ClusterError, "ValidationException: no way"),
        (raised.NoCredentialsError(), Kind.FINAL, ClusterError, "no credentials"),
        (raised.EndpointConnectionError(**URL), Kind.NOT_DONE, ClusterAway, "cannot be reached"),
        (raised.ConnectTimeoutError(**URL), Kind.NOT_DONE, ClusterAway, "cannot be reached"),
        (raised.ReadTimeoutError(**URL), Kind.UNKNOWN, ClusterAway, "cannot be reached"),
        (raised.ConnectionClosedError(**URL), Kind.UNKNOWN, ClusterAway, "cannot be reached"),
        (OSError("no such file"), Kind.FINAL, ClusterError, "no credentials"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_what_a_failed_call_means_is_one_clear_line(
    error: Exception, kind: Kind, type_: type[Exception], said: str
) -> None:
    assert isinstance(error, failures())
    found = failure_of("item checkout/head", error)
    assert found.kind is kind
    assert type(found.error) is type_
    assert str(found.error).startswith("item checkout/head: ")
    assert said in str(found.error)
    assert "\n" not in str(found.error)


def test_without_boto3_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    module._client.cache_clear()
    with pytest.raises(ClusterError, match=r"pip install 'slipway\[aws\]'"):
        connect("dynamodb", "us-east-1")


def test_boto3_is_loaded_only_when_aws_is_asked() -> None:
    used = "slipway.rollout.platforms.aws.journal_store, slipway.rollout.platforms.aws.lease, slipway.rollout.assemble"
    code = f"import sys, {used}; print([m for m in sys.modules if m.startswith('boto')])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_a_client_sends_once_and_waits_for_less_than_the_margin_of_the_fence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "9")
    module._client.cache_clear()
    made = connect("dynamodb", "eu-west-1")
    assert made is connect("dynamodb", "eu-west-1")
    assert made.meta.region_name == "eu-west-1"
    config = made.meta.config
    assert config.retries["total_max_attempts"] == 1
    assert config.connect_timeout + config.read_timeout <= 5


def test_a_profile_that_does_not_exist_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "gone")
    module._client.cache_clear()
    with pytest.raises(ClusterError, match=r"profile \(gone\) could not be found; check AWS_PROFILE"):
        connect("dynamodb", "us-east-1")
    module._client.cache_clear()
