from __future__ import annotations

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse  # type: ignore[import-untyped]

from slipway.release.errors import ClusterAway, ClusterError, Conflict, LeaseLost
from slipway.rollout.platforms.aws.table import BATCH, ITEM_BYTES, Table
from slipway.rollout.process.fence import UNFENCED, Fence
from tests.unit.slipway.rollout.cloud import Cloud, doing, untouched


@pytest.fixture
def cloud() -> Cloud:
    made = Cloud()
    made.create_table()
    return made


def table(cloud: Cloud, fence: Fence = UNFENCED, service: str = "checkout") -> Table:
    return Table(cloud.client("dynamodb"), cloud.name, service, fence, cloud.patience)


def test_an_item_comes_back_with_its_version_and_every_write_has_another(cloud: Cloud) -> None:
    first = table(cloud).put("a", "x", None)
    second = table(cloud).put("a", "x", first)
    found = table(cloud).get("a")
    assert found is not None
    assert (found.version, found.text) == (second, "x")
    assert first != second


def test_services_do_not_see_each_others_items(cloud: Cloud) -> None:
    table(cloud).put("a", "x", None)
    assert table(cloud, service="cart").get("a") is None
    assert table(cloud, service="cart").read("!", "~") == []


def test_a_range_is_read_in_pages_in_the_order_of_its_keys(cloud: Cloud) -> None:
    text = "x" * (300 * 1024)
    for number in (3, 1, 4, 0, 2):
        table(cloud).put(f"k{number}", text, None)
    cloud.requests.clear()
    assert [item.key for item in table(cloud).read("k1", "k4")] == ["k1", "k2", "k3", "k4"]
    assert cloud.requests.count("Query") > 1
    assert table(cloud).keys("k0", "k9") == ["k0", "k1", "k2", "k3", "k4"]


def test_the_ends_of_a_range_are_found_by_one_request_each(cloud: Cloud) -> None:
    for key in ("a", "k1", "k2", "k3", "z"):
        table(cloud).put(key, "", None)
    cloud.requests.clear()
    first, last = (table(cloud).end("k", "l", last=last) for last in (False, True))
    assert first is not None
    assert last is not None
    assert (first.key, last.key) == ("k1", "k3")
    assert table(cloud).end("p", "q", last=True) is None
    assert cloud.requests == ["Query"] * 3


def test_what_is_too_large_for_an_item_is_refused_before_it_is_sent(cloud: Cloud) -> None:
    with pytest.raises(ClusterError, match=f"would have {ITEM_BYTES + 1} bytes"):
        table(cloud).put("a", "x" * (ITEM_BYTES + 1), None)
    table(cloud).put("a", "x" * ITEM_BYTES, None)


def test_what_was_created_too_late_is_taken_back(cloud: Cloud) -> None:
    fence = Fence()
    fence.arm("r1")
    fence.note_renewal(fence.now(), 15)
    cloud.before.append(doing(lambda: fence.lose("another holds the Lease")))
    with pytest.raises(LeaseLost):
        table(cloud, fence).put("a", "x", None)
    assert cloud.items() == {}


def test_what_another_has_written_over_it_is_not_taken_back(cloud: Cloud) -> None:
    fence = Fence()
    fence.arm("r1")
    fence.note_renewal(fence.now(), 15)

    def overtaken(request: AWSPreparedRequest) -> AWSResponse | None:
        answer = cloud.serve(request)
        found = table(cloud).get("a")
        assert found is not None
        table(cloud).put("a", "theirs", found.version)
        fence.lose("another holds the Lease")
        return answer

    cloud.before.append(overtaken)
    with pytest.raises(LeaseLost):
        table(cloud, fence).put("a", "x", None)
    assert cloud.items() == {("checkout", "a"): "theirs"}


def test_a_removal_asks_again_when_another_has_written_in_between(cloud: Cloud) -> None:
    version = table(cloud).put("a", "free", None)
    cloud.before.extend([untouched, doing(lambda: table(cloud).put("a", "held", version))])
    table(cloud).remove("a", lambda found: found.text == "free")
    assert cloud.items() == {("checkout", "a"): "held"}


def test_a_removal_among_others_that_never_stop_writing_ends_as_a_conflict(cloud: Cloud) -> None:
    table(cloud).put("a", "0", None)

    def written() -> None:
        cloud.before.append(untouched)
        found = table(cloud).get("a")
        assert found is not None
        cloud.before.append(untouched)
        table(cloud).put("a", "x", found.version)
        cloud.before.extend([untouched, untouched, doing(written)])

    cloud.before.extend([untouched, doing(written)])
    with pytest.raises(Conflict, match="others keep writing it"):
        table(cloud).remove("a")


def test_many_are_discarded_in_few_requests_and_what_is_gone_is_no_error(cloud: Cloud) -> None:
    keys = [f"k{number:03d}" for number in range(2 * BATCH + 1)]
    for key in keys:
        table(cloud).put(key, "", None)
    cloud.requests.clear()
    table(cloud).discard([*keys, "gone"])
    assert cloud.requests == ["BatchWriteItem"] * 3
    assert cloud.items() == {}


def test_what_dynamodb_has_left_out_of_a_batch_is_sent_again(cloud: Cloud) -> None:
    """It answers so when the capacity of the table is used up."""
    for key in ("a", "b"):
        table(cloud).put(key, "", None)
    client, sent = cloud.client("dynamodb"), []

    class Stingy:
        """Does one item of a batch."""

        def batch_write_item(self, **asked: dict[str, list[object]]) -> dict[str, object]:
            wanted = asked["RequestItems"][cloud.name]
            sent.append(len(wanted))
            client.batch_write_item(RequestItems={cloud.name: wanted[:1]})
            return {"UnprocessedItems": {cloud.name: wanted[1:]} if wanted[1:] else {}}

    Table(Stingy(), cloud.name, "checkout", patience=cloud.patience).discard(["a", "b"])  # type: ignore[arg-type]
    assert (sent, cloud.items()) == ([2, 1], {})


def test_a_table_that_never_has_capacity_is_said_to_be_limited(cloud: Cloud) -> None:
    class Full:
        """Does nothing."""

        def batch_write_item(self, **asked: dict[str, object]) -> dict[str, object]:
            return {"UnprocessedItems": asked["RequestItems"]}

    with pytest.raises(ClusterAway, match="give the table more capacity"):
        Table(Full(), cloud.name, "checkout", patience=cloud.patience).discard(["a"])  # type: ignore[arg-type]


def test_a_table_that_does_not_exist_is_named() -> None:
    with pytest.raises(ClusterError, match=r"table slipway-\w+: Resource.*check that the table exists"):
        table(Cloud()).get("a")
