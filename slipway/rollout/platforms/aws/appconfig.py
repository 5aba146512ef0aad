"""The document of a set of flags, deployed by AWS AppConfig.

AppConfig compares nothing when a deployment begins, so the document lies in the DynamoDB table, compared and swapped as
everywhere, and what lies there is deployed. A version of AppConfig's store is made from the document as it is after the
newest version was seen, and only on top of that version: a newer version never has an older document.

A deployment gives the document to all clients at once and is over then. The environment has no monitors: these would
roll a kill back while an alarm fires.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, Protocol

from slipway.release.errors import ClusterAway, ClusterError, Conflict
from slipway.release.flags.of_target import AT_ONCE, STRATEGY
from slipway.release.target import AppConfigPlace
from slipway.rollout.platforms.aws.documents import TableDocument
from slipway.rollout.platforms.aws.requests import AwsRequests
from slipway.rollout.platforms.base import Document, StoredDocument
from slipway.rollout.platforms.lines import line_of
from slipway.rollout.platforms.trying import Failure, Patience
from slipway.rollout.process.fence import boot_clock

IN_FLIGHT = ("BAKING", "DEPLOYING", "ROLLING_BACK", "VALIDATING")
WITHIN = 60.0
"""Seconds for a deployment, and for the end of one that is in flight: an environment has one at a time."""
POLL = 0.3
TRIES = 20
Json = dict[str, Any]


class AppConfig(Protocol):
    """What is used of boto3's client; every method takes the parameters of the API and gives its answer."""

    def list_applications(self, **asked: object) -> Json:
        """One page."""
        ...

    def list_environments(self, **asked: object) -> Json:
        """One page of an application's."""
        ...

    def list_configuration_profiles(self, **asked: object) -> Json:
        """One page of an application's."""
        ...

    def list_deployment_strategies(self, **asked: object) -> Json:
        """One page."""
        ...

    def list_hosted_configuration_versions(self, **asked: object) -> Json:
        """One page of a profile's."""
        ...

    def get_hosted_configuration_version(self, **asked: object) -> Json:
        """The content of one."""
        ...

    def create_hosted_configuration_version(self, **asked: object) -> Json:
        """Make one on top of the newest."""
        ...

    def list_deployments(self, **asked: object) -> Json:
        """One page of an environment's."""
        ...

    def get_deployment(self, **asked: object) -> Json:
        """One of them."""
        ...

    def start_deployment(self, **asked: object) -> Json:
        """Begin one."""
        ...


@dataclass(frozen=True)
class _Place:
    """The ids of everything that a deployment names."""

    application: str
    environment: str
    profile: str
    strategy: str


@dataclass(frozen=True)
class Waiting:
    """How a deployment is waited for."""

    pause: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = boot_clock


