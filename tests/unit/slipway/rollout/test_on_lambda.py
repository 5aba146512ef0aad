"""A Rollout of a function runs by the same executor as every other, through the platform that the target names."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import Any

import pytest

from slipway.release.aws_rights import actions, policy_of
from slipway.release.errors import ReleaseRefused, RolloutAborted
from slipway.release.records.journal import read_head
from slipway.release.revision import entry_name
from slipway.release.rollout_inputs import Backend, RolloutInputs
from slipway.release.target import LambdaTarget
from slipway.rollout import operations
from slipway.rollout.adapters import Adapters
from slipway.rollout.assemble import connect_adapters, services_in
from slipway.rollout.update import Update
from tests.unit.slipway.rollout.cloud import REGION
from tests.unit.slipway.rollout.examples import backend, wanted
from tests.unit.slipway.rollout.functions import ALIAS, FunctionCloud
from tests.unit.slipway.rollout.simulation import Cancelled, Clock, Lines, Traffic
from tests.unit.slipway.rollout.test_on_ecs import NoGuard

FIRST, SECOND = "aaaaaaaa", "bbbbbbbb"
BLUE_GREEN: dict[str, Any] = {
    "kind": "blue-green",
    "preview": {"header": {"name": "x-preview", "value": "1"}},
    "smoke": [{"path": "/healthz?deep=1", "contains": "fine"}],
    "bake": "4s",
}
SELDOM = {
    "BatchWriteItem": "old records are condensed",
    "DeleteFunction": "more versions than are kept",
    "DeleteAlias": "a Rollout is destroyed",
    "DeleteItem": "an intent is taken, a Lease let go",
    "InvokeFunction": "smoke checks",
    "ListTags": "GetFunction tells the tags to those who may list them",
    "GetFunctionUrlConfig": "the check of a first release",
    "ListEventSourceMappings": "the same",
    "GetMetricData": "metrics from CloudWatch",
}
"""Not called by every rollout, and when."""


class OnLambda:
    """A function and a table of their own. The function has the name of the service unless it is given one."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, function: str | None = None) -> None:
        self.service = f"c{secrets.token_hex(4)}"
        self.function = function or self.service
        self.cloud = FunctionCloud(self.function, self.service)
        self.cloud.create_table()
        self.clock, self.lines = Clock(), Lines()
        account, aliases = "123456789012", {self.service: f"{self.function}:{ALIAS}"}
        self.target = LambdaTarget(
            kind="lambda", region=REGION, account=account, table=self.cloud.name, aliases=aliases
        )
        connect = "slipway.rollout.sites.functions.connect"
        monkeypatch.setattr(connect, lambda name, region: self.cloud.client(name))
        monkeypatch.setattr("slipway.rollout.update.guards", lambda: NoGuard)
        self.traffic: Traffic | None = None
        self.traffic = Traffic(self.clock, self.world().router)

    def world(self) -> Adapters:
        """As another process connects to it."""
        made = connect_adapters(self.service, self.target, None, "shop/prod")
        return replace(made, source=self.traffic, now=self.clock.now, pause=self.clock.advance)

    def backend(self, revision: str) -> Backend:
        """One of this function."""
        entry = entry_name(self.service, revision, self.target)
        changes = {"platform": "lambda", "workload": f"{self.service}-{revision}", "entry": entry, "replicas": 1}
        return backend(revision).model_copy(update=changes)

    def wanted(self, revision: str, **changes: Any) -> RolloutInputs:
        """The inputs of its Rollout."""
        route = {"hostnames": ["checkout.example"]}
        here = {"namespace": None, "target": self.target, "service": self.service, "route": route}
        return wanted(**{**here, "candidate": self.backend(revision), **changes})

    def release(self, revision: str, **changes: Any) -> dict[str, Any]:
        """What `pulumi up` does: publish a version, then roll it out."""
        self.cloud.publish(revision, self.backend(revision).image)
        return Update(self.wanted(revision, **changes), self.world(), {}, self.lines, Cancelled(self.clock)).run()

    @property
    def alias(self) -> str:
        """The version that users get."""
        found = self.cloud.aliases[ALIAS]
        assert found["RoutingConfig"] == {"AdditionalVersionWeights": {}}
        return str(found["FunctionVersion"])


