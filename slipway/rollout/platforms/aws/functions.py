"""Published versions of a function as workloads: Lambda runs as many of each as there are requests."""

from __future__ import annotations

from typing import Any, Protocol

from slipway.release.errors import ClusterError
from slipway.release.labels import STACK_LABEL
from slipway.release.rollout_inputs import Backend
from slipway.rollout.platforms.aws.requests import AwsRequests
from slipway.rollout.platforms.aws.versions import Versions, VersionsApi
from slipway.rollout.platforms.base import Readiness, Reason
from slipway.rollout.platforms.trying import Patience
from slipway.rollout.process.fence import UNFENCED, Fence

ACTIVE = "Active"
Json = dict[str, Any]


class FunctionApi(VersionsApi, Protocol):
    """What is used of boto3's client for `lambda`: each method takes the parameters of the API."""

    def delete_function(self, **asked: object) -> Json:
        """Delete a version."""
        ...


class LambdaWorkloads:
    """See slipway.rollout.platforms.base.Workloads. The workload of a backend is its revision's version, which counts
    as all of its replicas once it is active, and as none before."""

    def __init__(
        self,
        client: FunctionApi,
        function: str,
        fence: Fence = UNFENCED,
        patience: Patience | None = None,
    ) -> None:
        self._client = client
        self._requests = AwsRequests(fence, patience)
        self._versions = Versions(client, self._requests, function)
        self._function = function

    def readiness(self, backend: Backend, max_age: float = 0.0) -> Readiness:
        """The state of the version, and its image."""
        number = self._versions.number_of(backend.revision)
        asked = {"FunctionName": self._function, "Qualifier": number}
        what = self._named(backend, number)
        found = self._requests.find(what, lambda: self._client.get_function(**asked)) if number is not None else None
        if found is None:
            problem = (
                f"{what} does not exist; check that its workload was created: where the stack's state says so, "
                "`pulumi up --refresh` publishes it anew"
            )
            return Readiness(0, 0, 0, 0, problem, Reason.MISSING)
        version = found["Configuration"]
        image, state = _image(found), version.get("State")
        wrong = _problem(what, version, image, backend.image)
        ready = backend.replicas if wrong is None else 0
        return Readiness(backend.replicas, ready, ready, 0, wrong, fatal=state == "Failed", image=image)

    def scale(self, backend: Backend, replicas: int) -> None:
        """Refused: there is nothing that a rollout could scale."""
        raise ClusterError(f"{self._named(backend, None)}: a version of Lambda has no replicas to scale")

    def replicas(self, backend: Backend) -> int:
        """As declared, 0 when the version is missing."""
        return backend.replicas if self._versions.number_of(backend.revision) is not None else 0

    def overlap(self, one: Backend, other: Backend) -> str | None:
        """Versions have nothing in common."""
        return None

    def running(self, backend: Backend) -> int:
        """As declared, while the version exists: Lambda tells nothing finer."""
        self._versions.listed()
        return self.replicas(backend)

    def owner(self) -> str:
        """`project/stack` that declares the function, by its tags; empty where there is none, and where they do not say
        so."""
        what, asked = f"the function {self._function}", {"FunctionName": self._function}
        found = self._requests.find(what, lambda: self._client.get_function(**asked))
        return str(((found or {}).get("Tags") or {}).get(STACK_LABEL, ""))

    def prune(self, keep: frozenset[str], alias: frozenset[str]) -> None:
        """Delete the versions of revisions that are not in `keep`; those whose numbers are in `alias` stay too, and
        those that Slipway did not make. Deleting again does no harm."""
        for number, revision in self._versions.listed().items():
            if revision and revision not in keep and number not in alias:
                what = f"version {number} of the function {self._function}"
                asked = {"FunctionName": self._function, "Qualifier": number}
                self._requests.remove(what, lambda: self._client.delete_function(**asked))  # noqa: B023 - called at once

    def _named(self, backend: Backend, number: str | None) -> str:
        if number is None:
            return f"the version of {backend.revision} of the function {self._function}"
        return f"version {number} of the function {self._function} ({backend.revision})"


def _problem(what: str, version: Json, found: str, image: str) -> str | None:
    state = str(version.get("State") or ACTIVE)
    if found != image:
        return f"{what} runs {found or 'code that is no image'}, and not {image}: it was not published by this program"
    if state == ACTIVE:
        return None
    reason = ": ".join(str(version[key]) for key in ("StateReasonCode", "StateReason") if version.get(key))
    if state == "Inactive":
        reason = reason or "it had no request for weeks; invoke it once, and it becomes active"
    return f"{what} is {state}{f' ({reason})' if reason else ''}"


def _image(found: Json) -> str:
    return str((found.get("Code") or {}).get("ImageUri") or "")
