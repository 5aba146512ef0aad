"""ECS services behind target groups on moto, which runs no tasks: how many run and what became of them is said here."""

from __future__ import annotations

from typing import Any

from moto.backends import get_backend

from slipway.rollout.platforms.aws.ecs import EcsWorkloads
from slipway.rollout.process.fence import UNFENCED, Fence
from tests.unit.slipway.rollout.cloud import REGION, Cloud

ACCOUNT = "123456789012"


class Services:
    """Those of one cluster."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.ecs, self.elb, self.ec2 = (cloud.client(name) for name in ("ecs", "elbv2", "ec2"))
        self.ecs.create_cluster(clusterName=cloud.name)
        self.vpc = self.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        self.names: dict[str, str] = {}

    def workloads(self, fence: Fence = UNFENCED) -> EcsWorkloads:
        """Those of another process."""
        return EcsWorkloads(self.ecs, self.elb, self.cloud.name, fence, self.cloud.patience)

    def put(self, workload: str, entry: str, image: str, count: int, **more: Any) -> None:
        """A service all of whose tasks run and are healthy."""
        self.forget(entry)
        asked = {"Name": entry, "Protocol": "HTTP", "Port": 80, "VpcId": self.vpc, "TargetType": "ip"}
        arn = self.elb.create_target_group(**asked)["TargetGroups"][0]["TargetGroupArn"]
        targets = [{"Id": f"10.0.0.{number + 10}", "Port": 80} for number in range(count)]
        self.elb.register_targets(TargetGroupArn=arn, Targets=targets)
        container = {"name": "app", "image": image, "memory": 128}
        family = f"{self.cloud.name}-{workload}"
        self.ecs.register_task_definition(family=family, containerDefinitions=[container])
        balanced = [{"targetGroupArn": arn, "containerName": "app", "containerPort": 80}]
        self.ecs.create_service(
            cluster=self.cloud.name,
            serviceName=workload,
            taskDefinition=family,
            desiredCount=count,
            loadBalancers=balanced,
            **more,
        )
        if not more:
            self.says(workload, running=count)
        self.cloud.requests.clear()

    def forget(self, entry: str) -> None:
        """moto's backends outlive a test, and names of target groups are unique in an account."""
        for one in self.elb.describe_target_groups()["TargetGroups"]:
            if one["TargetGroupName"] == entry:
                self.elb.delete_target_group(TargetGroupArn=one["TargetGroupArn"])

    def says(self, workload: str, *, running: int, **deployment: object) -> None:
        """What ECS says of the deployment from now on."""
        found = self._model(workload)
        found.running_count = running
        found.deployments[0].update({"runningCount": running, **deployment})

    def _model(self, workload: str) -> Any:
        return get_backend("ecs")[ACCOUNT][REGION].services[f"{self.cloud.name}:{workload}"]
