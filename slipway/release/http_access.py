"""How a metrics server is reached over HTTP: credentials, certificates and headers, in the names that Prometheus itself
uses for its clients. Secrets are named by the path of their file; what is in it is read for each request and is in no
setting, state or journal.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Annotated, Final

from pydantic import BeforeValidator, Field, field_validator, model_validator

from slipway.release.manifest.base import Flag, FrozenModel, Line

SecretFile = Annotated[str, Field(pattern=r"^/([^\x00-\x1f\x7f]*/)?[-._a-zA-Z0-9]+$")]
"""The absolute path of a file. Its name may also be a key of a Secret, which is how a Job in the cluster gets it."""

SCHEMES: Final = ("authorization", "basic_auth", "sigv4")
"""The fields of HttpAccess that say who asks; at most one of them is given."""
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
CREDENTIALS: Final = frozenset(
    {"authorization", "proxy-authorization", "cookie", "api-key", "x-api-key", "x-auth-token", "x-amz-security-token"}
)
"""Headers whose value is a secret."""
_CLIENTS_OWN: Final = frozenset({"host", "content-type", "content-length", "transfer-encoding", "connection", "accept"})
OURS: Final = frozenset({"query", "time", "start", "end", "step", "type", "rule_name[]"})
"""The parameters of a query that Slipway sets itself."""


class Authorization(FrozenModel):
    """`Authorization: <type> <what the file holds>`."""

    type: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9-]*$")] = "Bearer"
    credentials_file: SecretFile

    @field_validator("type")
    @classmethod
    def _is_not_basic(cls, value: str) -> str:
        if value.lower() == "basic":
            raise ValueError("a name and a password are written as basicAuth: {username, passwordFile}")
        return value


class BasicAuth(FrozenModel):
    """A name, and the file of its password."""

    username: Annotated[Line, Field(pattern=r"^[^:]*$")]
    password_file: SecretFile


class SigV4(FrozenModel):
    """The signature of AWS, version 4, by the credentials of the environment or of `profile` there. `aps` is Amazon
    Managed Service for Prometheus."""

    region: Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$")]
    profile: Annotated[Line, Field(min_length=1)] | None = None
    service: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")] = "aps"


class ClientTls(FrozenModel):
    """`ca_file`: who may have signed the server's certificate, instead of the machine's own authorities. `cert_file`
    and `key_file`: the client's own certificate, where it is wanted. `server_name`: the name in the server's
    certificate, where it is not that of the URL. A certificate is always verified."""

    ca_file: SecretFile | None = None
    cert_file: SecretFile | None = None
    key_file: SecretFile | None = None
    server_name: Annotated[str, Field(pattern=r"^[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?$")] | None = None

    @model_validator(mode="after")
    def _certificate_and_key(self) -> ClientTls:
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("certFile and keyFile go together: a certificate without its key proves nothing")
        if not self.model_fields_set:
            raise ValueError("says nothing; write caFile, certFile and keyFile, or serverName, or leave it out")
        return self


class HttpAccess(FrozenModel):
    """`headers` are sent with each request and are no secrets, such as the tenant of a Mimir (`X-Scope-OrgID`)."""

    authorization: Authorization | None = None
    basic_auth: BasicAuth | None = None
    sigv4: SigV4 | None = None
    tls: ClientTls | None = None
    headers: dict[str, Line] | None = None

    @field_validator("headers")
    @classmethod
    def _are_no_secrets(cls, headers: dict[str, str] | None) -> dict[str, str] | None:
        for name in headers or {}:
            if _HEADER.fullmatch(name) is None or name.lower() in _CLIENTS_OWN:
                raise ValueError(f"{name!r} is no header that can be added")
            if name.lower() in CREDENTIALS:
                raise ValueError(
                    f"{name} is a secret, and settings are kept in the stack's state; write authorization: "
                    "{credentialsFile: /path/of/the/token} or basicAuth: {username, passwordFile}"
                )
        return headers

    @model_validator(mode="after")
    def _one_scheme(self) -> HttpAccess:
        given = [_wire_name(self, name) for name in SCHEMES if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(f"has {' and '.join(given)}; a server takes one of them")
        return self

    @property
    def files(self) -> tuple[str, ...]:
        """The paths of all files, each once."""
        parts = (getattr(self, name) for name in (*SCHEMES, "tls"))
        found = [
            path
            for part in parts
            if part is not None
            for name, path in part
            if name.endswith("_file") and path is not None
        ]
        return tuple(dict.fromkeys(found))


def alike(files: Iterable[str]) -> list[str]:
    """The names that several of these files have: in one folder there would be one of each."""
    names = [PurePosixPath(path).name for path in files]
    return sorted({name for name in names if names.count(name) > 1})


def _wire_name(model: FrozenModel, name: str) -> str:
    return type(model).model_fields[name].alias or name


def _as_texts(value: object) -> object:
    """YAML has truth values and numbers where a query string has text."""
    if not isinstance(value, Mapping):
        return value
    return {key: _as_text(each) for key, each in value.items()}


def _as_text(value: object) -> object:
    if isinstance(value, bool | Flag):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


def _are_free(parameters: dict[str, str]) -> dict[str, str]:
    taken = sorted(parameters.keys() & OURS)
    if taken:
        raise ValueError(f"{', '.join(taken)} is set by Slipway itself; leave it out")
    return parameters


class QueryAccess(FrozenModel):
    """What is said of a server that answers queries beside its URL; its fields are those of every setting that names
    such a server. `parameters` are added to each query, such as `dedup` and `partial_response` of Thanos."""

    http: HttpAccess | None = None
    parameters: (
        Annotated[
            dict[Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.\[\]-]*$")], Line], BeforeValidator(_as_texts)
        ]
        | None
    ) = None

    @field_validator("parameters")
    @classmethod
    def _are_not_ours(cls, parameters: dict[str, str] | None) -> dict[str, str] | None:
        return None if parameters is None else _are_free(parameters)

    @property
    def access(self) -> QueryAccess:
        """These two alone."""
        return QueryAccess(http=self.http, parameters=self.parameters)


PLAIN: Final = QueryAccess()
"""Of a server that is asked without anything."""