@pytest.fixture
def functions(monkeypatch: pytest.MonkeyPatch) -> OnLambda:
    return OnLambda(monkeypatch)


def test_a_first_release_makes_the_alias(functions: OnLambda) -> None:
    assert services_in(functions.target) == []
    outputs = functions.release(FIRST)
    assert outputs["weights"] == {f"{functions.service}-{FIRST}": 100.0}
    assert (functions.alias, services_in(functions.target)) == ("1", [functions.service])


def test_two_stages_of_one_account_have_functions_of_their_own_names(monkeypatch: pytest.MonkeyPatch) -> None:
    staging = OnLambda(monkeypatch, "checkout-staging")
    assert staging.release(FIRST)["weights"] == {f"checkout-staging-{FIRST}": 100.0}
    assert staging.release(SECOND)["weights"] == {f"checkout-staging-{SECOND}": 100.0}
    arn = f"arn:aws:lambda:{REGION}:123456789012:function:checkout-staging"
    assert arn in policy_of(staging.target)["Statement"][1]["Resource"]


@pytest.mark.parametrize("known_by", ["its tags", "its alias alone"])
def test_a_function_of_another_stack_is_refused_before_the_first_release(functions: OnLambda, known_by: str) -> None:
    wanted = functions.wanted(FIRST)
    functions.release(FIRST)
    functions.cloud.tags = {"slipway.dev/stack": "shop/prod"} if known_by == "its tags" else {}
    elsewhere = functions.target.model_copy(update={"table": f"{functions.cloud.name}-2"})
    functions.cloud.create_table(elsewhere.table)
    assert operations.refusal_reason(wanted, connect_adapters(functions.service, elsewhere, None, "shop/prod")) is None
    refused = operations.refusal_reason(wanted, connect_adapters(functions.service, elsewhere, None, "shop/staging"))
    assert refused is not None
    assert f"the function {functions.service} is declared by the stack shop/prod" in refused
    assert "releases:target.aliases" in refused


def test_a_stack_that_was_given_the_service_may_release_the_function_that_another_declared(
    functions: OnLambda,
) -> None:
    functions.release(FIRST)
    functions.cloud.tags = {"slipway.dev/stack": "shop/other"}
    assert operations.refusal_reason(functions.wanted(SECOND), functions.world()) is None


def test_a_healthy_canary_moves_the_alias_by_its_steps(functions: OnLambda) -> None:
    functions.release(FIRST)
    assert functions.release(SECOND)["outcome"]["result"] == "committed"
    assert functions.alias == "2"
    stored = functions.world().journal.load()
    assert stored is not None
    attempt = read_head(stored.content).attempt
    assert attempt is not None
    assert [step.weight for step in attempt.steps] == [25.0, 100.0]


def test_a_faulty_canary_is_put_back_and_its_revision_refused(functions: OnLambda) -> None:
    functions.release(FIRST)
    assert functions.traffic is not None
    functions.traffic.bad[f"{functions.service}-{SECOND}"] = 0.3
    with pytest.raises(RolloutAborted):
        functions.release(SECOND)
    assert dict(functions.cloud.router().read().shares) == {  # type: ignore[union-attr]
        f"{functions.service}-{FIRST}": 100.0
    }
    assert operations.refusal_reason(functions.wanted(SECOND), functions.world()) is not None


def test_a_rollback_leads_to_the_version_that_served_before(functions: OnLambda) -> None:
    functions.release(FIRST)
    functions.release(SECOND)
    functions.release(FIRST)  # the function changes back, which publishes a third version of the first revision
    assert functions.alias == "1"


def test_a_version_that_cannot_start_gets_no_traffic(functions: OnLambda) -> None:
    functions.release(FIRST)
    failed = {"State": "Failed", "StateReasonCode": "ImageAccessDenied", "StateReason": "no right to pull"}
    functions.cloud.publish(SECOND, functions.backend(SECOND).image, **failed)
    with pytest.raises(RolloutAborted, match="ImageAccessDenied: no right to pull"):
        functions.release(SECOND)
    assert functions.alias == "1"


