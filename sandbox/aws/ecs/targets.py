"""The targets of load balancers, by the API of Elastic Load Balancing: that of the same sandbox."""

from __future__ import annotations

from typing import Any

import boto3  # type: ignore[import-untyped]
from botocore.config import Config  # type: ignore[import-untyped]
from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]

from sandbox.aws import REGION
from sandbox.aws.ecs.errors import ApiError, invalid

PATIENCE = Config(retries={"total_max_attempts": 2}, connect_timeout=2, read_timeout=5)
NO_GROUP = "TargetGroupNotFound"


class LoadBalancers:
    """By ARNs of target groups, addresses and ports. An error of the other process is an OSError."""

    def __init__(self, endpoint: str) -> None:
        session = boto3.session.Session("test", "test", region_name=REGION)
        self._client: Any = session.client("elbv2", endpoint_url=endpoint, config=PATIENCE)

    def balanced(self, group: str) -> bool:
        """Whether a rule of a load balancer sends there."""
        try:
            found = self._client.describe_target_groups(TargetGroupArns=[group])
        except ClientError as error:
            raise invalid(f"The specified target group does not exist: {group}") from error
        except BotoCoreError as error:
            raise ApiError("ServerException", str(error)) from error
        return bool(found["TargetGroups"][0]["LoadBalancerArns"])

    def register(self, group: str, address: str, port: int) -> None:
        """Add a target."""
        self._ask("register_targets", group, address, port)

    def deregister(self, group: str, address: str, port: int) -> None:
        """Take it away; one that is not there, or a group that is gone, is no error."""
        self._ask("deregister_targets", group, address, port, missing=(NO_GROUP, "InvalidTarget"))

    def health(self, group: str, address: str, port: int) -> str:
        """The state of a target; empty where there is no such group."""
        found = self._ask("describe_target_health", group, address, port, missing=(NO_GROUP, "InvalidTarget"))
        described = (found or {}).get("TargetHealthDescriptions") or []
        return str(described[0]["TargetHealth"]["State"]) if described else ""

    def _ask(self, call: str, group: str, address: str, port: int, missing: tuple[str, ...] = ()) -> Any:  # noqa: ANN401
        try:
            return getattr(self._client, call)(TargetGroupArn=group, Targets=[{"Id": address, "Port": port}])
        except ClientError as error:
            if error.response["Error"]["Code"] in missing:
                return None
            raise OSError(f"{call} of {group}: {error}") from error
        except BotoCoreError as error:
            raise OSError(f"{call} of {group}: {error}") from error
