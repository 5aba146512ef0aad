"""A stack on the sandbox's ECS: cluster, load balancer and table by boto3, the rest by the program."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3  # type: ignore[import-untyped]

from sandbox.stage.project import Stage

PORTS = range(20000, 22000)
PRIORITY = 110
WAIT = {"Delay": 1, "MaxAttempts": 30}


@dataclass(frozen=True)
class Ground:
    """What is there before the first release. `name` is that of the cluster, the load balancer and the table."""

    name: str
    region: str
    vpc: str
    subnets: tuple[str, ...]
    security_group: str
    listener: str
    host: str
    port: int

    @property
    def url(self) -> str:
        """Where the listener is reached."""
        return f"http://{self.host}:{self.port}"

    @property
    def loopback_url(self) -> str:
        """The same from within the sandbox's namespace, for the load generator."""
        return f"http://127.0.0.1:{self.port}/"

    def config(self, service: str | None = None) -> dict[str, Any]:
        """The stack's settings of this ground, with a rule for that service."""
        target = {
            "kind": "ecs",
            "region": self.region,
            "cluster": self.name,
            "listener": self.listener,
            "table": self.name,
            **({} if service is None else {"rules": {service: PRIORITY}}),
        }
        ecs = {"vpc": self.vpc, "subnets": list(self.subnets), "securityGroups": [self.security_group]}
        return {"releases:target": target, "releases:ecs": ecs}


@contextmanager
def ground(name: str, variables: Mapping[str, str]) -> Iterator[Ground]:
    """Made now, and gone at the end of the block."""
    found = make_ground(name, variables)
    try:
        yield found
    finally:
        Aws(variables).delete(found.name)


def make_ground(name: str, variables: Mapping[str, str]) -> Ground:
    """One that stays until it is deleted."""
    return Aws(variables).create(name, str(urlsplit(variables["SLIPWAY_GATEWAY_URL"]).hostname))


class Aws:
    """Clients of the local AWS."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._region = variables["AWS_REGION"]
        self._variables = variables
        self.ecs, self.elb = self._client("ecs", "ECS"), self._client("elbv2", "ELASTIC_LOAD_BALANCING_V2")
        self.functions = self._client("lambda", "LAMBDA")
        self._ec2, self._dynamodb = self._client("ec2", "EC2"), self._client("dynamodb", "DYNAMODB")

    def create(self, name: str, host: str) -> Ground:
        """A cluster, a load balancer whose listener answers 404, and an empty table."""
        vpc, names, group = self.network()
        self.ecs.create_cluster(clusterName=name)
        self.create_table(name)
        balancer = self.elb.create_load_balancer(Name=name, Subnets=list(names))["LoadBalancers"][0]["LoadBalancerArn"]
        port = self.free_port()
        nothing = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
        made = self.elb.create_listener(LoadBalancerArn=balancer, Protocol="HTTP", Port=port, DefaultActions=[nothing])
        listener = made["Listeners"][0]["ListenerArn"]
        return Ground(name, self._region, vpc, names, group, listener, host, port)

    def create_table(self, name: str) -> None:
        """An empty one, for the records of a stack."""
        keys = {"service": "HASH", "item": "RANGE"}
        self._dynamodb.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
            KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in keys.items()],
        )
        self._dynamodb.get_waiter("table_exists").wait(TableName=name, WaiterConfig=WAIT)

    def delete_table(self, name: str) -> None:
        """With all that is in it."""
        self._dynamodb.delete_table(TableName=name)

    def network(self) -> tuple[str, tuple[str, ...], str]:
        """A VPC that is there, two of its subnets and a security group."""
        subnets = self._ec2.describe_subnets()["Subnets"][:2]
        vpc = subnets[0]["VpcId"]
        filters = [{"Name": "vpc-id", "Values": [vpc]}]
        group = self._ec2.describe_security_groups(Filters=filters)["SecurityGroups"][0]["GroupId"]
        return vpc, tuple(one["SubnetId"] for one in subnets), group

    def unprotect(self, table: str) -> None:
        """Let a table be deleted that was declared with protection."""
        self._dynamodb.update_table(TableName=table, DeletionProtectionEnabled=False)

    def delete(self, name: str) -> None:
        """All that `create` made by that name."""
        balancer = self.elb.describe_load_balancers(Names=[name])["LoadBalancers"][0]["LoadBalancerArn"]
        for listener in self.elb.describe_listeners(LoadBalancerArn=balancer)["Listeners"]:
            self.elb.delete_listener(ListenerArn=listener["ListenerArn"])
        self.elb.delete_load_balancer(LoadBalancerArn=balancer)
        self.delete_table(name)
        self.ecs.delete_cluster(cluster=name)

    def free_port(self) -> int:
        """One that no load balancer of the sandbox has; by chance, as others look for one at the same time."""
        taken = set()
        for balancer in self.elb.describe_load_balancers()["LoadBalancers"]:
            found = self.elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
            taken |= {one["Port"] for one in found}
        return secrets.choice([port for port in PORTS if port not in taken])

    def _client(self, service: str, endpoint: str) -> Any:  # noqa: ANN401 - botocore makes clients when it runs
        variables = self._variables
        keys = variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"]
        session = boto3.session.Session(*keys, region_name=self._region)
        url = variables.get(f"AWS_ENDPOINT_URL_{endpoint}", variables["AWS_ENDPOINT_URL"])
        return session.client(service, endpoint_url=url)


class EcsStage(Stage):
    """A stage whose service runs on a ground of ECS. There is no namespace."""

    def __init__(self, folder: Path, stack: str, service: str, ground: Ground, environment: Mapping[str, str]) -> None:
        super().__init__(folder, stack, ground.name, environment)
        self.service, self.ground = service, ground

    def place(self) -> dict[str, Any]:
        """The target in place of a namespace."""
        return {**self.ground.config(self.service), "releases:gatewayUrl": self.ground.url}

    def _make_namespace(self) -> None:
        """None on ECS."""

    def _remove_namespace(self) -> None:
        """None on ECS."""


class MixedStage(EcsStage):
    """An EcsStage with a second place beside it: a namespace of the cluster, called `cluster` in the stack."""

    def place(self) -> dict[str, Any]:
        """The target of ECS, and the other place."""
        url = self.environment["SLIPWAY_GATEWAY_URL"]
        cluster = {"namespace": self.namespace, "metrics": self._metrics(), "gatewayUrl": url}
        return {**super().place(), "releases:places": {"cluster": cluster}}

    def _make_namespace(self) -> None:
        Stage._make_namespace(self)

    def _remove_namespace(self) -> None:
        Stage._remove_namespace(self)
