"""AWS AppConfig for unit tests: one environment with one deployment at a time, and what may go wrong on the way."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError, ReadTimeoutError  # type: ignore[import-untyped]

from slipway.release.flags.of_target import STRATEGY
from slipway.release.target import AppConfigPlace
from slipway.rollout.platforms.aws.appconfig import AppConfigDocument, Waiting
from slipway.rollout.platforms.aws.documents import FLAG_DOCUMENT, FLAG_SETS, TableDocument
from slipway.rollout.platforms.aws.table import Table
from tests.unit.slipway.rollout.cloud import Cloud

PLACE = AppConfigPlace(application="shop", environment="prod")
Json = dict[str, Any]
Effect = Callable[[Callable[[], Json]], Json]
"""What happens to one call: it is given what would serve it."""


class Deploying:
    """The client of boto3, with the server behind it. `effects` are those of the next calls by their names; a
    deployment takes `looks` looks at it."""

    def __init__(self) -> None:
        self.versions: list[bytes] = []
        self.deployments: list[Json] = []
        self.looks = 1
        self.monitors: list[Json] = []
        self.strategy: Json = {"GrowthFactor": 100.0, "DeploymentDurationInMinutes": 0, "FinalBakeTimeInMinutes": 0}
        self.profile: Json = {"LocationUri": "hosted", "Type": "AWS.Freeform"}
        self.ends = "COMPLETE"
        self.calls: list[str] = []
        self.effects: dict[str, list[Effect]] = {}
        self.now = 0.0
        self.cloud = Cloud()
        self.cloud.create_table()

    def store(self) -> AppConfigDocument:
        """The document as another process sees it."""
        table = Table(self.cloud.client("dynamodb"), self.cloud.name, FLAG_SETS, patience=self.cloud.patience)
        document, waiting = TableDocument(table, f"{FLAG_DOCUMENT}flags"), Waiting(self._pause, lambda: self.now)
        return AppConfigDocument(self, PLACE, "flags", document, self.cloud.patience, waiting)

    @property
    def deployed(self) -> Json | None:
        """What clients get."""
        done = [one for one in self.deployments if one["State"] == "COMPLETE"]
        if not done:
            return None
        content: Json = json.loads(self.versions[int(done[-1]["ConfigurationVersion"]) - 1])
        return content

    def begin(self, name: str = "other", state: str = "DEPLOYING", version: int = 1) -> Json:
        """A deployment of another, in flight until its state is changed."""
        made = {
            "DeploymentNumber": len(self.deployments) + 1,
            "ConfigurationName": name,
            "State": state,
            "looks": 10**6,
        }
        self.deployments.append(made | {"ConfigurationVersion": str(version)})
        return self.deployments[-1]

    def _pause(self, seconds: float) -> None:
        self.now += seconds

    def _served(self, name: str, serve: Callable[[], Json]) -> Json:
        self.calls.append(name)
        effects = self.effects.get(name) or []
        return effects.pop(0)(serve) if effects else serve()

    def list_applications(self, **asked: object) -> Json:
        pages: dict[object, Json] = {
            None: {"Items": [{"Name": "other", "Id": "a0"}], "NextToken": "2"},
            "2": {"Items": [{"Name": "shop", "Id": "a1"}]},
        }
        return self._served("list_applications", lambda: pages[asked.get("NextToken")])

    def list_environments(self, **asked: object) -> Json:
        return {"Items": [{"Name": "prod", "Id": "e1", "Monitors": self.monitors}]}

    def list_configuration_profiles(self, **asked: object) -> Json:
        return {"Items": [{"Name": "flags", "Id": "p1", **self.profile}]}

    def list_deployment_strategies(self, **asked: object) -> Json:
        return {"Items": [{"Name": STRATEGY, "Id": "s1", **self.strategy}]}

    def list_hosted_configuration_versions(self, **asked: object) -> Json:
        numbers = range(1, len(self.versions) + 1)
        return self._served("list_versions", lambda: {"Items": [{"VersionNumber": number} for number in numbers]})

    def get_hosted_configuration_version(self, **asked: Any) -> Json:
        return {"Content": io.BytesIO(self.versions[asked["VersionNumber"] - 1])}

    def create_hosted_configuration_version(self, **asked: Any) -> Json:
        def serve() -> Json:
            if asked.get("LatestVersionNumber", len(self.versions)) != len(self.versions):
                raise refused("ConflictException", 409)
            self.versions.append(asked["Content"])
            return {"VersionNumber": len(self.versions)}

        return self._served("create", serve)

    def list_deployments(self, **asked: object) -> Json:
        return {"Items": [self._looked_at(one) for one in reversed(self.deployments)]}

    def get_deployment(self, **asked: Any) -> Json:
        return self._looked_at(self.deployments[asked["DeploymentNumber"] - 1])

    def _looked_at(self, one: Json) -> Json:
        one["looks"] -= 1
        if one["State"] == "DEPLOYING" and one["looks"] <= 0:
            one["State"] = self.ends
        return dict(one)

    def start_deployment(self, **asked: Any) -> Json:
        def serve() -> Json:
            assert asked["DeploymentStrategyId"] == "s1"
            if any(one["State"] == "DEPLOYING" for one in self.deployments):
                raise refused("ConflictException", 409)
            made = self.begin("flags", version=int(asked["ConfigurationVersion"]))
            made["looks"] = self.looks
            return made

        return self._served("start", serve)


def refused(code: str, status: int) -> Exception:
    """What botocore raises."""
    response = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "Call")  # type: ignore[no-any-return]


def unanswered(serve: Callable[[], Json]) -> Json:
    """It is done, and the answer is lost."""
    serve()
    raise ReadTimeoutError(endpoint_url="https://aws.example")
