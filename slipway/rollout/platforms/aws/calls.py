"""What a call to AWS raises -> one clear line, and whether the call may be repeated."""

from __future__ import annotations

from functools import cache
from typing import Any

from slipway.release.errors import ClusterAway, ClusterError, Conflict
from slipway.rollout.platforms.trying import Failure, Kind

_BUSY = (
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "ConditionalRequestConflict",
    "OperationAborted",
    "RequestLimitExceeded",
    "RequestTimeout",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "TransactionInProgressException",
)
_CREDENTIALS = (
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
)
_ABSENT = (
    "ClusterNotFound",
    "ClusterNotFoundException",
    "ListenerNotFound",
    "NoSuchKey",
    "NoSuchVersion",
    "ObjectLockConfigurationNotFoundError",
    "ProvisionedConcurrencyConfigNotFoundException",
    "RuleNotFound",
    "ServiceNotFoundException",
    "TargetGroupNotFound",
)
_CONFLICTS = (
    "ConditionalCheckFailedException",
    "ConflictException",
    "PreconditionFailed",
    "PreconditionFailedException",
    "ResourceConflictException",
    "TransactionConflictException",
)
_NOT_FOUND = "ResourceNotFoundException"
"""Of DynamoDB with the status 400, for a table that should be there; of Lambda with 404, for what may not be."""
_NOT_SENT = ("ConnectTimeoutError", "EndpointConnectionError", "ProxyConnectionError")


@cache
def failures() -> tuple[type[Exception], ...]:
    """What a call of botocore raises; any other exception is a defect of Slipway."""
    from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]

    return (BotoCoreError, ClientError, OSError)


def failure_of(what: str, error: Exception) -> Failure:
    """What one of `failures()` means, raised by one call about `what`."""
    response = getattr(error, "response", None)
    if isinstance(response, dict):
        return _refused(what, response)
    name, text = type(error).__name__, " ".join(str(error).split())
    if _is_transport(error):
        away = ClusterAway(f"{what}: AWS cannot be reached ({text}); check the network and the region")
        return Failure(Kind.NOT_DONE if name in _NOT_SENT else Kind.UNKNOWN, away)
    if name == "ResponseParserError":
        said = f"{what}: the answer cannot be understood ({text}); check AWS_ENDPOINT_URL"
        return Failure(Kind.GARBLED, ClusterError(said))
    if "Credential" in name or "Token" in name or isinstance(error, OSError):
        return Failure(Kind.FINAL, ClusterError(f"{what}: no credentials ({text}); check AWS_PROFILE or the role"))
    return Failure(Kind.FINAL, ClusterError(f"{what}: {text}; check the configuration of AWS"))


def _is_transport(error: Exception) -> bool:
    from botocore.exceptions import ConnectionError as NotConnected
    from botocore.exceptions import HTTPClientError

    return isinstance(error, HTTPClientError | NotConnected)


def _refused(what: str, response: dict[str, Any]) -> Failure:
    status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500))
    code = str(response.get("Error", {}).get("Code", ""))
    said = " ".join(str(response.get("Error", {}).get("Message", "")).split())
    text = f"{what}: {code}: {said}".rstrip(": ")
    if code in _CONFLICTS:
        return Failure(Kind.CONFLICT, Conflict(f"{what}: another writer changed it in between"))
    if code in _ABSENT or (code == _NOT_FOUND and status == 404):
        return Failure(Kind.ABSENT, ClusterError(f"{text}; check that it was created"))
    if code in _BUSY or status == 429:
        return Failure(Kind.NOT_DONE, ClusterAway(f"{text}; AWS limits the rate; try again"))
    if status >= 500:
        return Failure(Kind.UNKNOWN, ClusterAway(text))
    remedy = _remedy(code)
    return Failure(Kind.FINAL, ClusterError(f"{text}; {remedy}" if remedy is not None else text))


def _remedy(code: str) -> str | None:
    if code in _CREDENTIALS:
        return "renew the credentials, or name others in AWS_PROFILE"
    if code.startswith("AccessDenied"):
        return "allow it in a policy of this role"
    return {
        "NoSuchBucket": "check that the bucket exists in this region and account",
        _NOT_FOUND: "check that the table exists in this region and account",
    }.get(code)
