"""The stand-in of the AWS provider under the real CLI and the real SDK, on the local AWS."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import boto3  # type: ignore[import-untyped]
import pytest

from tests.integration.aws.program import PROGRAM
from tests.integration.aws.shop import Shop
from tests.integration.standins.project import VIRTUALENV, Project

TYPES = 24
"""Resources of the program; with the stack there is one more."""
Make = Callable[..., Project]


@pytest.fixture
def project(tmp_path: Path, variables: Mapping[str, str]) -> Iterator[Project]:
    """On a backend of its own, which ends with all that it made."""
    backend = tmp_path / "backend"
    backend.mkdir()
    found = Project(tmp_path / "project", dict(variables) | {"PULUMI_BACKEND_URL": backend.as_uri()})
    options = f"  options:\n    virtualenv: {VIRTUALENV}\n"
    found.write("Pulumi.yaml", f"name: aws\nruntime:\n  name: python\n{options}")
    found.write("__main__.py", "")
    found.pulumi("stack", "init", "dev")
    yield found
    found.pulumi("destroy", "--yes", succeed=False)  # what a test that failed has left
    found.close()


@pytest.fixture
def queue(variables: Mapping[str, str], shop: Shop) -> Iterator[Queue]:
    """It goes after the test."""
    sqs = client(variables, "sqs")
    url = sqs.create_queue(QueueName=shop.name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    yield Queue(sqs, url, arn)
    sqs.delete_queue(QueueUrl=url)


class Queue(NamedTuple):
    """Of SQS."""

    sqs: Any
    url: str
    arn: str

    def next(self) -> Mapping[str, Any]:
        """The next message of a topic, waited for."""
        (message,) = self.sqs.receive_message(QueueUrl=self.url, WaitTimeSeconds=20)["Messages"]
        told: Mapping[str, Any] = json.loads(json.loads(message["Body"])["Message"])
        return told


def write(project: Project, shop: Shop, image: str, queue: Queue, **changed: object) -> None:
    values = {"NAME": shop.name, "VPC": shop.vpc, "SUBNETS": shop.subnets, "PORT": shop.other_port, "IMAGE": image}
    values |= {"RETENTION": 7, "THRESHOLD": 5, "DESIRED": 1, "MEMORY": 128, "QUEUE": queue.arn} | changed
    head = "\n".join(f"{name} = {value!r}" for name, value in values.items())
    project.write("__main__.py", f"{head}\n{PROGRAM}")


def client(variables: Mapping[str, str], service: str, **named: str) -> Any:
    session = boto3.session.Session("sandbox", "sandbox", region_name=variables["AWS_REGION"])
    endpoint = variables.get(f"AWS_ENDPOINT_URL_{named.get('named', '')}", variables["AWS_ENDPOINT_URL"])
    return session.client(service, endpoint_url=endpoint)


def test_every_type_is_made_kept_changed_repaired_and_deleted(
    project: Project, shop: Shop, images: Mapping[str, str], variables: Mapping[str, str], queue: Queue
) -> None:
    write(project, shop, images["v1"], queue)
    assert project.up() == {"created": TYPES}
    assert project.planned() == {"same": TYPES}
    refreshed = project.pulumi("refresh", "--yes").stdout
    assert f"{TYPES} unchanged" in refreshed, refreshed
    assert project.planned() == {"same": TYPES}

    write(project, shop, images["v1"], queue, RETENTION=14, THRESHOLD=9, DESIRED=2, MEMORY=256)
    assert project.up() == {"updated": 4, "unchanged": TYPES - 4}

    outputs = project.outputs()
    cloudwatch = client(variables, "cloudwatch")
    found = cloudwatch.describe_alarms(AlarmNames=[outputs["alarm"]])["MetricAlarms"][0]
    assert found["Threshold"] == 9.0
    cloudwatch.set_alarm_state(AlarmName=outputs["part"], StateValue="ALARM", StateReason="a test says so")
    assert queue.next()["AlarmName"] == f"{shop.name}-whole"
    shop.elb.modify_rule(
        RuleArn=outputs["rule"], Conditions=[{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/other"]}}]
    )
    shop.ecs.update_service(cluster=outputs["cluster"], service=outputs["service"], desiredCount=1)
    functions, named = client(variables, "lambda"), {"FunctionName": outputs["function"]}
    assert [one["Version"] for one in functions.list_versions_by_function(**named)["Versions"]] == ["$LATEST", "1", "2"]
    functions.update_alias(**named, Name="live", FunctionVersion="2")
    assert "~ 3 updated" in project.pulumi("refresh", "--yes").stdout
    assert project.up() == {"updated": 3, "unchanged": TYPES - 3}

    assert project.pulumi("destroy", "--yes").stdout.count("deleted") >= TYPES
    assert project.resources() == [] or len(project.resources()) == 1


def test_what_it_does_not_know_is_refused_by_name(project: Project) -> None:
    project.write("__main__.py", 'import pulumi_aws as aws\naws.ecs.Cluster("c", configuration={})\n')
    text = project.pulumi("preview", succeed=False).stdout
    assert "configuration" in text
    project.write("__main__.py", 'import pulumi_aws as aws\naws.sqs.Queue("queue")\n')
    assert "aws:sqs/queue:Queue is not known to this stand-in" in project.pulumi("preview", succeed=False).stdout


def test_it_reaches_no_aws_but_a_local_one(project: Project) -> None:
    project.environment = {name: value for name, value in project.environment.items() if "AWS_ENDPOINT" not in name}
    project.write("__main__.py", 'import pulumi_aws as aws\naws.ecs.Cluster("c")\n')
    assert "a local AWS only" in project.pulumi("preview", succeed=False).stdout