def test_a_version_of_another_image_gets_no_traffic(functions: OnLambda) -> None:
    functions.release(FIRST)
    functions.cloud.publish(SECOND, "registry.example/checkout@sha256:other")
    with pytest.raises(RolloutAborted, match="was not published by this program"):
        functions.release(SECOND, candidate=functions.backend(SECOND).model_copy(update={"ready_within": 5.0}))
    assert functions.alias == "1"


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ({"statusCode": 500, "body": "fine"}, "answered 500, wanted 200"),
        ({"statusCode": 200, "body": "bad"}, "does not contain 'fine'"),
        ({"errorMessage": "boom", "FunctionError": "Unhandled"}, "failed in the function"),
        ({"hello": 1}, "no answer with a statusCode"),
    ],
)
def test_a_version_that_fails_its_smoke_check_gets_no_traffic(
    functions: OnLambda, answer: dict[str, Any], problem: str
) -> None:
    functions.release(FIRST)
    functions.cloud.answers = lambda number, event: dict(answer)
    with pytest.raises(RolloutAborted, match=problem):
        functions.release(SECOND, strategy=BLUE_GREEN)
    assert functions.alias == "1"


def test_the_version_itself_is_asked_before_a_switch(functions: OnLambda) -> None:
    functions.release(FIRST)
    asked: list[tuple[str, str, str]] = []

    def answer(number: str, event: dict[str, Any]) -> dict[str, Any]:
        asked.append((number, event["rawPath"], event["rawQueryString"]))
        return {"statusCode": 200, "body": "all fine"}

    functions.cloud.answers = answer
    functions.release(SECOND, strategy=BLUE_GREEN)
    assert (asked, functions.alias) == ([("2", "/healthz", "deep=1")], "2")


def test_old_versions_are_deleted_but_for_the_standby_and_the_newest(functions: OnLambda) -> None:
    functions.cloud.publish("", "registry.example/x", description="by hand")
    functions.release(FIRST)
    for number in range(4):
        functions.release(f"{number}" * 8, standby=functions.backend(FIRST))
    assert sorted(functions.cloud.versions) == ["1", "2", "4", "5", "6"]


def test_attempts_that_failed_take_the_place_of_no_version_that_served(functions: OnLambda) -> None:
    functions.release(FIRST)
    functions.release(SECOND)
    assert functions.traffic is not None
    for number in range(4):
        functions.traffic.bad[f"{functions.service}-{str(number) * 8}"] = 0.3
        with pytest.raises(RolloutAborted):
            functions.release(f"{number}" * 8)
    functions.release("c" * 8)
    assert sorted(functions.cloud.versions) == ["1", "2", "7"]


def test_a_rollback_leads_to_the_version_that_runs_where_the_one_that_served_sleeps(functions: OnLambda) -> None:
    functions.release(FIRST)
    functions.release(SECOND)
    functions.cloud.versions["1"]["Configuration"]["State"] = "Inactive"
    functions.release(FIRST)
    assert functions.alias == "3"


def test_another_alias_is_refused_while_users_invoke_this_one(functions: OnLambda) -> None:
    functions.release(FIRST)
    moved = functions.target.model_copy(update={"aliases": {functions.service: "other"}})
    old = functions.wanted(FIRST).to_wire()
    with pytest.raises(ReleaseRefused, match=r"users invoke live"):
        operations.difference(old, functions.wanted(FIRST, target=moved), functions.world())


def test_the_plan_says_what_an_update_of_the_function_means(functions: OnLambda) -> None:
    functions.release(FIRST)
    lines = operations.forecast(functions.wanted(SECOND), functions.world(), {})
    assert any("which no user invokes" in line for line in lines)


def test_what_rollouts_call_is_allowed_and_nothing_else(functions: OnLambda) -> None:
    functions.cloud.requests.clear()
    functions.release(FIRST)
    functions.release(SECOND)
    called = set(functions.cloud.requests)
    allowed = {action.partition(":")[2] for action in actions(policy_of(functions.target))}
    assert called <= allowed
    assert allowed - SELDOM.keys() <= called
