"""What a rule of a route does to requests and responses, in the Gateway API's own words and with its defaults:
https://gateway-api.sigs.k8s.io/reference/spec/#httproutefilter
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic.alias_generators import to_camel

from slipway.release.manifest.base import FrozenModel, ObjectName

ApiGroup = Annotated[str, Field(pattern=r"^$|^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$")]
ApiKind = Annotated[str, Field(pattern=r"^[a-zA-Z]([-a-zA-Z0-9]{0,61}[a-zA-Z0-9])?$")]
HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,256}$")]
HeaderValue = Annotated[str, Field(min_length=1, max_length=4096, pattern=r"^[^\x00-\x08\x0a-\x1f\x7f]*$")]
"""No control characters: a line break would end the header."""
HostName = Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$")]
PortNumber = Annotated[int, Field(ge=1, le=65535)]
ReplacedPath = Annotated[str, Field(max_length=1024, pattern=r"^[^\x00-\x1f\x7f]*$")]


class SetHeader(FrozenModel):
    """A header and what it is set to."""

    name: HeaderName
    value: HeaderValue


class HeaderModifier(FrozenModel):
    """Headers that are changed; each name stands in one of the lists only."""

    set: Annotated[tuple[SetHeader, ...], Field(max_length=16)] = ()
    add: Annotated[tuple[SetHeader, ...], Field(max_length=16)] = ()
    remove: Annotated[tuple[HeaderName, ...], Field(max_length=16)] = ()


class PathModifier(FrozenModel):
    """Another path, or another beginning of it."""

    type: Literal["ReplaceFullPath", "ReplacePrefixMatch"]
    replace_full_path: ReplacedPath | None = None
    replace_prefix_match: ReplacedPath | None = None

    @model_validator(mode="after")
    def _has_what_its_type_says(self) -> PathModifier:
        _only(self, self.type[0].lower() + self.type[1:], ("replace_full_path", "replace_prefix_match"), self.type)
        return self


class Redirect(FrozenModel):
    """The answer is another place; a rule with it sends to no backend."""

    scheme: Literal["http", "https"] | None = None
    hostname: HostName | None = None
    path: PathModifier | None = None
    port: PortNumber | None = None
    status_code: Literal[301, 302, 303, 307, 308] = 302


class Rewrite(FrozenModel):
    """What the backend is asked for instead."""

    hostname: HostName | None = None
    path: PathModifier | None = None


class MirrorBackend(FrozenModel):
    """What gets the copies."""

    group: ApiGroup = ""
    kind: ApiKind = "Service"
    name: ObjectName
    namespace: ObjectName | None = None
    port: PortNumber | None = None


class Fraction(FrozenModel):
    """A part of the requests."""

    numerator: Annotated[int, Field(ge=0)]
    denominator: Annotated[int, Field(ge=1)] = 100


class Mirror(FrozenModel):
    """Copies of the requests of the rule for another backend, whose answers go nowhere."""

    backend_ref: MirrorBackend
    percent: Annotated[int, Field(ge=0, le=100)] | None = None
    fraction: Fraction | None = None


class Cors(FrozenModel):
    """What pages of other origins may ask for. `max_age` is in seconds."""

    allow_origins: Annotated[tuple[str, ...], Field(max_length=64)] = ()
    allow_credentials: bool | None = None
    allow_methods: Annotated[tuple[str, ...], Field(max_length=9)] = ()
    allow_headers: Annotated[tuple[str, ...], Field(max_length=64)] = ()
    expose_headers: Annotated[tuple[str, ...], Field(max_length=64)] = ()
    max_age: Annotated[int, Field(ge=1)] = 5


class ExtensionReference(FrozenModel):
    """An object of the gateway's own, such as a policy of it; it is passed on as it is."""

    group: ApiGroup
    kind: ApiKind
    name: ObjectName


FilterType = Literal[
    "RequestHeaderModifier",
    "ResponseHeaderModifier",
    "RequestMirror",
    "RequestRedirect",
    "URLRewrite",
    "CORS",
    "ExtensionRef",
]
_MEMBERS: dict[str, str] = {
    "RequestHeaderModifier": "request_header_modifier",
    "ResponseHeaderModifier": "response_header_modifier",
    "RequestMirror": "request_mirror",
    "RequestRedirect": "request_redirect",
    "URLRewrite": "url_rewrite",
    "CORS": "cors",
    "ExtensionRef": "extension_ref",
}
_REPEATED = ("RequestMirror", "ExtensionRef")


class RouteFilter(FrozenModel):
    """One filter: `type` says which of the other fields it has."""

    type: FilterType
    request_header_modifier: HeaderModifier | None = None
    response_header_modifier: HeaderModifier | None = None
    request_mirror: Mirror | None = None
    request_redirect: Redirect | None = None
    url_rewrite: Rewrite | None = None
    cors: Cors | None = None
    extension_ref: ExtensionReference | None = None

    @model_validator(mode="after")
    def _has_what_its_type_says(self) -> RouteFilter:
        _only(self, to_camel(_MEMBERS[self.type]), tuple(_MEMBERS.values()), self.type)
        return self

    @property
    def replaces_prefix(self) -> bool:
        """Whether it needs the path that matched: the API then allows one match a rule, by prefix."""
        found = self.url_rewrite or self.request_redirect
        return found is not None and found.path is not None and found.path.replace_prefix_match is not None


def filters_problem(filters: tuple[RouteFilter, ...]) -> str | None:
    """Why the API refuses these filters beside each other; None where it does not."""
    types = [one.type for one in filters]
    twice = sorted({name for name in types if types.count(name) > 1 and name not in _REPEATED})
    if twice:
        return f"{twice[0]} is there twice: a rule has one"
    if "RequestRedirect" in types and "URLRewrite" in types:
        return "RequestRedirect and URLRewrite exclude each other"
    return None


def _only(holder: FrozenModel, wanted: str, members: tuple[str, ...], kind: str) -> None:
    given = [to_camel(name) for name in members if getattr(holder, name) is not None]
    if given != [wanted]:
        found = ", ".join(given) or "none of them"
        raise ValueError(f"type {kind} has the field {wanted} and no other, not {found}")
