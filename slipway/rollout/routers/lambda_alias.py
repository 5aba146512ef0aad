"""The router for AWS Lambda: one alias of a function, of which it is the only writer.

An alias has a main version and at most one more with a weight, which Lambda compares and swaps by the `RevisionId`. Its
description says who wrote it, in the same write as the weights, and which versions stand in the route without traffic.
Lambda itself draws a version for each request; there is nothing that could accept a weight, and nothing to preview: a
version is invoked by its number, whatever the alias says.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from slipway.release.errors import ClusterError, Conflict
from slipway.release.manifest.plan import Mirrored
from slipway.release.manifest.route import Route
from slipway.release.manifest.strategy import Preview
from slipway.release.revision import workload_name
from slipway.release.rollout_inputs import Backend
from slipway.rollout.platforms.aws.requests import AwsRequests
from slipway.rollout.platforms.aws.versions import LATEST, Versions, VersionsApi
from slipway.rollout.platforms.trying import Patience
from slipway.rollout.process.fence import UNFENCED, Fence
from slipway.rollout.routers.base import ClientAssignment, LiveRoute, Split, refuse_other_stack

WEIGHTED = 2
"""Versions that an alias may lead to at one time."""
DIGITS = 4
"""Of a weight, which is a fraction: steps of 0.01%."""
LONGEST = 256
"""Characters of a description."""
MADE_BY = "slipway"
NOT_TAKEN_OVER = "an alias that Slipway did not make cannot be taken over; only routes of the Gateway API can"
SETTINGS: Mapping[str, Any] = {"versions": "published"}
"""All that an alias says beside the weights."""
Json = dict[str, Any]


class AliasApi(VersionsApi, Protocol):
    """What is used of boto3's client for `lambda`: each method takes the parameters of the API."""

    def get_alias(self, **asked: object) -> Json:
        """The alias."""
        ...

    def create_alias(self, **asked: object) -> Json:
        """Make it."""
        ...

    def update_alias(self, **asked: object) -> Json:
        """Change it, if it is as expected."""
        ...

    def delete_alias(self, **asked: object) -> Json:
        """Delete it."""
        ...

    def get_provisioned_concurrency_config(self, **asked: object) -> Json:
        """What is kept warm for the alias."""
        ...

    def get_function_url_config(self, **asked: object) -> Json:
        """The function's own URL."""
        ...

    def list_event_source_mappings(self, **asked: object) -> Json:
        """What invokes the function for messages of queues and streams."""
        ...


@dataclass(frozen=True, slots=True)
class _Stamp:
    """The description of an alias: `slipway service=checkout rollout=r1 stack=shop/prod idle=3,4`."""

    service: str = ""
    rollout: str = ""
    stack: str = ""
    idle: tuple[str, ...] = ()
    """Numbers of the versions that stand in the route without traffic."""

    @classmethod
    def read(cls, text: str) -> _Stamp:
        """All of it is empty where Slipway did not write it."""
        words = text.split()
        if not words or words[0] != MADE_BY:
            return cls()
        found = dict(word.split("=", 1) for word in words[1:] if "=" in word)
        idle = tuple(number for number in found.get("idle", "").split(",") if number)
        return cls(found.get("service", ""), found.get("rollout", ""), found.get("stack", ""), idle)

    def __str__(self) -> str:
        said = {"service": self.service, "rollout": self.rollout, "stack": self.stack, "idle": ",".join(self.idle)}
        return " ".join((MADE_BY, *(f"{name}={value}" for name, value in said.items() if value)))


