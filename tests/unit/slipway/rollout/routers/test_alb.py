from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse  # type: ignore[import-untyped]

from slipway.release.errors import ClusterError, Conflict, LeaseLost
from slipway.release.manifest.route import Route
from slipway.release.manifest.strategy import Preview
from slipway.rollout.process.fence import UNFENCED, Fence
from slipway.rollout.routers.alb import AlbRouter, ListenerPlace
from slipway.rollout.routers.base import LiveRoute, Split
from tests.unit.slipway.rollout.cloud import (
    REGION,
    Cloud,
    Effect,
    answering_xml,
    failing,
    named,
    timeout,
    unanswered,
)
from tests.unit.slipway.rollout.examples import ROUTE, backend

OLD, NEW = backend("old"), backend("new")
PLAIN = Route.model_validate(ROUTE)
CANARY = Split(((OLD, 95.0), (NEW, 5.0)))
PREVIEWED = Split(
    ((OLD, 100.0), (NEW, 0.0)), (NEW, Preview.model_validate({"header": {"name": "x-new", "value": "1"}}))
)
WRITING = ("CreateRule", "ModifyRule", "DeleteRule", "AddTags")


class Balancer:
    """A load balancer with one listener, and a target group for each backend."""

    def __init__(self) -> None:
        self.cloud = Cloud()
        ec2, elb = self.cloud.client("ec2"), self.cloud.client("elbv2")
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnets = [
            ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"{REGION}{zone}")["Subnet"]
            for number, zone in enumerate("ab")
        ]
        balancer = elb.create_load_balancer(Name=self.cloud.name, Subnets=[one["SubnetId"] for one in subnets])
        for one in (OLD, NEW):
            asked = {"Name": one.entry, "Protocol": "HTTP", "Port": 80, "VpcId": vpc, "TargetType": "ip"}
            elb.create_target_group(**asked)
        listener = elb.create_listener(
            LoadBalancerArn=balancer["LoadBalancers"][0]["LoadBalancerArn"],
            Protocol="HTTP",
            Port=80,
            DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}],
        )
        self.place = ListenerPlace(listener["Listeners"][0]["ListenerArn"], 200, 100)
        self.elb = elb
        self.cloud.requests.clear()

    def router(self, fence: Fence = UNFENCED, stack: str = "shop/prod") -> AlbRouter:
        """That of another process."""
        return AlbRouter(self.elb, self.place, "checkout", fence, stack, self.cloud.patience)

    def rules(self) -> dict[str, Any]:
        """What stands there, by priority, but the default rule."""
        found = self.elb.describe_rules(ListenerArn=self.place.listener)["Rules"]
        return {one["Priority"]: one for one in found if one["Priority"] != "default"}

    def swing(self, weight: int) -> None:
        """Another writer changes the weight of the first group."""
        rule = self.rules()["200"]
        forward = rule["Actions"][0]["ForwardConfig"]
        forward["TargetGroups"][0]["Weight"] = weight
        actions = [{"Type": "forward", "ForwardConfig": {"TargetGroups": forward["TargetGroups"]}}]
        self.elb.modify_rule(RuleArn=rule["RuleArn"], Actions=actions)

    def goes_wrong(self, call: str, effect: Effect) -> None:
        """The next request of this name."""

        def wrong(request: AWSPreparedRequest) -> AWSResponse | None:
            if named(request) != call:
                self.cloud.before.append(wrong)
                return None
            return effect(request)

        self.cloud.before.append(wrong)


@pytest.fixture
def balancer() -> Iterator[Balancer]:
    made = Balancer()
    yield made
    elb = made.elb
    made.cloud.before.clear()
    arn = elb.describe_listeners(ListenerArns=[made.place.listener])["Listeners"][0]["LoadBalancerArn"]
    elb.delete_load_balancer(LoadBalancerArn=arn)
    for group in elb.describe_target_groups(Names=[OLD.entry, NEW.entry])["TargetGroups"]:
        elb.delete_target_group(TargetGroupArn=group["TargetGroupArn"])


def armed(writer: str = "r1") -> Fence:
    fence = Fence()
    fence.arm(writer)
    fence.note_renewal(fence.now(), 15)
    return fence


def live(router: AlbRouter) -> LiveRoute:
    found = router.read()
    assert found is not None
    return found


def test_weights_are_written_and_read_back_with_who_wrote_them(balancer: Balancer) -> None:
    router = balancer.router(armed())
    assert router.read() is None
    first = router.apply(PLAIN, Split.whole(OLD), None)
    second = router.apply(PLAIN, CANARY, first.version)
    assert (dict(first.shares), dict(second.shares)) == ({OLD.entry: 100.0}, {OLD.entry: 95.0, NEW.entry: 5.0})
    assert (second.writer, second.owner, second.managed, second.accepted) == ("r1", "shop/prod", True, True)
    assert second.settings_hash == router.settings_hash(PLAIN)
    assert second.settings == router.settings(PLAIN)
    assert live(balancer.router()) == second


