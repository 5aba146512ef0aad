"""Target groups by name: a name is unique in a region and an account, and its ARN never changes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from slipway.rollout.platforms.aws.requests import AwsRequests

Json = dict[str, Any]


class TargetGroupApi(Protocol):
    """What is used of boto3's client for `elbv2`; every method takes the parameters of the API and gives its answer."""

    def describe_target_groups(self, **asked: object) -> Json:
        """Target groups by name."""
        ...


class TargetGroups:
    """The ARNs of target groups; each is asked for once."""

    def __init__(self, client: TargetGroupApi, requests: AwsRequests) -> None:
        self._client = client
        self._requests = requests
        self._arns: dict[str, str] = {}

    def arns(self, names: Iterable[str]) -> dict[str, str]:
        """ARN by name. Raises ClusterError when one of them does not exist."""
        wanted = list(names)
        missing = [name for name in wanted if name not in self._arns]
        if missing:
            what = f"target groups {', '.join(missing)}"
            self._keep(self._requests.ask(what, lambda: self._client.describe_target_groups(Names=missing)))
        return {name: self._arns[name] for name in wanted}

    def find(self, name: str) -> str | None:
        """The ARN, None when there is no such group."""
        if name not in self._arns:
            what = f"target group {name}"
            found = self._requests.find(what, lambda: self._client.describe_target_groups(Names=[name]))
            if found is None:
                return None
            self._keep(found)
        return self._arns[name]

    def _keep(self, answer: Json) -> None:
        self._arns |= {group_name(one["TargetGroupArn"]): one["TargetGroupArn"] for one in answer["TargetGroups"]}


def group_name(arn: str) -> str:
    """`arn:...:targetgroup/NAME/ID` -> NAME."""
    parts = arn.split("/")
    return parts[1] if len(parts) == 3 else arn
