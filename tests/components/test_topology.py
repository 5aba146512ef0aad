from __future__ import annotations

import dataclasses
from typing import Any

import pulumi
import pytest

from components import BlueGreen, Canary, Rolling, Topology, TopologyArgs, service
from components import Release as ReleaseResource
from slipway.release.declared import DeclaredRelease
from slipway.release.escalation.receivers import Secret
from slipway.release.manifest.release import Release
from slipway.release.migrations.databases import Database
from slipway.release.migrations.inputs import DeclaredMigration, MigrationsInputs
from slipway.release.release_inputs import GateSetting, ReleaseInputs
from slipway.release.revision import revision_of
from slipway.release.rollout_inputs import MetricsSource, RolloutInputs
from slipway.release.run_setting import RunSetting
from slipway.release.strategy import chosen
from slipway.release.target import KubernetesTarget
from tests.components.recorder import declare
from tests.manifests import OTHER_DIGEST, STRATEGIES, release

METRICS = MetricsSource(kind="prometheus", url="http://prometheus.example:9090")
OTHER_IMAGE = f"registry.example/checkout@{OTHER_DIGEST}"
TOKENS = {"canary": "slipway:index:Canary", "blue-green": "slipway:index:BlueGreen", "rolling": "slipway:index:Rolling"}
WORKLOAD, ROLLOUT = "slipway:index:VersionedWorkload", "slipway:index:Rollout"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"

MIGRATED = MigrationsInputs(
    service="checkout",
    version="1.0.0",
    revision="a" * 20,
    folder="releases/checkout",
    database=Database(kind="postgresql", url=Secret(env="DATABASE_URL")),
    migrations=(DeclaredMigration(id="0042", phase="expand", up="42.sql", up_sha256="0" * 64),),
)


def arguments(candidate: Release, standby: Release | None = None) -> TopologyArgs:
    return TopologyArgs(
        release=candidate,
        standby=standby,
        target=KubernetesTarget(namespace="shop"),
        metrics=METRICS,
        manifest="releases/checkout/1.yaml",
        gateway_url="http://gateway.example",
    )


@pytest.mark.parametrize("kind", STRATEGIES)
def test_the_strategy_of_the_release_chooses_the_component(kind: str) -> None:
    record = declare(lambda: service(arguments(release(strategy=STRATEGIES[kind]))) and None)
    assert [(each.type, each.name) for each in record if each.type in TOKENS.values()] == [(TOKENS[kind], "checkout")]


@pytest.mark.parametrize("kind", STRATEGIES)
def test_each_component_is_known_by_the_tokens_of_the_others(kind: str) -> None:
    record = declare(lambda: service(arguments(release(strategy=STRATEGIES[kind]))) and None)
    assert record.one(TOKENS[kind]).aliases == set(TOKENS.values()) - {TOKENS[kind]}


def test_the_caller_s_own_options_are_kept() -> None:
    options = pulumi.ResourceOptions(aliases=[pulumi.Alias(type_="shop:index:Service")])
    record = declare(lambda: Canary("checkout", arguments(release()), options) and None)
    assert record.one(TOKENS["canary"]).aliases == {*TOKENS.values(), "shop:index:Service"} - {TOKENS["canary"]}


def test_the_rollout_comes_after_every_object_of_the_workloads() -> None:
    old = release(version="0.9.0", artifact__image=OTHER_IMAGE)
    record = declare(lambda: Canary("checkout", arguments(release(), old)) and None)
    objects = {each.urn for each in record if each.type.startswith("kubernetes:")}
    assert len(objects) == 6
    assert objects <= record.one(ROLLOUT).depends_on


def test_the_component_and_its_rollout_come_after_the_release_and_what_is_below_waits_for_the_component() -> None:
    def program() -> None:
        inputs = ReleaseInputs.of(
            DeclaredRelease(release(), "releases/checkout/1.yaml", "0" * 64),
            KubernetesTarget(namespace="shop"),
            GateSetting(),
        )
        gate = ReleaseResource("checkout", inputs)
        Canary("checkout", dataclasses.replace(arguments(release()), gate=gate))

    record = declare(program)
    gate = record.one("slipway:index:Release")
    component = record.one(TOKENS["canary"])
    assert gate.urn in component.depends_on
    assert gate.urn in record.one(ROLLOUT).depends_on
    assert record.one(WORKLOAD).parent == component.urn
    assert gate.properties["revision"] == revision_of(release())
    assert record.index(gate) < record.index(component)


def test_workloads_are_children_named_by_their_revision() -> None:
    new, old = release(), release(version="0.9.0", artifact__image=OTHER_IMAGE)
    record = declare(lambda: Canary("checkout", arguments(new, old)) and None)
    parent = record.one(TOKENS["canary"]).urn
    workloads = record.all(WORKLOAD)
    assert {each.name for each in workloads} == {f"checkout-{revision_of(each)}" for each in (new, old)}
    assert {each.parent for each in workloads} == {parent}
    assert record.one(ROLLOUT).parent == parent


