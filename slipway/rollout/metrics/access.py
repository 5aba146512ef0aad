"""Who asks a metrics server, and by which certificates: the one place where a credential becomes part of a request.

Files are read for each request, so that a token or a certificate may be rotated while a rollout runs. What they hold is
part of no message.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable, Generator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, Final

import httpx2

from slipway.release.errors import ClusterError
from slipway.release.http_access import SCHEMES, Authorization, BasicAuth, ClientTls, HttpAccess
from slipway.release.run_pod import FILES_VARIABLE
from slipway.rollout.metrics.sigv4 import Signing


class Bearing(httpx2.Auth):
    """`Authorization: <type> <credentials>`."""

    def __init__(self, given: Authorization, server: str) -> None:
        self._given, self._server = given, server

    def auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        """Add the header. Raises ClusterError for a file that holds no token."""
        token = read_secret(self._given.credentials_file, self._server, "token")
        request.headers["Authorization"] = f"{self._given.type} {token}"
        yield request


class Basic(httpx2.Auth):
    """Name and password."""

    def __init__(self, given: BasicAuth, server: str) -> None:
        self._given, self._server = given, server

    def auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        """Add the header. Raises ClusterError for a file that holds no password."""
        password = read_secret(self._given.password_file, self._server, "password", encoding="utf-8")
        yield from httpx2.BasicAuth(self._given.username, password).auth_flow(request)


_SCHEMES: Final[Mapping[str, Callable[[Any, str], httpx2.Auth]]] = {
    "authorization": Bearing,
    "basic_auth": Basic,
    "sigv4": Signing,
}
"""Field of HttpAccess -> what signs the requests: a scheme is a field there, its name in SCHEMES, and a row here."""


def auth_of(http: HttpAccess, server: str) -> httpx2.Auth | None:
    """What signs the requests to `server`, its name in messages; None for a server that is open to all."""
    for name in SCHEMES:
        given = getattr(http, name)
        if given is not None:
            return _SCHEMES[name](given, server)
    return None


def trusting(tls: ClientTls, server: str) -> ssl.SSLContext:
    """The context for these certificates, as their files are now. Raises ClusterError, naming the field."""
    try:
        context = ssl.create_default_context(cafile=tls.ca_file and located(tls.ca_file))
    except (OSError, ValueError) as error:
        raise _unusable(server, "http.tls.caFile", error) from None
    if tls.cert_file is not None and tls.key_file is not None:
        try:
            context.load_cert_chain(located(tls.cert_file), located(tls.key_file), password=_without_password)
        except (OSError, ValueError) as error:
            raise _unusable(server, "http.tls.certFile and keyFile", error) from None
    return context


def stamp_of(tls: ClientTls | None) -> tuple[int, ...]:
    """Changes when a file of the certificates was written anew."""
    if tls is None:
        return ()
    return tuple(map(_written, (tls.ca_file, tls.cert_file, tls.key_file)))


def located(path: str) -> str:
    """Where a file is for this process: a Job in the cluster has it by its name in a folder of its own."""
    folder = os.environ.get(FILES_VARIABLE)
    return path if not folder else str(Path(folder) / PurePosixPath(path).name)


def read_secret(path: str, server: str, what: str, encoding: str = "ascii") -> str:
    """The one line of a file. Raises ClusterError, without its content."""
    try:
        text = Path(located(path)).read_text(encoding=encoding).strip()
    except OSError as error:
        raise ClusterError(f"{server}: the {what} file cannot be read ({error.strerror})") from error
    except ValueError:
        raise ClusterError(f"{server}: the {what} file holds no text of a {what}") from None
    if not text or not text.isprintable():
        raise ClusterError(f"{server}: the {what} file holds no single {what}")
    return text


def _written(path: str | None) -> int:
    try:
        return 0 if path is None else Path(located(path)).stat().st_mtime_ns
    except OSError:
        return -1  # told when it is loaded


def _without_password() -> str:
    raise ValueError("the key has a password; name the file of a key without one")


def _unusable(server: str, field: str, error: Exception) -> ClusterError:
    why = (error.strerror if isinstance(error, OSError) else str(error)) or type(error).__name__
    return ClusterError(f"{server}: the files of {field} cannot be used ({why})")