def test_a_backend_at_zero_stands_in_the_rule(balancer: Balancer) -> None:
    found = balancer.router().apply(PLAIN, Split(((OLD, 100.0), (NEW, 0.0))), None)
    assert dict(found.shares) == {OLD.entry: 100.0, NEW.entry: 0.0}
    groups = balancer.rules()["200"]["Actions"][0]["ForwardConfig"]["TargetGroups"]
    assert [group["Weight"] for group in groups] == [999, 0]


def test_only_the_version_that_is_there_can_be_replaced(balancer: Balancer) -> None:
    router = balancer.router()
    with pytest.raises(Conflict):
        router.apply(PLAIN, CANARY, "7")
    first = router.apply(PLAIN, Split.whole(OLD), None)
    router.apply(PLAIN, CANARY, first.version)
    for stale in (first.version, None):
        with pytest.raises(Conflict, match="expected version"):
            router.apply(PLAIN, Split.whole(NEW), stale)
    assert dict(live(router).shares) == {OLD.entry: 95.0, NEW.entry: 5.0}


def test_a_weight_that_another_changed_before_the_write_is_a_conflict(balancer: Balancer) -> None:
    router = balancer.router()
    version = router.apply(PLAIN, CANARY, None).version
    balancer.swing(1)
    assert live(router).version != version
    with pytest.raises(Conflict, match="expected version"):
        router.apply(PLAIN, Split.whole(OLD), version)


def test_a_weight_that_another_changes_at_the_same_time_is_noticed_by_reading_back(balancer: Balancer) -> None:
    router = balancer.router()
    version = router.apply(PLAIN, CANARY, None).version

    def overwritten(request: AWSPreparedRequest) -> AWSResponse | None:
        answer = balancer.cloud.serve(request)
        balancer.swing(1)
        return answer

    balancer.goes_wrong("ModifyRule", overwritten)
    with pytest.raises(Conflict, match="another writer changed it at the same time"):
        router.apply(PLAIN, Split(((OLD, 50.0), (NEW, 50.0))), version)


@pytest.mark.parametrize("fault", ["lost answer", "500", "throttled", "timeout"])
@pytest.mark.parametrize("call", ["CreateRule", "ModifyRule", "AddTags"])
def test_a_write_that_goes_wrong_once_stands_in_the_end(balancer: Balancer, call: str, fault: str) -> None:
    version = None
    if call != "CreateRule":
        version = balancer.router(armed("r0")).apply(PLAIN, Split.whole(OLD), None).version
    effects = {
        "lost answer": unanswered(balancer.cloud),
        "500": answering_xml(500, "InternalFailure"),
        "throttled": answering_xml(400, "Throttling"),
        "timeout": failing(timeout()),
    }
    balancer.goes_wrong(call, effects[fault])
    found = balancer.router(armed("r1")).apply(PLAIN, CANARY, version)
    assert dict(found.shares) == {OLD.entry: 95.0, NEW.entry: 5.0}
    assert found.writer == "r1"
    assert list(balancer.rules()) == ["200"]


def test_a_call_that_failed_after_it_had_written_may_be_repeated_as_it_was(balancer: Balancer) -> None:
    router = balancer.router(armed())
    balancer.goes_wrong("ModifyRule", unanswered(balancer.cloud))
    version = router.apply(PLAIN, Split.whole(OLD), None).version
    router.apply(PLAIN, CANARY, version)
    assert dict(router.apply(PLAIN, CANARY, version).shares) == {OLD.entry: 95.0, NEW.entry: 5.0}
    with pytest.raises(Conflict):
        router.apply(PLAIN, Split.whole(NEW), version)


def test_a_claim_stamps_the_rule_and_makes_every_older_version_a_conflict(balancer: Balancer) -> None:
    before = balancer.router(armed("r1"), "shop/prod")
    assert before.claim() is None
    version = before.apply(PLAIN, CANARY, None).version
    claimed = balancer.router(armed("r2"), "store/prod").claim()
    assert claimed is not None
    assert (claimed.writer, claimed.owner, dict(claimed.shares)) == ("r2", "store/prod", dict(live(before).shares))
    assert claimed.version != version
    with pytest.raises(ClusterError, match=r"declared by the stack store/prod.*--to shop/prod"):
        before.apply(PLAIN, Split.whole(OLD), claimed.version)
    with pytest.raises(Conflict):
        balancer.router(armed("r1"), "store/prod").apply(PLAIN, Split.whole(OLD), version)


def test_nothing_is_written_without_the_right_to_write(balancer: Balancer) -> None:
    version = balancer.router(armed()).apply(PLAIN, CANARY, None).version
    fence = armed("r2")
    router = balancer.router(fence)
    fence.lose("another holds the Lease")
    balancer.cloud.requests.clear()
    for write in (lambda: router.apply(PLAIN, Split.whole(OLD), version), router.claim, router.delete):
        with pytest.raises(LeaseLost, match="another holds the Lease"):
            write()
    assert not set(balancer.cloud.requests) & set(WRITING)


