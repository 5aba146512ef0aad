"""The alias of a function as a route."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse  # type: ignore[import-untyped]

from slipway.release.errors import ClusterError, Conflict, LeaseLost
from slipway.release.manifest.route import Route
from slipway.rollout.process.fence import Fence
from slipway.rollout.routers.base import LiveRoute, Split
from slipway.rollout.routers.lambda_alias import LambdaRouter
from tests.unit.slipway.rollout.cloud import answering, doing, failing, timeout, unanswered
from tests.unit.slipway.rollout.examples import backend
from tests.unit.slipway.rollout.functions import ALIAS, FunctionCloud

OLD, NEW, THIRD = backend("aaaa"), backend("bbbb"), backend("cccc")
ROUTE = Route.model_validate({"hostnames": ["checkout.example"]})
CANARY = Split(((OLD, 95.0), (NEW, 5.0)))
WRITES = {"CreateAlias", "UpdateAlias", "DeleteAlias"}


@pytest.fixture
def cloud() -> FunctionCloud:
    made = FunctionCloud()
    for one in (OLD, NEW, THIRD):
        made.publish(one.revision, one.image)
    return made


def armed(writer: str = "r1") -> Fence:
    fence = Fence()
    fence.arm(writer)
    fence.note_renewal(fence.now(), 15)
    return fence


def live(router: LambdaRouter) -> LiveRoute:
    found = router.read()
    assert found is not None
    return found


def test_weights_are_written_with_who_wrote_them_and_read_back(cloud: FunctionCloud) -> None:
    router = cloud.router(armed())
    assert router.read() is None
    first = router.apply(ROUTE, Split.whole(OLD), None)
    second = router.apply(ROUTE, CANARY, first.version)
    assert (dict(first.shares), dict(second.shares)) == ({OLD.entry: 100.0}, {OLD.entry: 95.0, NEW.entry: 5.0})
    assert (second.writer, second.owner, second.managed, second.accepted) == ("r1", "shop/prod", True, True)
    assert (second.settings_hash, second.settings) == (router.settings_hash(ROUTE), router.settings(ROUTE))
    assert live(cloud.router()) == second
    alias = cloud.aliases[ALIAS]
    assert (alias["FunctionVersion"], alias["RoutingConfig"]) == ("1", {"AdditionalVersionWeights": {"2": 0.05}})


def test_the_version_with_more_traffic_is_the_main_one(cloud: FunctionCloud) -> None:
    cloud.router().apply(ROUTE, Split(((OLD, 10.0), (NEW, 90.0))), None)
    assert cloud.aliases[ALIAS]["FunctionVersion"] == "2"
    assert dict(live(cloud.router()).shares) == {OLD.entry: 10.0, NEW.entry: 90.0}


def test_versions_without_traffic_stand_in_the_route_and_lambda_has_two_at_most(cloud: FunctionCloud) -> None:
    found = cloud.router(armed()).apply(ROUTE, Split(((OLD, 60.0), (NEW, 40.0), (THIRD, 0.0))), None)
    assert dict(found.shares) == {OLD.entry: 60.0, NEW.entry: 40.0, THIRD.entry: 0.0}
    assert cloud.router().numbers() == {"1", "2", "3"}
    with pytest.raises(ValueError, match="one or two versions"):
        cloud.router().apply(ROUTE, Split(((OLD, 60.0), (NEW, 30.0), (THIRD, 10.0))), found.version)


def test_a_weight_finer_than_those_of_an_alias_is_refused(cloud: FunctionCloud) -> None:
    with pytest.raises(ValueError, match="finer"):
        cloud.router().apply(ROUTE, Split(((OLD, 99.999), (NEW, 0.001))), None)


def test_only_the_alias_that_is_there_can_be_replaced(cloud: FunctionCloud) -> None:
    router = cloud.router()
    with pytest.raises(Conflict):
        router.apply(ROUTE, CANARY, "w9")
    first = router.apply(ROUTE, Split.whole(OLD), None)
    router.apply(ROUTE, CANARY, first.version)
    for stale in (first.version, None):
        with pytest.raises(Conflict, match="expected version"):
            router.apply(ROUTE, Split.whole(NEW), stale)
    assert dict(live(router).shares) == {OLD.entry: 95.0, NEW.entry: 5.0}


def test_a_weight_that_another_changes_between_read_and_write_is_a_conflict(cloud: FunctionCloud) -> None:
    router = cloud.router(armed())
    version = router.apply(ROUTE, CANARY, None).version
    cloud.wrong.append(("UpdateAlias", doing(lambda: cloud.swing(0.5))))
    with pytest.raises(Conflict, match="another writer"):
        router.apply(ROUTE, Split.whole(OLD), version)
    assert dict(live(router).shares) == {OLD.entry: 50.0, NEW.entry: 50.0}


@pytest.mark.parametrize("fault", ["lost answer", "500", "throttled", "timeout"])
@pytest.mark.parametrize("call", ["CreateAlias", "UpdateAlias"])
def test_a_write_that_goes_wrong_once_stands_in_the_end(cloud: FunctionCloud, call: str, fault: str) -> None:
    version = None
    if call == "UpdateAlias":
        version = cloud.router(armed("r0")).apply(ROUTE, Split.whole(OLD), None).version
    effects = {
        "lost answer": unanswered(cloud),
        "500": answering(500, "ServiceException"),
        "throttled": answering(429, "TooManyRequestsException"),
        "timeout": failing(timeout()),
    }
    cloud.wrong.append((call, effects[fault]))
    found = cloud.router(armed()).apply(ROUTE, CANARY, version)
    assert (dict(found.shares), found.writer) == ({OLD.entry: 95.0, NEW.entry: 5.0}, "r1")
    assert cloud.requests.count(call) == 2


def test_a_call_that_failed_after_it_had_written_may_be_repeated_as_it_was(cloud: FunctionCloud) -> None:
    router = cloud.router(armed())
    version = router.apply(ROUTE, Split.whole(OLD), None).version
    router.apply(ROUTE, CANARY, version)
    assert dict(router.apply(ROUTE, CANARY, version).shares) == {OLD.entry: 95.0, NEW.entry: 5.0}
    with pytest.raises(Conflict):
        router.apply(ROUTE, Split.whole(NEW), version)


def test_a_claim_stamps_the_alias_and_makes_every_older_version_a_conflict(cloud: FunctionCloud) -> None:
    before = cloud.router(armed("r1"), "shop/prod")
    assert before.claim() is None
    version = before.apply(ROUTE, CANARY, None).version
    claimed = cloud.router(armed("r2"), "store/prod").claim()
    assert claimed is not None
    assert (claimed.writer, claimed.owner, dict(claimed.shares)) == ("r2", "store/prod", dict(live(before).shares))
    with pytest.raises(ClusterError, match=r"declared by the stack store/prod.*--to shop/prod"):
        before.apply(ROUTE, Split.whole(OLD), claimed.version)
    with pytest.raises(Conflict):
        cloud.router(armed("r1"), "store/prod").apply(ROUTE, Split.whole(OLD), version)


def test_nothing_is_written_without_the_right_to_write(cloud: FunctionCloud) -> None:
    version = cloud.router(armed()).apply(ROUTE, CANARY, None).version
    fence = armed("r2")
    router = cloud.router(fence)
    fence.lose("another holds the Lease")
    cloud.requests.clear()
    for write in (lambda: router.apply(ROUTE, Split.whole(OLD), version), router.claim, router.delete):
        with pytest.raises(LeaseLost, match="another holds the Lease"):
            write()
    assert not set(cloud.requests) & WRITES


def test_no_write_is_sent_again_when_the_right_to_write_has_gone(cloud: FunctionCloud) -> None:
    fence = armed()
    version = cloud.router(fence).apply(ROUTE, Split.whole(OLD), None).version

    def lost(_: AWSPreparedRequest) -> AWSResponse | None:
        fence.lose("another holds the Lease")
        raise timeout()

    cloud.wrong.append(("UpdateAlias", lost))
    cloud.requests.clear()
    with pytest.raises(LeaseLost):
        cloud.router(fence).apply(ROUTE, CANARY, version)
    assert cloud.requests.count("UpdateAlias") == 1


@pytest.mark.parametrize("description", ["", "deployed by CodeDeploy", "slipway service=cart rollout=r1"])
def test_an_alias_that_another_tool_or_service_writes_is_left_alone(cloud: FunctionCloud, description: str) -> None:
    made: dict[str, Any] = {"FunctionVersion": "1", "Description": description}
    cloud.client("lambda").create_alias(FunctionName="checkout", Name=ALIAS, **made)
    router = cloud.router()
    found = live(router)
    assert not found.managed
    for write in (lambda: router.apply(ROUTE, CANARY, found.version), router.claim, router.delete):
        with pytest.raises(ClusterError, match="is not that of service checkout"):
            write()
    assert cloud.aliases[ALIAS]["Description"] == description


def test_an_alias_that_another_pointed_to_changing_code_has_drifted(cloud: FunctionCloud) -> None:
    router = cloud.router()
    router.apply(ROUTE, Split.whole(OLD), None)
    cloud.client("lambda").update_alias(FunctionName="checkout", Name=ALIAS, FunctionVersion="$LATEST")
    found = live(router)
    assert found.settings_hash != router.settings_hash(ROUTE)
    assert dict(found.shares) == {"checkout:$LATEST": 100.0}


def test_a_version_that_slipway_did_not_make_has_a_name_of_its_own(cloud: FunctionCloud) -> None:
    router = cloud.router()
    router.apply(ROUTE, Split.whole(OLD), None)
    number = cloud.publish("", OLD.image, description="by hand")
    cloud.client("lambda").update_alias(FunctionName="checkout", Name=ALIAS, FunctionVersion=number)
    assert dict(live(router).shares) == {f"checkout:{number}": 100.0}


def test_a_route_is_in_force_once_the_provisioned_concurrency_has_settled(cloud: FunctionCloud) -> None:
    router = cloud.router()
    router.apply(ROUTE, Split.whole(OLD), None)
    cloud.warm = {"Status": "IN_PROGRESS"}
    found = live(router)
    assert (found.accepted, found.behind) == (False, True)
    assert "IN_PROGRESS" in found.problem
    cloud.warm = {"Status": "READY"}
    assert live(router).accepted


def test_a_revision_that_was_published_twice_is_its_oldest_version(cloud: FunctionCloud) -> None:
    cloud.publish(OLD.revision, OLD.image)
    cloud.router().apply(ROUTE, Split.whole(OLD), None)
    assert cloud.aliases[ALIAS]["FunctionVersion"] == "1"


def test_versions_are_found_on_later_pages(cloud: FunctionCloud) -> None:
    cloud.page = 2
    cloud.router().apply(ROUTE, Split.whole(THIRD), None)
    assert cloud.aliases[ALIAS]["FunctionVersion"] == "3"


def test_a_version_that_is_not_published_is_named(cloud: FunctionCloud) -> None:
    with pytest.raises(ClusterError, match=r"no version of v-dddd \(dddd\) is published"):
        cloud.router().apply(ROUTE, Split.whole(backend("dddd")), None)


def test_what_leads_users_beside_the_alias_is_a_rival(cloud: FunctionCloud) -> None:
    router = cloud.router()
    assert router.rivals(ROUTE) == []
    cloud.url = True
    function = "arn:aws:lambda:us-east-1:123456789012:function:checkout"
    cloud.mappings = [{"UUID": "u1", "FunctionArn": function}, {"UUID": "u2", "FunctionArn": f"{function}:{ALIAS}"}]
    url, mapping = router.rivals(ROUTE)
    assert "URL of the function checkout" in url
    assert "u1" in mapping


def test_deleting_may_be_repeated(cloud: FunctionCloud) -> None:
    router = cloud.router()
    router.apply(ROUTE, CANARY, None)
    cloud.wrong.append(("DeleteAlias", unanswered(cloud)))
    router.delete()
    router.delete()
    assert router.read() is None