def test_the_standby_keeps_the_settings_of_its_own_release() -> None:
    old = release(version="0.9.0", strategy=STRATEGIES["rolling"], workload__env={"LOG": "old"})
    record = declare(lambda: Canary("checkout", arguments(release(), old)) and None)
    deployment = record.one(DEPLOYMENT, f"checkout-{revision_of(old)}").properties["spec"]
    assert "replicas" not in deployment, "a rolling release's replicas are the Rollout's"
    assert deployment["template"]["spec"]["containers"][0]["env"] == [{"name": "LOG", "value": "old"}]
    assert record.one(DEPLOYMENT, f"checkout-{revision_of(release())}").properties["spec"]["replicas"] == 3


def test_without_a_standby_there_is_one_workload() -> None:
    record = declare(lambda: Canary("checkout", arguments(release())) and None)
    assert len(record.all(WORKLOAD)) == 1
    assert "standby" not in record.one(ROLLOUT).properties


@pytest.mark.parametrize("kind", STRATEGIES)
def test_the_rollout_gets_what_the_contract_says(kind: str) -> None:
    new, old = release(strategy=STRATEGIES[kind]), release(version="0.9.0", artifact__image=OTHER_IMAGE)
    record = declare(lambda: service(arguments(new, old)) and None)
    inputs = RolloutInputs.model_validate(record.one(ROLLOUT).properties)
    assert inputs.candidate.revision == revision_of(new)
    assert inputs.candidate.scaled_by_rollout == (kind == "rolling")
    assert inputs.standby is not None
    assert inputs.standby.revision == revision_of(old)
    assert inputs.strategy == new.strategy
    assert inputs.guardrails == new.guardrails
    assert (inputs.namespace, inputs.gateway_url) == ("shop", "http://gateway.example")


def test_the_rollout_s_outputs_are_the_provider_s() -> None:
    seen: list[Any] = []

    def program() -> pulumi.Output[None]:
        component = Canary("checkout", arguments(release()))
        return pulumi.Output.all(component.rollout.weights, component.rollout.outcome).apply(seen.extend)

    declare(program, {ROLLOUT: {"weights": {"checkout-1": 100.0}, "outcome": {"result": "completed"}}})
    assert seen == [{"checkout-1": 100.0}, {"result": "completed"}]


@pytest.mark.parametrize(("component", "kind"), [(Canary, "rolling"), (BlueGreen, "canary"), (Rolling, "blue-green")])
def test_a_component_refuses_a_strategy_that_is_not_its_own(component: type[Topology], kind: str) -> None:
    with pytest.raises(ValueError, match=f"cannot carry out strategy.kind {kind}"):
        declare(lambda: component("checkout", arguments(release(strategy=STRATEGIES[kind]))) and None)


def test_auto_is_resolved_before_anything_is_declared() -> None:
    declared = release(strategy={"kind": "auto"})
    record = declare(lambda: service(arguments(declared)) and None)
    strategy = chosen(declared)
    assert record.one(ROLLOUT).properties["strategy"]["kind"] == strategy.kind
    assert [each.type for each in record if each.type in TOKENS.values()] == [TOKENS[strategy.kind]]


def test_a_standby_of_the_same_revision_is_refused() -> None:
    with pytest.raises(ValueError, match="same revision"):
        declare(lambda: Canary("checkout", arguments(release(), release(version="0.9.0"))) and None)


def test_migrations_are_applied_behind_the_gate_and_before_anything_of_the_service() -> None:
    def program() -> None:
        declared = DeclaredRelease(release(), "releases/checkout/1.yaml", "0" * 64)
        gate = ReleaseResource(
            "checkout", ReleaseInputs.of(declared, KubernetesTarget(namespace="shop"), GateSetting())
        )
        Canary("checkout", dataclasses.replace(arguments(release()), gate=gate, migrations=MIGRATED))

    record = declare(program)
    gate, migrations = record.one("slipway:index:Release"), record.one("slipway:index:Migrations")
    component = record.one(TOKENS["canary"])
    assert migrations.depends_on == {gate.urn}
    assert {gate.urn, migrations.urn} <= component.depends_on
    assert migrations.urn in record.one(ROLLOUT).depends_on
    assert record.one(WORKLOAD).parent == component.urn
    assert migrations.properties["migrations"][0]["id"] == "0042"


def test_a_watched_release_declares_a_job_that_waits_for_the_rollout() -> None:
    watched = release(watch={"for": "1h", "guardrails": [{"name": "slo", "kind": "slo", "objective": "1%"}]})
    image = f"registry.example/slipway@{OTHER_DIGEST}"
    run = RunSetting.model_validate({"in": "cluster", "image": image})
    record = declare(lambda: service(dataclasses.replace(arguments(watched), run=run)) and None)
    job = record.one("kubernetes:batch/v1:Job")
    assert record.one(ROLLOUT).urn in job.depends_on
    revision = revision_of(watched)
    assert job.properties["metadata"]["name"] == f"slipway-watch-checkout-{revision}"
    (container,) = job.properties["spec"]["template"]["spec"]["containers"]
    assert (container["image"], container["args"]) == (image, ["--watch", "checkout", "shop"])
    assert "slipway.dev/service" not in job.properties["spec"]["template"]["metadata"]["labels"]


def test_a_watch_on_a_host_declares_no_job() -> None:
    watched = release(watch={"for": "1h", "guardrails": [{"name": "slo", "kind": "slo", "objective": "1%"}]})
    record = declare(lambda: service(arguments(watched)) and None)
    assert record.all("kubernetes:batch/v1:Job") == []
