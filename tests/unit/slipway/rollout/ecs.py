"""A service on ECS as the real assembly reaches it: boto3 on moto, with the time and the traffic of the simulation."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import Any

import pytest

from slipway.release.records.journal import Head, read_head
from slipway.release.rollout_inputs import Backend, RolloutInputs
from slipway.release.target import EcsTarget
from slipway.rollout.adapters import Adapters
from slipway.rollout.assemble import connect_adapters
from slipway.rollout.platforms.aws import client
from slipway.rollout.platforms.aws.table import PARTITION, SORT
from slipway.rollout.update import Update
from tests.unit.slipway.rollout.cloud import REGION, Cloud
from tests.unit.slipway.rollout.examples import backend, wanted
from tests.unit.slipway.rollout.platforms.aws.services import Services
from tests.unit.slipway.rollout.simulation import Cancelled, Clock, Lines, Traffic

ROUTE: dict[str, Any] = {"hostnames": ["checkout.example"]}
PRIORITY = 110


class OnEcs:
    """A cluster, a listener and a table of their own; what is made here has the name of the service in its names, as
    moto's backends are shared by the whole process."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.cloud = Cloud()
        self.cloud.create_table()
        self.services = Services(self.cloud)
        self.service = f"c{secrets.token_hex(4)}"
        self.clock = Clock()
        self.lines = Lines()
        self.elb = self.cloud.client("elbv2")
        self.target = EcsTarget(
            kind="ecs",
            region=REGION,
            cluster=self.cloud.name,
            listener=self._listener(),
            table=self.cloud.name,
            rules={self.service: PRIORITY},
        )
        monkeypatch.setattr(client, "connect", lambda name, region: self.cloud.client(name))
        monkeypatch.setattr("slipway.rollout.sites.ecs.connect", lambda name, region: self.cloud.client(name))
        self.traffic = Traffic(self.clock, self.world().router)

    def world(self) -> Adapters:
        """As another process connects to it."""
        made = connect_adapters(self.service, self.target, None, "shop/prod")
        source = getattr(self, "traffic", None)
        return replace(made, source=source, now=self.clock.now, pause=self.clock.advance)

    def backend(self, revision: str) -> Backend:
        """One of this service."""
        name = f"{self.service}-{revision}"
        return backend(revision).model_copy(update={"platform": "ecs", "workload": name, "entry": name})

    def put(self, revision: str) -> Backend:
        """The set of a revision, all of it running and healthy."""
        made = self.backend(revision)
        self.services.put(made.workload, made.entry, made.image, made.replicas)
        return made

    def wanted(self, revision: str, **changes: Any) -> RolloutInputs:
        """The inputs of its Rollout."""
        here = {"namespace": None, "target": self.target, "service": self.service, "route": ROUTE}
        return wanted(**{**here, "candidate": self.backend(revision), **changes})

    def update(self, inputs: RolloutInputs, world: Adapters | None = None) -> dict[str, Any]:
        """What `pulumi up` does."""
        cancelled = Cancelled(self.clock)
        return Update(inputs, world or self.world(), {}, self.lines, cancelled).run()

    def forget_lease(self) -> None:
        """What another process sees once it has watched the Lease of a dead one for its duration."""
        key = {PARTITION: {"S": self.service}, SORT: {"S": "lease"}}
        self.cloud.client("dynamodb").delete_item(TableName=self.cloud.name, Key=key)

    @property
    def head(self) -> Head:
        """Of the journal."""
        stored = self.world().journal.load()
        assert stored is not None
        return read_head(stored.content)

    @property
    def shares(self) -> dict[str, float]:
        """Percent per revision, as the rule has it."""
        live = self.world().router.read()
        return {} if live is None else {name.rpartition("-")[2]: share for name, share in live.shares.items()}

    def _listener(self) -> str:
        subnets = [
            self.services.ec2.create_subnet(
                VpcId=self.services.vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"{REGION}{zone}"
            )["Subnet"]["SubnetId"]
            for number, zone in enumerate("ab")
        ]
        balancer = self.elb.create_load_balancer(Name=self.cloud.name, Subnets=subnets)["LoadBalancers"][0]
        arn: str = self.elb.create_listener(
            LoadBalancerArn=balancer["LoadBalancerArn"],
            Protocol="HTTP",
            Port=80,
            DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}],
        )["Listeners"][0]["ListenerArn"]
        return arn