@dataclass(frozen=True, slots=True)
class _Alias:
    """An alias as it is wanted, or as it was read: the weights of versions by number, as fractions."""

    main: str
    others: Mapping[str, float]
    stamp: _Stamp
    version: str = ""

    @classmethod
    def read(cls, answer: Json) -> _Alias:
        """As Lambda tells it."""
        weights = (answer.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
        stamp = _Stamp.read(str(answer.get("Description") or ""))
        others = {number: float(weight) for number, weight in weights.items()}
        return cls(answer["FunctionVersion"], others, stamp, answer["RevisionId"])

    @property
    def content(self) -> tuple[str, Mapping[str, float], _Stamp]:
        """What is compared."""
        return self.main, dict(self.others), self.stamp

    @property
    def weights(self) -> dict[str, float]:
        """Percent by number, those without traffic too."""
        main = {self.main: 1 - sum(self.others.values())}
        found = {**dict.fromkeys(self.stamp.idle, 0.0), **main, **self.others}
        return {number: round(weight * 100, DIGITS) for number, weight in found.items()}

    def asked(self) -> Json:
        """The parameters of a write."""
        routing = {"AdditionalVersionWeights": dict(self.others)}
        return {"FunctionVersion": self.main, "RoutingConfig": routing, "Description": str(self.stamp)}


@dataclass(frozen=True, slots=True)
class AliasPlace:
    """The alias of a function, and the service whose users invoke it."""

    service: str
    function: str
    alias: str


class LambdaRouter:
    """See slipway.rollout.routers.base.Router. Entries of backends are `FUNCTION-REVISION`, and `FUNCTION:NUMBER` for a
    version in the alias that Slipway did not make; of a route it takes nothing."""

    def __init__(
        self,
        client: AliasApi,
        place: AliasPlace,
        fence: Fence = UNFENCED,
        stack: str = "",
        patience: Patience | None = None,
    ) -> None:
        self._client = client
        self._requests = AwsRequests(fence, patience)
        self._service = place.service
        self._function = place.function
        self._stack = stack
        self._named = {"FunctionName": place.function, "Name": place.alias}
        self._what = f"alias {place.alias} of the function {place.function}"
        self._versions = Versions(client, self._requests, place.function)

    def read(self, max_age: float = 0.0) -> LiveRoute | None:
        """The live route as it is now. It is not accepted while Lambda still makes room for a version in its
        provisioned concurrency: until then it leads requests by other weights than these."""
        found = self._find()
        return None if found is None else self._live(found, self._settling())

    def apply(self, route: Route, split: Split, expect: str | None) -> LiveRoute:
        """Write the whole alias: read, compare, write by compare-and-swap."""
        if split.sticky is not None:
            raise ClusterError("an alias of Lambda cannot draw clients by a cookie: leave route.affinity.cookie out")
        if split.mirror is not None:
            raise ClusterError("an alias of Lambda cannot copy requests: leave the mirror step out")
        wanted, found = self._wanted(split), self._find()
        self._refuse_foreign(found)
        if found is not None and self._is_own(found, wanted):
            return self._live(found, self._settling())  # an earlier sending, or an earlier call of this attempt
        if (found.version if found is not None else None) != expect:
            raise Conflict(f"{self._what}: expected version {expect}, found {found.version if found else None}")
        self._write(wanted, expect)
        return self._read_back()

    def claim(self) -> LiveRoute | None:
        """Stamp the alias with writer and owner: that alone is another `RevisionId`."""
        found = self._find()
        self._refuse_unmanaged(found)
        if found is None:
            return None
        stamp = _Stamp(self._service, self._requests.fence.writer, self._stack or found.stamp.stack, found.stamp.idle)
        self._write(_Alias(found.main, found.others, stamp), found.version)
        return self._read_back()

    def check_take_over(self, route: Route, backend: Backend) -> None:
        """Aliases are not taken over."""
        raise ClusterError(NOT_TAKEN_OVER)

    def take_over(self, route: Route, backend: Backend) -> LiveRoute:
        """Aliases are not taken over."""
        raise ClusterError(NOT_TAKEN_OVER)

    def give_back(self) -> None:
        """No alias was taken over."""
        raise ClusterError("the alias was made by Slipway and not taken over; `pulumi destroy` deletes it")

    def settings_hash(
        self,
        route: Route,
        preview: tuple[Backend, Preview] | None = None,
        sticky: ClientAssignment | None = None,
        mirror: tuple[Backend, Mirrored] | None = None,
    ) -> str:
        """Always the same: an alias has weights alone."""
        return _hash(SETTINGS)

    def settings(self, route: Route) -> Mapping[str, Any]:
        """What `LiveRoute.settings` is while the alias leads to published versions."""
        return SETTINGS

    def rivals(self, route: Route) -> list[str]:
        """What invokes the function beside the alias, so that its users get whatever code was put there last."""
        function = {"FunctionName": self._function}
        url = self._requests.find(self._what, lambda: self._client.get_function_url_config(**function))
        found = [] if url is None else [f"the URL of the function {self._function} itself, which leads to {LATEST}"]
        mapped = self._requests.ask(self._what, lambda: self._client.list_event_source_mappings(**function))
        for one in mapped.get("EventSourceMappings", []):
            if str(one.get("FunctionArn", "")).endswith(f":function:{self._function}"):
                found.append(f"the event source mapping {one.get('UUID')}, which leads to {LATEST}")
        return found

    def losing_to_copies(self, route: Route) -> list[str]:
        """None: an alias copies nothing."""
        return []

    def delete(self) -> None:
        """Remove the alias; it is no error when there is none."""
        found = self._find()
        if found is None:
            return
        self._refuse_foreign(found)
        self._requests.remove(self._what, lambda: self._client.delete_alias(**self._named))

    def numbers(self) -> frozenset[str]:
        """The versions that stand in the alias, those without traffic too."""
        found = self._find()
        return frozenset() if found is None else frozenset(found.weights)

    def owner(self) -> str:
        """`project/stack` that declares the alias; empty where none does."""
        found = self._find()
        return "" if found is None else found.stamp.stack

    def _find(self) -> _Alias | None:
        found = self._requests.find(self._what, lambda: self._client.get_alias(**self._named))
        return None if found is None else _Alias.read(found)

    def _wanted(self, split: Split) -> _Alias:
        """Raises ClusterError for a version that is not there, and for more than Lambda can do."""
        numbers: dict[str, float] = {}
        for backend, percent in split.shares:
            number = self._versions.number_of(backend.revision)
            if number is None:
                raise ClusterError(f"{self._what}: no version of {backend.label} is published; check its workload")
            numbers[number] = round(percent / 100, DIGITS)
            if percent > 0 and not numbers[number]:
                raise ValueError(f"{percent:g}% is finer than the 0.01% of an alias")
        carrying = [number for number, weight in numbers.items() if weight > 0]
        if not 0 < len(carrying) <= WEIGHTED or abs(sum(numbers.values()) - 1) > 0.01:
            raise ValueError(f"an alias of Lambda has one or two versions with traffic: {split.shares}")
        main, *others = sorted(carrying, key=lambda number: -numbers[number])
        idle = tuple(number for number in numbers if number not in carrying)
        stamp = _Stamp(self._service, self._requests.fence.writer, self._stack, idle)
        if len(str(stamp)) > LONGEST:
            raise ClusterError(f"{self._what}: its description would be longer than {LONGEST} characters: {stamp}")
        return _Alias(main, {number: numbers[number] for number in others}, stamp)

    def _write(self, wanted: _Alias, expect: str | None) -> None:
        asked = {**self._named, **wanted.asked()}
        if expect is None:
            send = lambda: self._client.create_alias(**asked)  # noqa: E731
        else:
            send = lambda: self._client.update_alias(**asked, RevisionId=expect)  # noqa: E731
        self._requests.write(
            self._what, send, self._find, lambda there: there is not None and self._is_own(there, wanted)
        )

    def _read_back(self) -> LiveRoute:
        live = self.read()
        if live is None:
            raise Conflict(f"{self._what}: it was deleted right after it was written")
        return live

    def _settling(self) -> str:
        """Why the weights are not in force yet; empty where they are."""
        asked = {"FunctionName": self._named["FunctionName"], "Qualifier": self._named["Name"]}
        found = self._requests.find(self._what, lambda: self._client.get_provisioned_concurrency_config(**asked))
        status = "READY" if found is None else str(found.get("Status") or "")
        if status == "READY":
            return ""
        reason = str((found or {}).get("StatusReason") or "")
        return f"its provisioned concurrency is {status}{f' ({reason})' if reason else ''}"

    def _live(self, found: _Alias, problem: str) -> LiveRoute:
        settings = SETTINGS if LATEST not in found.weights else {"versions": LATEST}
        return LiveRoute(
            shares={self._entry(number): share for number, share in found.weights.items()},
            version=found.version,
            accepted=not problem,
            problem=problem,
            managed=found.stamp.service == self._service,
            settings_hash=_hash(settings),
            writer=found.stamp.rollout,
            owner=found.stamp.stack,
            settings=settings,
            behind=bool(problem),
        )

    def _entry(self, number: str) -> str:
        revision = self._versions.revision_of(number)
        if not revision or self._versions.number_of(revision) != number:
            return f"{self._function}:{number}"
        return workload_name(self._function, revision)

    def _is_own(self, found: _Alias, wanted: _Alias) -> bool:
        return bool(self._requests.fence.writer) and found.content == wanted.content

    def _refuse_unmanaged(self, found: _Alias | None) -> None:
        if found is not None and found.stamp.service != self._service:
            raise ClusterError(
                f"{self._what} exists, but is not that of service {self._service} (its description does not say "
                "so): another tool writes it, and it is left alone; give the service another alias in "
                "releases:target.aliases, or remove this one"
            )

    def _refuse_foreign(self, found: _Alias | None) -> None:
        self._refuse_unmanaged(found)
        if found is not None:
            refuse_other_stack(self._what, found.stamp.stack, self._stack, self._service)


def _hash(settings: Mapping[str, Any]) -> str:
    return hashlib.sha256(repr(sorted(settings.items())).encode()).hexdigest()[:16]
