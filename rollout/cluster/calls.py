"""From whatever a call to the API server raises to one clear line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import msgspec
from lightkube import ApiError, ConfigError

from release.errors import ClusterError, Conflict

NOT_FOUND = 404
CONFLICT = 409
_REMEDIES = {
    401: "the credentials were refused: renew them, or name other ones in SLIPWAY_KUBECONFIG",
    403: "grant the Role of the rollout (release/rollout_rights.py) to this user",
    422: "the API server does not take the object as it is: check the versions of its custom resource definitions",
    429: "the API server is overloaded; try again",
}


@contextmanager
def calling(what: str) -> Iterator[None]:
    """Turn every failure of the block, one API call about `what`, into a ClusterError or Conflict.

    Only calls belong into the block: a missing object (404) is a ClusterError here, see `absent`.
    """
    try:
        yield
    except ClusterError:
        raise
    except httpx2.HTTPStatusError as error:
        raise _refused(what, error) from error
    except httpx2.TimeoutException as error:
        raise ClusterError(f"{what}: the API server did not answer in time; check that it is up") from error
    except httpx2.HTTPError as error:
        raise ClusterError(
            f"{what}: the API server cannot be reached ({_text(error)}); check the network and the kubeconfig"
        ) from error
    except (ConfigError, OSError) as error:
        raise ClusterError(f"{what}: no credentials ({_text(error)}); check the user in the kubeconfig") from error
    except (msgspec.MsgspecError, KeyError, ValueError) as error:
        raise ClusterError(
            f"{what}: the answer cannot be understood ({type(error).__name__}: {_text(error)}); "
            "check that the kubeconfig names an API server"
        ) from error


@contextmanager
def absent() -> Iterator[None]:
    """Let a missing object pass in silence; use it inside `calling`."""
    try:
        yield
    except ApiError as error:
        if error.response.status_code != NOT_FOUND:
            raise


def _refused(what: str, error: httpx2.HTTPStatusError) -> ClusterError:
    code = error.response.status_code
    said = _text(error) if isinstance(error, ApiError) else f"HTTP {code}"
    if code == CONFLICT:
        return Conflict(f"{what}: somebody else wrote in between: {said}")
    remedy = _REMEDIES.get(code)
    if code == NOT_FOUND:
        remedy = "check that the namespace and the custom resource definitions exist"
    return ClusterError(f"{what}: {said}" + (f"; {remedy}" if remedy else ""))


def _text(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