class AppConfigDocument:
    """See slipway.rollout.platforms.base.DocumentStore. `document` is where it is compared and swapped; a write is done
    when it is deployed. Several threads and processes may use the same document."""

    def __init__(
        self,
        client: AppConfig,
        place: AppConfigPlace,
        profile: str,
        document: TableDocument,
        patience: Patience | None = None,
        waiting: Waiting | None = None,
    ) -> None:
        self._client = client
        self._named = place
        self._profile = profile
        self._document = document
        self._requests = AwsRequests(patience=patience)
        self._waiting = waiting or Waiting()

    def read(self) -> StoredDocument | None:
        """The document, and whether it is what clients get."""
        found = self._document.read()
        if found is None:
            return None
        return StoredDocument(found.content, found.version, found.by, is_published=self._deployed() == found.content)

    def write(self, content: Mapping[str, Any], expect: str | None) -> str:
        """Compare-and-swap, then deploy what is there. Raises Conflict, and ClusterError when it is not deployed."""
        version = self._document.write(content, expect)
        self._publish()
        return version

    def delete(self) -> None:
        """Remove the document. Clients keep what was deployed last."""
        self._document.delete()

    def _publish(self) -> None:
        problem = ClusterError(f"{self}: others keep deploying there; try again")
        for _ in range(TRIES):
            newest = self._newest()  # before the document: see above
            found = self._document.read()
            if found is None or self._deployed() == found.content:
                return
            try:
                if newest is None or self._content(newest) != found.content:
                    newest = self._create(found.content, newest)
                self._deploy(newest)
            except Conflict:
                self._await_turn()
            except ClusterAway as error:  # it may have begun: what is deployed is looked at again
                problem = error
                self._waiting.pause(POLL)
        raise problem

    def _newest(self) -> int | None:
        place = self._place
        asked = {"ApplicationId": place.application, "ConfigurationProfileId": place.profile}
        found = self._listed(self._client.list_hosted_configuration_versions, asked)
        return max((one["VersionNumber"] for one in found), default=None)

    def _content(self, version: int) -> Document | None:
        place = self._place
        asked = {"ApplicationId": place.application, "ConfigurationProfileId": place.profile}

        def get() -> bytes:
            found = self._client.get_hosted_configuration_version(**asked, VersionNumber=version)
            body: bytes = found["Content"].read()
            return body

        try:
            content = json.loads(self._requests.ask(f"version {version} of {self}", get))
        except ValueError:
            return None
        return content if isinstance(content, dict) else None

    def _create(self, content: Mapping[str, Any], newest: int | None) -> int:
        """Raises Conflict when there is a newer version: that of another, or of a try whose answer was lost."""
        place = self._place
        asked: Json = {
            "ApplicationId": place.application,
            "ConfigurationProfileId": place.profile,
            "Content": line_of(content).encode(),
            "ContentType": "application/json",
        }
        if newest is not None:
            asked["LatestVersionNumber"] = newest
        made = self._requests.repeat(str(self), partial(self._client.create_hosted_configuration_version, **asked))
        return int(made["VersionNumber"])

    def _deploy(self, version: int) -> None:
        """Raises Conflict while another deployment is in flight, and ClusterError when it did not come to its end."""
        place = self._place
        asked = {
            "ApplicationId": place.application,
            "EnvironmentId": place.environment,
            "DeploymentStrategyId": place.strategy,
            "ConfigurationProfileId": place.profile,
            "ConfigurationVersion": str(version),
        }
        begun = self._requests.once(str(self), partial(self._client.start_deployment, **asked))
        if isinstance(begun, Failure):
            raise begun.error
        state = self._await_end(int(begun["DeploymentNumber"]))
        if state != "COMPLETE":
            raise ClusterError(f"{self}: deployment {begun['DeploymentNumber']} ended as {state}; see its events")

    def _await_end(self, number: int) -> str:
        place = self._place
        asked = {"ApplicationId": place.application, "EnvironmentId": place.environment, "DeploymentNumber": number}
        until = self._waiting.clock() + WITHIN
        while True:
            state = str(self._requests.ask(str(self), partial(self._client.get_deployment, **asked))["State"])
            if state not in IN_FLIGHT or self._waiting.clock() > until:
                return state
            self._waiting.pause(POLL)

    def _await_turn(self) -> None:
        """Until no deployment of the environment is in flight. Raises ClusterError when that takes too long."""
        until = self._waiting.clock() + WITHIN
        while running := [one for one in self._deployments() if one["State"] in IN_FLIGHT]:
            if self._waiting.clock() > until:
                number, name = running[0]["DeploymentNumber"], running[0].get("ConfigurationName")
                raise ClusterError(
                    f"{self}: deployment {number} of {name} is still {running[0]['State']} after {WITHIN:g}s; wait for "
                    "it, or stop it (aws appconfig stop-deployment)"
                )
            self._waiting.pause(POLL)

    def _deployed(self) -> Document | None:
        """What clients get; None while another deployment of it is in flight, after which they may get something
        else."""
        mine = [one for one in self._deployments() if one.get("ConfigurationName") == self._profile]
        if any(one["State"] in IN_FLIGHT for one in mine):
            return None
        done = [one for one in mine if one["State"] == "COMPLETE"]
        if not done:
            return None
        return self._content(int(max(done, key=lambda one: int(one["DeploymentNumber"]))["ConfigurationVersion"]))

    def _deployments(self) -> list[Json]:
        place = self._place
        asked = {"ApplicationId": place.application, "EnvironmentId": place.environment}
        return list(self._listed(self._client.list_deployments, asked))

    @cached_property
    def _place(self) -> _Place:
        """Raises ClusterError when something of it is missing or would be a second writer."""
        application = self._found("application", self._named.application, self._client.list_applications, {})["Id"]
        within = {"ApplicationId": application}
        environment = self._found("environment", self._named.environment, self._client.list_environments, within)
        if environment.get("Monitors"):
            raise ClusterError(f"{self}: the environment has monitors, which would roll a kill back; take them away")
        profile = self._found("profile", self._profile, self._client.list_configuration_profiles, within)
        if profile.get("LocationUri") != "hosted" or profile.get("Type", "AWS.Freeform") != "AWS.Freeform":
            raise ClusterError(f"{self}: the profile has to be hosted and of type AWS.Freeform")
        strategy = self._found("deployment strategy", STRATEGY, self._client.list_deployment_strategies, {})
        wanted = {name[0].upper() + name[1:]: value for name, value in AT_ONCE.items()}
        if any(float(strategy.get(name, 0)) != value for name, value in wanted.items()):
            raise ClusterError(f"the deployment strategy {STRATEGY} of AppConfig does not deploy at once: {wanted}")
        return _Place(application, environment["Id"], profile["Id"], strategy["Id"])

    def _found(self, what: str, name: str, listing: Callable[..., Json], asked: Json) -> Json:
        for one in self._listed(listing, asked):
            if one["Name"] == name:
                return one
        raise ClusterError(f"AppConfig has no {what} {name}; the component AppConfigFlags declares it")

    def _listed(self, listing: Callable[..., Json], asked: Json) -> Iterator[Json]:
        asked = dict(asked)
        while True:
            page = self._requests.ask(str(self), partial(listing, **asked))
            yield from page.get("Items") or ()
            if not page.get("NextToken"):
                return
            asked["NextToken"] = page["NextToken"]

    def __str__(self) -> str:
        return f"AppConfig {self._named.application}/{self._named.environment}/{self._profile}"
