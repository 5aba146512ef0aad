"""The function of a service on Lambda."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pulumi
import pytest

from components import LambdaWorkload, LambdaWorkloadArgs, aws_objects
from slipway.release.lambda_setting import LambdaSetting
from slipway.release.revision import revision_of
from slipway.release.target import LambdaTarget
from tests.components.recorder import Record, declare
from tests.manifests import release

FUNCTION = "aws:lambda/function:Function"
SETTING = LambdaSetting(role="arn:aws:iam::123456789012:role/checkout")
SDK: Any = import_module("pulumi_aws.lambda_.function").Function
PLAIN: dict[str, Any] = {"workload__probes": {"readiness": {"path": "/ready"}}}


TARGET: dict[str, Any] = {"kind": "lambda", "region": "eu-central-1", "account": "123456789012", "table": "shop"}


def declared(setting: LambdaSetting = SETTING, alias: str = "live", **changes: Any) -> Record:
    target = LambdaTarget.model_validate({**TARGET, "aliases": {"checkout": alias}})
    args = LambdaWorkloadArgs.of(release(**{**PLAIN, **changes}), target, setting)
    return declare(lambda: LambdaWorkload("mine", args) and None, {FUNCTION: {"arn": "arn:function", "version": "7"}})


def test_the_function_publishes_a_version_that_says_its_revision() -> None:
    wanted = release(**PLAIN)
    found = declared().one(FUNCTION).properties
    assert (found["name"], found["publish"], found["packageType"]) == ("checkout", True, "Image")
    assert (found["imageUri"], found["description"]) == (wanted.artifact.image, f"slipway {revision_of(wanted)}")


def test_the_function_has_the_name_that_its_alias_gives_and_says_which_stack_declares_it() -> None:
    plain, named = (declared(alias=alias).one(FUNCTION).properties for alias in ("live", "checkout-staging:live"))
    assert (plain["name"], named["name"]) == ("checkout", "checkout-staging")
    assert {key: value for key, value in plain.items() if key != "name"} == {
        key: value for key, value in named.items() if key != "name"
    }
    assert plain["tags"]["slipway.dev/stack"] == f"{pulumi.get_project()}/{pulumi.get_stack()}"


def test_another_revision_is_an_update_of_the_same_function() -> None:
    one, other = (record.one(FUNCTION).properties for record in (declared(), declared(workload__env={"A": "1"})))
    assert one["name"] == other["name"]
    assert one["description"] != other["description"]
    assert other["environment"]["variables"]["A"] == "1"


@pytest.mark.parametrize(
    ("resources", "memory"),
    [({}, 128), ({"memory": "512Mi"}, 512), ({"cpu": "2"}, 3538), ({"cpu": "100m", "memory": "1Gi"}, 1024)],
)
def test_its_memory_is_what_has_the_processors_and_the_memory_that_are_asked_for(
    resources: dict[str, str], memory: int
) -> None:
    found = declared(workload__resources={"requests": resources}).one(FUNCTION).properties
    assert found["memorySize"] == memory


def test_the_web_adapter_is_told_port_and_readiness() -> None:
    variables = declared(workload__env={}).one(FUNCTION).properties["environment"]["variables"]
    assert variables["AWS_LWA_READINESS_CHECK_PATH"] == "/ready"
    assert variables["AWS_LWA_PORT"].isdigit()


def test_a_network_is_declared_where_the_stack_has_one() -> None:
    assert "vpcConfig" not in declared().one(FUNCTION).properties
    setting = SETTING.model_copy(update={"subnets": ("subnet-1",), "security_groups": ("sg-1",)})
    network = declared(setting).one(FUNCTION).properties["vpcConfig"]
    assert network == {"subnetIds": ["subnet-1"], "securityGroupIds": ["sg-1"]}


def test_type_and_inputs_are_those_of_the_providers_own_sdk() -> None:
    content = {"name": "a", "packageType": "Image", "imageUri": "i", "role": "r", "publish": True}
    named = {"name": "a", "package_type": "Image", "image_uri": "i", "role": "r", "publish": True}
    (wanted,) = declare(lambda: SDK("mine", **named) and None)
    (found,) = declare(lambda: aws_objects.Function("mine", content) and None)
    assert found.type == wanted.type
    assert found.properties.items() <= wanted.properties.items()
