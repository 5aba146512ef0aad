"""Release records in a bucket: nothing replaces or hides them, and every write is known to stand or not to."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse  # type: ignore[import-untyped]
from botocore.exceptions import EndpointConnectionError  # type: ignore[import-untyped]

from slipway.release.errors import ClusterError, Conflict
from slipway.release.records.chain import Line, problems
from slipway.release.records.store import append, append_next
from slipway.rollout.platforms.aws.bucket_records import BucketRecords, services_recorded
from tests.unit.slipway.rollout.cloud import Cloud, Effect, answering_xml, doing, failing, timeout, unanswered

PREFIX = "records/shop"


@pytest.fixture
def cloud() -> Cloud:
    made = Cloud()
    made.create_bucket()
    return made


def records(cloud: Cloud, service: str = "checkout") -> BucketRecords:
    return BucketRecords(cloud.client("s3"), cloud.name, PREFIX, service, cloud.patience)


def numbered(last: Line | None) -> dict[str, Any]:
    return {"n": 0 if last is None else last.seq + 1}


def test_a_record_lies_under_its_service_and_number(cloud: Cloud) -> None:
    line = append_next(records(cloud), numbered)
    found = cloud.client("s3").get_object(Bucket=cloud.name, Key=f"{PREFIX}/checkout/0000000000.json")
    assert line is not None
    assert found["Body"].read().decode() == records(cloud).read()[0]
    assert found["ObjectLockMode"] == "COMPLIANCE"


def test_each_service_has_a_chain_of_its_own_and_is_found(cloud: Cloud) -> None:
    for service in ("search", "checkout", "check"):
        append_next(records(cloud, service), numbered)
    assert [len(records(cloud, one).read()) for one in ("check", "checkout", "search")] == [1, 1, 1]
    assert services_recorded(cloud.client("s3"), cloud.name, PREFIX) == ["check", "checkout", "search"]
    assert services_recorded(cloud.client("s3"), cloud.name, "records") == ["shop"]


def test_what_lies_there_beside_the_records_is_none(cloud: Cloud) -> None:
    append_next(records(cloud), numbered)
    for name in ("README.md", "0000000001.json.bak", "00000000010.json"):
        cloud.client("s3").put_object(Bucket=cloud.name, Key=f"{PREFIX}/checkout/{name}", Body=b"x")
    assert len(records(cloud).read()) == 1


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_record_that_was_deleted_or_written_over_is_read_as_it_was(cloud: Cloud, number: int) -> None:
    for _ in range(3):
        append_next(records(cloud), numbered)
    before, key = records(cloud).read(), f"{PREFIX}/checkout/{number:010d}.json"
    cloud.client("s3").put_object(Bucket=cloud.name, Key=key, Body=b"{}")
    assert records(cloud).read() == before
    cloud.client("s3").delete_object(Bucket=cloud.name, Key=key)
    assert records(cloud).read() == before
    added = append_next(records(cloud), numbered)
    assert added is not None
    assert added.seq == 3
    assert problems(records(cloud).read()) == []


def test_many_versions_are_read_in_pages(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(5):
        append_next(records(cloud), numbered)
    client = cloud.client("s3")
    whole = client.list_object_versions
    monkeypatch.setattr(client, "list_object_versions", lambda **asked: whole(**asked, MaxKeys=2))
    assert len(records(cloud).read()) == 5
    assert problems(records(cloud).read()) == []
    last = records(cloud).last()
    assert last is not None
    assert last.seq == 4


@pytest.mark.parametrize(
    ("bucket", "said"),
    [
        ({"versions": False}, "keeps no versions, so records could be replaced: enable versioning"),
        ({"days": None}, "has no object lock with a default retention, so records could be removed"),
    ],
)
def test_a_bucket_that_would_not_keep_a_record_gets_none(bucket: dict[str, Any], said: str) -> None:
    cloud = Cloud()
    cloud.create_bucket(**bucket)
    with pytest.raises(ClusterError, match=said):
        append_next(records(cloud), numbered)
    assert records(cloud).read() == []


def test_versions_without_a_lock_are_not_enough() -> None:
    cloud = Cloud()
    cloud.create_bucket(versions=False)
    versioning = {"Status": "Enabled"}
    cloud.client("s3").put_bucket_versioning(Bucket=cloud.name, VersioningConfiguration=versioning)
    with pytest.raises(ClusterError, match="has no object lock with a default retention"):
        append_next(records(cloud), numbered)


def test_a_bucket_that_does_not_exist_is_one_clear_line() -> None:
    with pytest.raises(
        ClusterError, match=r"records/shop/checkout/ in the bucket .*NoSuchBucket.*check that the bucket exists"
    ):
        records(Cloud()).read()


def test_a_rival_between_listing_and_writing_is_a_conflict_and_nothing_is_replaced(cloud: Cloud) -> None:
    append_next(records(cloud), numbered)
    mine = records(cloud)

    def rival() -> None:
        append(records(cloud), lambda lines: {"who": "rival"})

    writes_go_wrong(cloud, doing(rival))
    with pytest.raises(Conflict):
        mine.append('{"who":"me"}', 1)
    assert "rival" in records(cloud).read()[1]
    assert "me" not in "".join(records(cloud).read())


def done_then_away(cloud: Cloud) -> Effect:
    def effect(request: AWSPreparedRequest) -> AWSResponse | None:
        cloud.serve(request)
        return answering_xml(500, "InternalError")(request)

    return effect


FAULTS = {
    "lost answer": unanswered,
    "done, then 500": done_then_away,
    "slow down": lambda _: answering_xml(503, "SlowDown"),
    "another writes": lambda _: answering_xml(409, "ConditionalRequestConflict"),
    "timeout": lambda _: failing(timeout()),
    "not reached": lambda _: failing(EndpointConnectionError(endpoint_url="https://aws.example")),
}


@pytest.mark.parametrize("times", [1, 3], ids=["once", "three times"])
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_record_is_written_once_whatever_goes_wrong(cloud: Cloud, fault: Any, times: int) -> None:
    append_next(records(cloud), numbered)
    writes_go_wrong(cloud, fault(cloud), times)
    added = append_next(records(cloud), numbered)
    assert added is not None
    assert added.seq == 1
    texts = records(cloud).read()
    assert len(texts) == 2
    assert problems(texts) == []
    versions = cloud.client("s3").list_object_versions(Bucket=cloud.name)["Versions"]
    assert len(versions) == 2
    assert sum(cloud.waited) <= 4.0


def test_a_write_that_cannot_be_seen_is_no_success(cloud: Cloud) -> None:
    mine = records(cloud)
    append_next(mine, numbered)

    def lost(request: AWSPreparedRequest) -> AWSResponse | None:
        cloud.before[:] = [failing(timeout()) for _ in range(40)]
        return unanswered(cloud)(request)

    writes_go_wrong(cloud, lost)
    with pytest.raises(ClusterError, match="whether it was done cannot be seen"):
        append_next(mine, numbered)
    cloud.before.clear()
    assert len(records(cloud).read()) == 2


def writes_go_wrong(cloud: Cloud, effect: Effect, times: int = 1) -> None:
    """The next requests that write go wrong; those that read do not."""
    left = [times]

    def wrong(request: AWSPreparedRequest) -> AWSResponse | None:
        if request.method != "PUT":
            cloud.before.append(wrong)
            return None
        left[0] -= 1
        if left[0]:
            cloud.before.append(wrong)
        return effect(request)

    cloud.before.append(wrong)
