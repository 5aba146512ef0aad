"""The rules of a route that Slipway did not make, as `route.rules` says them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from slipway.release.manifest.document import show_location
from slipway.release.manifest.route_rules import RouteMatch, RouteRule

Json = dict[str, Any]
EVERYTHING = (RouteMatch(),)
"""What the API server writes where a rule says nothing of matches."""


@dataclass(frozen=True, slots=True)
class Target:
    """The Service that has the traffic of a route, or of the rules that name it."""

    service: str
    port: int

    def __str__(self) -> str:
        return f"{self.service}:{self.port}"


@dataclass(frozen=True, slots=True)
class ForeignRules:
    """`target` is the Service that is to be released, as the rules name it; None where they do not, or not as one.
    `problems` is what `route.rules` cannot say, each with its place in the spec."""

    rules: tuple[RouteRule, ...]
    target: Target | None
    problems: tuple[str, ...]


def read_rules(rules: Sequence[Mapping[str, Any]], namespace: str, service: str) -> ForeignRules:
    """Every field is either understood or a problem. The Service is the one that the manifest leaves unnamed."""
    reader = _Reader(namespace, service)
    found = [rule for index, one in enumerate(rules) for rule in reader.read(one, f"spec.rules[{index}]")]
    problems = list(reader.problems)
    if not reader.ports:
        problems.append(f"no rule of spec.rules sends to the Service {service}")
    elif len(reader.ports) > 1:
        ports = ", ".join(map(str, sorted(reader.ports)))
        problems.append(f"spec.rules sends to the ports {ports} of the Service {service}, and a release has one")
    target = Target(service, min(reader.ports)) if len(reader.ports) == 1 else None
    return ForeignRules(tuple(found), target, tuple(problems))


class _Reader:
    def __init__(self, namespace: str, service: str) -> None:
        self._namespace = namespace
        self._service = service
        self.problems: list[str] = []
        self.ports: set[int] = set()
        """Of the Service, as the rules name it."""

    def read(self, rule: Mapping[str, Any], place: str) -> Iterator[RouteRule]:
        """The rule; none where there are problems."""
        given = _said(rule)
        for number, one in enumerate(given.get("filters") or []):
            if self._is_own((one.get("requestMirror") or {}).get("backendRef") or {}):
                self.problems.append(f"{place}.filters[{number}] copies requests to the Service {self._service} itself")
        given["backendRefs"] = [self._backend(one) for one in given.get("backendRefs") or []]
        if given["backendRefs"] in ([{}], [{"weight": 1}]) or _redirects(given):
            del given["backendRefs"]
        try:
            found = RouteRule.model_validate(given)
            yield found if found.matches != EVERYTHING else found.model_copy(update={"matches": ()})
        except ValidationError as error:
            self.problems += [f"{place}{_said_of(one)}" for one in error.errors(include_url=False)]

    def _backend(self, backend: Json) -> Json:
        if not self._is_own(backend):
            return backend
        self.ports.add(int(backend.get("port") or 0))
        return {key: value for key, value in backend.items() if key in ("weight", "filters")}

    def _is_own(self, backend: Mapping[str, Any]) -> bool:
        kind = (backend.get("group", ""), backend.get("kind", "Service"))
        place = backend.get("namespace") or self._namespace, backend.get("name")
        return kind == ("", "Service") and place == (self._namespace, self._service)


def _redirects(rule: Json) -> bool:
    return not rule["backendRefs"] and any(one.get("type") == "RequestRedirect" for one in rule.get("filters") or [])


def _said(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Without what says nothing."""
    if isinstance(value, Mapping):
        return {key: _said(one) for key, one in value.items() if one not in (None, [])}
    return [_said(one) for one in value] if isinstance(value, list) else value


def _said_of(error: Mapping[str, Any]) -> str:
    place = show_location(tuple(error["loc"])) if error["loc"] else ""
    text = f".{place}" if place and not place.startswith("[") else place
    if error["type"] == "extra_forbidden":
        return f"{text} cannot be kept: a manifest has no such field"
    message = str(error["ctx"]["error"]) if error["type"] == "value_error" else error["msg"]
    return f"{text}: {message}"
