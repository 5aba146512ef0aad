"""What a call to the API server raises -> one clear line, and whether the call may be repeated."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import parsedate_to_datetime

import httpx2
import msgspec
from lightkube import ApiError, ConfigError

from slipway.release.errors import ClusterAway, ClusterError, Conflict
from slipway.rollout.platforms.trying import Failure, Kind

NOT_FOUND = 404
CONFLICT = 409
_BAD_REQUEST = 400
_TOO_MANY = 429
_AWAY = (500, 502, 503, 504)
_NOT_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)
FAILURES = (httpx2.HTTPError, ConfigError, OSError, msgspec.MsgspecError, KeyError, ValueError)
"""What a call of lightkube raises; any other exception is a defect of Slipway."""
_REMEDIES = {
    401: "the credentials were refused: renew them, or name other ones in SLIPWAY_KUBECONFIG",
    403: "grant the Role of the rollout (slipway/release/rollout_rights.py) to this user",
    422: "the API server does not take the object as it is: check the versions of its custom resource definitions",
    429: "the API server is overloaded; try again",
}

_UNKNOWN_FIELD = "strict decoding error"
"""What the API server says of a field that its definition of the object does not have, where it has to refuse it."""
_OLD_DEFINITIONS = "the API server does not know a field of it: check the versions of its custom resource definitions"


def failure_of(what: str, error: Exception) -> Failure:
    """What one of FAILURES means, raised by one call about `what`."""
    refused = _status_error(error)
    if refused is not None:
        return _refused(what, refused)
    said: ClusterError
    if isinstance(error, httpx2.TimeoutException):
        said = ClusterAway(f"{what}: the API server did not answer in time; check that it is up")
        return Failure(Kind.NOT_DONE if isinstance(error, _NOT_SENT) else Kind.UNKNOWN, said)
    if isinstance(error, httpx2.HTTPError):
        said = ClusterAway(
            f"{what}: the API server cannot be reached ({_text(error)}); check the network and the kubeconfig"
        )
        return Failure(Kind.NOT_DONE if isinstance(error, _NOT_SENT) else Kind.UNKNOWN, said)
    if isinstance(error, ConfigError | OSError):
        said = ClusterError(f"{what}: no credentials ({_text(error)}); check the user in the kubeconfig")
        return Failure(Kind.FINAL, said)
    said = ClusterError(
        f"{what}: the answer cannot be understood ({type(error).__name__}: {_text(error)}); "
        "check that the kubeconfig names an API server"
    )
    return Failure(Kind.GARBLED, said)


@contextmanager
def calling(what: str) -> Iterator[None]:
    """Turn every failure of the block, one API call about `what`, into a ClusterError or Conflict.

    Only calls belong into the block: a missing object (404) is a ClusterError here. It tries once only; the adaptors
    use slipway.rollout.platforms.kubernetes.requests.
    """
    try:
        yield
    except ClusterError:
        raise
    except FAILURES as error:
        raise failure_of(what, error).error from error


def _status_error(error: Exception) -> httpx2.HTTPStatusError | None:
    """The refusal of the server; lightkube itself fails on one with an unexpected body or header."""
    for found in (error, error.__context__):
        if isinstance(found, httpx2.HTTPStatusError):
            return found
    return None


def _refused(what: str, error: httpx2.HTTPStatusError) -> Failure:
    code = error.response.status_code
    said = _text(error) if isinstance(error, ApiError) else f"HTTP {code}"
    if code == CONFLICT:
        return Failure(Kind.CONFLICT, Conflict(f"{what}: another writer changed it in between: {said}"))
    remedy = _REMEDIES.get(code)
    if code == _BAD_REQUEST and _UNKNOWN_FIELD in said:
        remedy = _OLD_DEFINITIONS
    if code == NOT_FOUND:
        remedy = "check that the namespace and the custom resource definitions exist"
    kind = ClusterAway if code in (_TOO_MANY, *_AWAY) else ClusterError
    told = kind(f"{what}: {said}" + (f"; {remedy}" if remedy else ""))
    return Failure(_kind(code, error), told, _wait(error.response))


def _kind(code: int, error: httpx2.HTTPStatusError) -> Kind:
    if code == NOT_FOUND and isinstance(error, ApiError):
        return Kind.ABSENT
    if code == _TOO_MANY:
        return Kind.NOT_DONE
    return Kind.UNKNOWN if code in _AWAY else Kind.FINAL


def _wait(response: httpx2.Response) -> float | None:
    """Seconds of a Retry-After, which is a number or a date (RFC 9110, 10.2.3). A date is compared with the date of
    the same answer, so that two clocks do not matter."""
    asked = response.headers.get("Retry-After", "").strip()
    if not asked:
        return None
    try:
        return max(0.0, float(asked)) if asked.isdecimal() else max(0.0, _moment(asked) - _answered(response))
    except (TypeError, ValueError):
        return None


def _answered(response: httpx2.Response) -> float:
    date = response.headers.get("Date")
    return _moment(date) if date else time.time()


def _moment(text: str) -> float:
    return parsedate_to_datetime(text).timestamp()


def _text(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
