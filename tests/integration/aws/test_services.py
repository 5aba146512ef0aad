"""Release records, feature flags and the gates' look at images on the local AWS: what moto cannot be asked."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError  # type: ignore[import-untyped]

from slipway.release.errors import ClusterError
from slipway.release.flags.declaring import after_declaration
from slipway.release.flags.journal import after_change
from slipway.release.flags.of_target import AT_ONCE, STRATEGY
from slipway.release.records.chain import problems
from slipway.release.records.store import append_next
from slipway.release.target import AppConfigPlace
from slipway.rollout.flags.writer import FlagWriter
from slipway.rollout.gate_inputs import registry
from slipway.rollout.platforms.aws.appconfig import AppConfigDocument
from slipway.rollout.platforms.aws.bucket_records import BucketRecords, services_recorded
from slipway.rollout.platforms.aws.documents import FLAG_DOCUMENT, FLAG_JOURNAL, FLAG_SETS, TableDocument
from slipway.rollout.platforms.aws.table import PARTITION, SORT, Table
from tests.flags import BY, declaration, kill
from tests.integration.aws.test_provider import client


@pytest.fixture
def name() -> str:
    """Of everything that a test makes."""
    return f"services-{secrets.token_hex(4)}"


def test_a_locked_bucket_keeps_its_records_whatever_is_done_to_them(variables: Mapping[str, str], name: str) -> None:
    s3 = client(variables, "s3")
    place = {"LocationConstraint": variables["AWS_REGION"]}
    s3.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True, CreateBucketConfiguration=place)
    chain = BucketRecords(s3, name, "prod", "checkout")
    with pytest.raises(ClusterError, match="no object lock with a default retention"):
        append_next(chain, lambda last: {"n": 0})
    rule = {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 1}}
    lock = {"ObjectLockEnabled": "Enabled", "Rule": rule}
    s3.put_object_lock_configuration(Bucket=name, ObjectLockConfiguration=lock)
    for number in range(3):
        append_next(chain, lambda last, number=number: {"n": number})  # type: ignore[misc]
    before, key = chain.read(), "prod/checkout/0000000001.json"
    assert problems(before) == []
    (version,) = s3.list_object_versions(Bucket=name, Prefix=key)["Versions"]
    s3.put_object(Bucket=name, Key=key, Body=b"{}")
    s3.delete_object(Bucket=name, Key=key)
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.delete_object(Bucket=name, Key=key, VersionId=version["VersionId"])
    assert chain.read() == before
    assert services_recorded(s3, name, "prod") == ["checkout"]


@pytest.fixture
def writer(variables: Mapping[str, str], name: str) -> Iterator[FlagWriter]:
    """Of a set of flags in an environment of its own."""
    appconfig, dynamodb = client(variables, "appconfig"), client(variables, "dynamodb")
    keys = ((PARTITION, "HASH"), (SORT, "RANGE"))
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in keys],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key, _ in keys],
    )
    application = appconfig.create_application(Name=name)["Id"]
    appconfig.create_environment(ApplicationId=application, Name="prod")
    kind = {"LocationUri": "hosted", "Type": "AWS.Freeform"}
    appconfig.create_configuration_profile(ApplicationId=application, Name="flags", **kind)
    at_once = {key[0].upper() + key[1:]: value for key, value in AT_ONCE.items()}
    made = appconfig.create_deployment_strategy(Name=STRATEGY, ReplicateTo="NONE", **at_once)["Id"]
    sets = Table(dynamodb, name, FLAG_SETS)
    place = AppConfigPlace(application=name, environment="prod")
    document = AppConfigDocument(appconfig, place, "flags", TableDocument(sets, f"{FLAG_DOCUMENT}flags"))
    journal = TableDocument(sets, f"{FLAG_JOURNAL}flags")
    yield FlagWriter("flags", journal, {"app-config": document}, "app-config")
    appconfig.delete_deployment_strategy(DeploymentStrategyId=made)
    dynamodb.delete_table(TableName=name)


def test_clients_of_appconfig_get_a_kill_before_it_is_done(
    variables: Mapping[str, str], writer: FlagWriter, name: str
) -> None:
    declared = replace(declaration(), document="app-config")
    writer.change(lambda head: after_declaration(head, declared, BY), declares=True)
    data = client(variables, "appconfigdata")
    asked = {"ApplicationIdentifier": name, "EnvironmentIdentifier": "prod", "ConfigurationProfileIdentifier": "flags"}

    def given() -> Any:
        token = data.start_configuration_session(**asked)["InitialConfigurationToken"]
        found = data.get_latest_configuration(ConfigurationToken=token)["Configuration"].read()
        return json.loads(found)["flags"]["pay"]["defaultVariant"]

    assert given() == "on"
    writer.change(lambda head: after_change(head, kill("pay")))
    assert given() == "off"
    assert writer.problem() is None


def test_ecr_says_whether_a_digest_is_there_and_whether_tags_can_move(
    variables: Mapping[str, str], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key, value in variables.items():
        if key.startswith("AWS_"):
            monkeypatch.setenv(key, value)
    ecr = client(variables, "ecr")
    account = ecr.create_repository(repositoryName=name, imageTagMutability="IMMUTABLE")["repository"]["registryId"]
    media = "application/vnd.oci.image.manifest.v1+json"
    manifest = json.dumps({"schemaVersion": 2, "mediaType": media, "layers": []}, indent=1)
    ecr.put_image(repositoryName=name, imageManifest=manifest, imageManifestMediaType=media, imageTag="1.0.0")
    digest = f"sha256:{hashlib.sha256(manifest.encode()).hexdigest()}"
    image = f"{account}.dkr.ecr.{variables['AWS_REGION']}.amazonaws.com/{name}"
    found = registry.observe(f"{image}@{digest}")
    assert (found.exists, found.digest, found.tag_immutable, found.error) == (True, digest, True, None)
    absent = registry.observe(f"{image}@sha256:{'0' * 64}")
    assert (absent.exists, absent.error) == (False, None)
    ecr.put_image_tag_mutability(repositoryName=name, imageTagMutability="MUTABLE")
    assert registry.observe(f"{image}@{digest}").tag_immutable is False
    ecr.delete_repository(repositoryName=name, force=True)
