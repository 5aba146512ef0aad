"""A cluster and a load balancer of a test's own, by boto3 alone."""

from __future__ import annotations

import secrets
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Self
from urllib.parse import urlsplit

import boto3  # type: ignore[import-untyped]
import httpx2

WITHIN = 120.0
PORT = 8080


def await_true(question: Callable[[], bool], problem: str, within: float = WITHIN) -> None:
    """Return when it is; fail with the problem when it is not in time."""
    deadline = time.monotonic() + within
    while not question():
        assert time.monotonic() < deadline, problem
        time.sleep(0.1)


class Shop:
    """`name` is that of the cluster, of the load balancer and the beginning of all others."""

    def __init__(self, variables: Mapping[str, str], name: str) -> None:
        self.name = name
        self._host = str(urlsplit(variables["SLIPWAY_GATEWAY_URL"]).hostname)
        session = boto3.session.Session(
            variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"], region_name=variables["AWS_REGION"]
        )
        self.ecs: Any = session.client("ecs", endpoint_url=variables["AWS_ENDPOINT_URL_ECS"])
        elb = variables["AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING_V2"]
        self.elb: Any = session.client("elbv2", endpoint_url=elb)
        self.port, self.other_port = self.free_port(), self.free_port()
        self.cloudwatch: Any = session.client("cloudwatch", endpoint_url=variables["AWS_ENDPOINT_URL"])
        ec2: Any = session.client("ec2", endpoint_url=variables["AWS_ENDPOINT_URL_EC2"])
        self.subnets = [one["SubnetId"] for one in ec2.describe_subnets()["Subnets"]][:2]
        self.vpc = ec2.describe_subnets(SubnetIds=self.subnets)["Subnets"][0]["VpcId"]
        self.groups: dict[str, str] = {}

    def __enter__(self) -> Self:
        self.ecs.create_cluster(clusterName=self.name)
        made = self.elb.create_load_balancer(Name=self.name, Subnets=self.subnets)["LoadBalancers"][0]
        self.balancer = made["LoadBalancerArn"]
        nothing = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
        listener = {"Protocol": "HTTP", "Port": self.port, "DefaultActions": [nothing]}
        made = self.elb.create_listener(LoadBalancerArn=self.balancer, **listener)
        self.listener = made["Listeners"][0]["ListenerArn"]
        return self

    def __exit__(self, *_: object) -> None:
        arns = self.ecs.list_services(cluster=self.name)["serviceArns"]
        for arn in arns:
            if self.service(arn)["status"] == "ACTIVE":
                self.ecs.delete_service(cluster=self.name, service=arn, force=True)
        for arn in arns:
            await_true(lambda arn=arn: self.service(arn)["status"] == "INACTIVE", f"{arn} stays")  # type: ignore[misc]
        self.elb.delete_listener(ListenerArn=self.listener)
        self.elb.delete_load_balancer(LoadBalancerArn=self.balancer)
        for arn in self.groups.values():
            self.elb.delete_target_group(TargetGroupArn=arn)
        self.ecs.delete_cluster(cluster=self.name)

    def group(self, version: str) -> str:
        """A target group, in no rule yet."""
        asked = {"Name": f"{self.name}-{version}", "Protocol": "HTTP", "Port": PORT, "VpcId": self.vpc}
        check = {"HealthCheckPath": "/readyz", "HealthCheckIntervalSeconds": 5, "HealthyThresholdCount": 2}
        made = self.elb.create_target_group(**asked, **check, TargetType="ip")["TargetGroups"][0]
        self.groups[version] = made["TargetGroupArn"]
        return self.groups[version]

    def rule(self, priority: int, condition: Mapping[str, Any], **weights: int) -> str:
        """A rule that forwards by weight; its ARN."""
        made = self.elb.create_rule(
            ListenerArn=self.listener, Priority=priority, Conditions=[condition], Actions=self.forward(**weights)
        )
        return str(made["Rules"][0]["RuleArn"])

    def forward(self, **weights: int) -> list[dict[str, Any]]:
        """Actions of a rule."""
        pairs = [{"TargetGroupArn": self.groups[name], "Weight": weight} for name, weight in weights.items()]
        return [{"Type": "forward", "ForwardConfig": {"TargetGroups": pairs}}]

    def serve(self, version: str, image: str, tasks: int = 2) -> None:
        """A service of one version, in its target group."""
        container = {"name": "app", "image": image, "portMappings": [{"containerPort": PORT}], "stopTimeout": 5}
        family = {"family": f"{self.name}-{version}", "networkMode": "awsvpc", "cpu": "256", "memory": "512"}
        made = self.ecs.register_task_definition(**family, containerDefinitions=[container])
        balanced = {"targetGroupArn": self.groups[version], "containerName": "app", "containerPort": PORT}
        self.ecs.create_service(
            cluster=self.name,
            serviceName=version,
            taskDefinition=made["taskDefinition"]["taskDefinitionArn"],
            desiredCount=tasks,
            launchType="FARGATE",
            loadBalancers=[balanced],
            networkConfiguration={"awsvpcConfiguration": {"subnets": self.subnets}},
            deploymentConfiguration={"deploymentCircuitBreaker": {"enable": True, "rollback": False}},
        )

    def service(self, name: str) -> Any:
        """As DescribeServices shows it."""
        return self.ecs.describe_services(cluster=self.name, services=[name])["services"][0]

    def await_rollout(self, version: str, state: str = "COMPLETED") -> None:
        """Until the deployment of a service has that state."""
        await_true(lambda: self.service(version)["deployments"][0]["rolloutState"] == state, f"not {state}")

    def answers(self, count: int, headers: Mapping[str, str] | None = None) -> Counter[str]:
        """Which version answered how often; a status where it was none."""
        found: Counter[str] = Counter()
        with httpx2.Client(trust_env=False, timeout=10) as client:
            for _ in range(count):
                answer = client.get(f"http://{self._host}:{self.port}/", headers=dict(headers or {}))
                found[answer.json()["version"] if answer.status_code == 200 else str(answer.status_code)] += 1
        return found

    def free_port(self) -> int:
        """One that no load balancer of the sandbox has, nor is about to have: tests run beside each other."""
        taken = set()
        for balancer in self.elb.describe_load_balancers()["LoadBalancers"]:
            found = self.elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
            taken |= {one["Port"] for one in found}
        return secrets.choice([port for port in range(18000, 20000) if port not in taken])