def test_no_write_is_sent_again_when_the_right_to_write_has_gone(balancer: Balancer) -> None:
    fence = armed()
    version = balancer.router(fence).apply(PLAIN, Split.whole(OLD), None).version

    def lost(_: AWSPreparedRequest) -> AWSResponse | None:
        fence.lose("another holds the Lease")
        raise timeout()

    balancer.goes_wrong("ModifyRule", lost)
    balancer.cloud.requests.clear()
    with pytest.raises(LeaseLost):
        balancer.router(fence).apply(PLAIN, CANARY, version)
    assert balancer.cloud.requests.count("ModifyRule") == 1


def test_a_rule_that_slipway_did_not_make_is_left_alone(balancer: Balancer) -> None:
    balancer.elb.create_rule(
        ListenerArn=balancer.place.listener,
        Priority=200,
        Conditions=[{"Field": "path-pattern", "Values": ["/*"]}],
        Actions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503"}}],
    )
    router = balancer.router()
    found = live(router)
    assert (found.managed, dict(found.shares)) == (False, {})
    for write in (lambda: router.apply(PLAIN, CANARY, found.version), router.claim, router.delete):
        with pytest.raises(ClusterError, match="is not that of service checkout"):
            write()
    assert balancer.rules()["200"]["Actions"][0]["Type"] == "fixed-response"


def test_what_the_rule_does_besides_the_weights_is_drift(balancer: Balancer) -> None:
    router = balancer.router()
    router.apply(PLAIN, CANARY, None)
    rule = balancer.rules()["200"]
    balancer.elb.modify_rule(RuleArn=rule["RuleArn"], Conditions=[{"Field": "path-pattern", "Values": ["/x"]}])
    assert live(router).settings_hash != router.settings_hash(PLAIN)
    balancer.elb.modify_rule(
        RuleArn=rule["RuleArn"],
        Conditions=rule["Conditions"],
        Actions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503"}}],
    )
    assert live(router).settings_hash != router.settings_hash(PLAIN)


def test_a_preview_is_a_rule_of_its_own_that_comes_first_and_goes_last(balancer: Balancer) -> None:
    router = balancer.router()
    first = router.apply(PLAIN, PREVIEWED, None)
    assert list(balancer.rules()) == ["100", "200"]
    assert first.settings_hash == router.settings_hash(PLAIN, PREVIEWED.preview) != router.settings_hash(PLAIN)
    group = balancer.rules()["100"]["Actions"][0]["ForwardConfig"]["TargetGroups"]
    assert [one["TargetGroupArn"].split("/")[1] for one in group] == [NEW.entry]
    balancer.cloud.requests.clear()
    router.apply(PLAIN, CANARY, first.version)
    assert list(balancer.rules()) == ["200"]
    writes = [name for name in balancer.cloud.requests if name in WRITING]
    assert writes.index("ModifyRule") < writes.index("DeleteRule")


def test_no_preview_is_written_beside_a_route_that_has_changed(balancer: Balancer) -> None:
    balancer.router().apply(PLAIN, CANARY, None)
    with pytest.raises(Conflict):
        balancer.router().apply(PLAIN, PREVIEWED, "stale")
    assert list(balancer.rules()) == ["200"]


def test_a_target_group_that_is_not_there_is_named(balancer: Balancer) -> None:
    with pytest.raises(ClusterError, match=r"target groups .*gone.*check that it was created"):
        balancer.router().apply(PLAIN, Split.whole(backend("gone")), None)


def test_other_rules_with_the_same_host_and_path_are_rivals(balancer: Balancer) -> None:
    router = balancer.router()
    router.apply(PLAIN, PREVIEWED, None)
    assert router.rivals(PLAIN) == []
    own = balancer.rules()["200"]
    conditions = [{key: value for key, value in one.items() if key != "Values"} for one in own["Conditions"]]
    actions = [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503"}}]
    balancer.elb.create_rule(ListenerArn=balancer.place.listener, Priority=7, Conditions=conditions, Actions=actions)
    assert router.rivals(PLAIN) == ["rule 7"]


def test_deleting_removes_both_rules_and_may_be_repeated(balancer: Balancer) -> None:
    router = balancer.router()
    router.apply(PLAIN, PREVIEWED, None)
    balancer.goes_wrong("DeleteRule", unanswered(balancer.cloud))
    router.delete()
    router.delete()
    assert balancer.rules() == {}
    assert router.read() is None


def test_a_preview_that_would_never_be_reached_is_refused() -> None:
    with pytest.raises(ValueError, match="must be a lower number"):
        AlbRouter(Cloud().client("elbv2"), ListenerPlace("l", 100, 200), "checkout")
