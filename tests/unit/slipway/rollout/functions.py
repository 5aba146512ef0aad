"""Lambda for unit tests: boto3's real client, served by a small server that keeps what moto does not: it compares and
swaps the `RevisionId` of an alias, and refuses weights that AWS refuses. Everything else is moto's."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

from botocore.awsrequest import AWSPreparedRequest, AWSResponse  # type: ignore[import-untyped]

from slipway.rollout.platforms.aws.functions import LambdaWorkloads
from slipway.rollout.process.fence import UNFENCED, Fence
from slipway.rollout.routers.lambda_alias import AliasPlace, LambdaRouter
from tests.unit.slipway.rollout.cloud import Cloud, Effect

Json = dict[str, Any]
ALIAS = "live"


class _Body(io.BytesIO):
    """The body of an answer, as urllib3 gives it."""

    def stream(self, *_: object, **__: object) -> list[bytes]:
        """All of it at once."""
        return [self.read()]


class Refused(Exception):
    """What the server answers instead."""

    def __init__(self, status: int, code: str, said: str = "no") -> None:
        super().__init__(code)
        self.status, self.code, self.said = status, code, said


class FunctionCloud(Cloud):
    """One function with versions and aliases. `wrong` are effects, each on the next call of its name."""

    def __init__(self, function: str = "checkout", service: str | None = None) -> None:
        super().__init__()
        self.function = function
        self.service = function if service is None else service
        self.tags: dict[str, str] = {}
        self.versions: dict[str, Json] = {}
        self.aliases: dict[str, Json] = {}
        self.wrong: list[tuple[str, Effect]] = []
        self.warm: Json | None = None
        """What is kept warm for the alias."""
        self.url = False
        self.mappings: list[Json] = []
        self.answers: Callable[[str, Json], Json] = lambda number, event: {"statusCode": 200, "body": "ok"}
        """What a version answers to an event."""
        self.page = 50
        self._next = 1
        self._writes = 0
        self.client("lambda").meta.events.register_first("before-send.lambda", self._note)
        self._call = ""

    def publish(self, revision: str, image: str, *, description: str | None = None, **config: Any) -> str:
        """A version, active unless `config` says something else."""
        number, self._next = str(self._next), self._next + 1
        said = f"slipway {revision}" if description is None else description
        made = {"Version": number, "Description": said, "State": "Active", **config}
        self.versions[number] = {"Configuration": made, "Code": {"ImageUri": image}}
        return number

    def router(self, fence: Fence = UNFENCED, stack: str = "shop/prod") -> LambdaRouter:
        """That of another process."""
        place = AliasPlace(self.service, self.function, ALIAS)
        return LambdaRouter(self.client("lambda"), place, fence, stack, self.patience)

    def workloads(self, fence: Fence = UNFENCED) -> LambdaWorkloads:
        """Those of another process."""
        return LambdaWorkloads(self.client("lambda"), self.function, fence, self.patience)

    def swing(self, weight: float) -> None:
        """Another writer changes the weight."""
        found = self.aliases[ALIAS]
        found["RoutingConfig"] = {"AdditionalVersionWeights": dict.fromkeys(self._weights(found), weight)}
        self._touch(found)

    def serve(self, request: AWSPreparedRequest) -> AWSResponse:
        """What the server answers."""
        if ".lambda." not in f".{urlsplit(request.url).netloc}":
            return super().serve(request)
        try:
            status, body = 200, self._answer(request)
        except Refused as refused:
            status, body = refused.status, {"message": refused.said, "__type": refused.code}
            return self._response(request, status, body, {"x-amzn-ErrorType": refused.code})
        return self._response(request, status, body, {})

    def _note(self, request: AWSPreparedRequest, event_name: str = "", **_: object) -> None:
        self._call = event_name.rpartition(".")[2]
        for place, (name, effect) in enumerate(self.wrong):
            if name == self._call:
                del self.wrong[place]
                self.before.insert(0, effect)
                return

    def _response(self, request: AWSPreparedRequest, status: int, body: Json, headers: dict[str, str]) -> AWSResponse:
        headers = {"Content-Type": "application/json", **headers}
        if self._call == "Invoke" and "ExecutedVersion" in body:
            headers["X-Amz-Executed-Version"] = body.pop("ExecutedVersion")
            error = body.pop("FunctionError", None)
            headers |= {"X-Amz-Function-Error": error} if error else {}
        return AWSResponse(request.url, status, headers, _Body(json.dumps(body).encode()))

    def _answer(self, request: AWSPreparedRequest) -> Json:
        split = urlsplit(request.url)
        parts = split.path.strip("/").split("/")
        query = {key: values[0] for key, values in parse_qs(split.query).items()}
        asked = json.loads(request.body) if request.body else {}
        if parts[1] == "event-source-mappings":
            return {"EventSourceMappings": self.mappings}
        kind = parts[3] if len(parts) > 3 else ""
        if parts[2] != self.function or (not self.versions and kind != "url"):
            raise Refused(404, "ResourceNotFoundException", "Function not found")
        does: dict[str, Callable[[], Json]] = {
            "": lambda: self._version(request.method, query.get("Qualifier", "$LATEST")),
            "versions": lambda: self._page(query.get("Marker", "0")),
            "aliases": lambda: self._alias(request.method, parts[4] if len(parts) > 4 else asked["Name"], asked),
            "provisioned-concurrency": self._warm,
            "url": self._url,
            "invocations": lambda: self._invoke(query.get("Qualifier", "$LATEST"), asked),
        }
        return does[kind]()

    def _version(self, method: str, number: str) -> Json:
        if number == "$LATEST":
            return {"Configuration": {"FunctionName": self.function, "Version": number}, "Tags": self.tags}
        if number not in self.versions:
            raise Refused(404, "ResourceNotFoundException")
        if method == "DELETE":
            if any(number in (one["FunctionVersion"], *self._weights(one)) for one in self.aliases.values()):
                raise Refused(409, "ResourceConflictException")
            del self.versions[number]
            return {}
        return self.versions[number]

    def _page(self, marker: str) -> Json:
        found = [{"Version": "$LATEST", "Description": ""}, *(one["Configuration"] for one in self.versions.values())]
        start = int(marker)
        more = {"NextMarker": str(start + self.page)} if start + self.page < len(found) else {}
        return {"Versions": found[start : start + self.page], **more}

    def _alias(self, method: str, name: str, asked: Json) -> Json:
        found = self.aliases.get(name)
        if method == "POST":
            if found is not None:
                raise Refused(409, "ResourceConflictException")
            self._check(asked)
            self.aliases[name] = made = {**asked, "Name": name}
            return self._touch(made)
        if found is None:
            raise Refused(404, "ResourceNotFoundException")
        if method == "DELETE":
            del self.aliases[name]
            return {}
        if method == "PUT":
            if asked.pop("RevisionId", found["RevisionId"]) != found["RevisionId"]:
                raise Refused(412, "PreconditionFailedException")
            self._check({**found, **asked})
            found.update(asked)
            return self._touch(found)
        return found

    def _check(self, alias: Json) -> None:
        weights = self._weights(alias)
        for number in (alias["FunctionVersion"], *weights):
            if number != "$LATEST" and number not in self.versions:
                raise Refused(404, "ResourceNotFoundException", f"version {number}")
        if len(weights) > 1 or alias["FunctionVersion"] in weights or len(alias.get("Description", "")) > 256:
            raise Refused(400, "InvalidParameterValueException")

    def _touch(self, alias: Json) -> Json:
        self._writes += 1
        alias["RevisionId"] = f"w{self._writes}"
        return alias

    def _warm(self) -> Json:
        if self.warm is None:
            raise Refused(404, "ProvisionedConcurrencyConfigNotFoundException")
        return self.warm

    def _url(self) -> Json:
        if not self.url:
            raise Refused(404, "ResourceNotFoundException")
        return {"FunctionUrl": "https://x.example/", "FunctionArn": "arn", "AuthType": "NONE"}

    def _invoke(self, number: str, event: Json) -> Json:
        if number not in self.versions:
            raise Refused(404, "ResourceNotFoundException")
        return {"ExecutedVersion": number, **self.answers(number, event)}

    @staticmethod
    def _weights(alias: Json) -> dict[str, float]:
        return dict((alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {})
