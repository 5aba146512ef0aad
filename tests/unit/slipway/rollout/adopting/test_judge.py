"""What stands in the way of an adoption, and what the manifest says where nothing does."""

from __future__ import annotations

from typing import Any

import pytest

from slipway.rollout.adopting.judge import judge
from tests.unit.slipway.rollout.adopting import world
from tests.unit.slipway.rollout.adopting.world import IMAGE, Json, autoscaler, live, route, rule


def told(**parts: Any) -> list[tuple[str, str]]:
    judged = judge(live(**parts))
    assert (judged.found is None) is bool(judged.obstacles)
    return [(one.code, one.message) for one in judged.obstacles]


def changed(found: Json, path: str, value: Any) -> Json:
    *steps, last = path.split("/")
    here: Any = found
    for step in steps:
        here = here[int(step)] if step.isdigit() else here[step]
    here[int(last) if last.isdigit() else last] = value
    return found


def managed(manager: str) -> Json:
    return changed(route(), "metadata/managedFields", [{"manager": manager, "fieldsV1": {"f:spec": {}}}])


def test_a_plain_service_is_found_with_image_port_probe_and_route() -> None:
    judged = judge(live())
    assert judged.obstacles == ()
    found = judged.found
    assert found is not None
    assert (found.image, found.port, found.replicas, found.readiness) == (IMAGE, 80, 3, "/ready")
    assert (found.external.deployment, found.external.service, found.external.autoscaler) == (
        "checkout",
        "checkout",
        None,
    )
    assert found.route == {
        "gateway": {"namespace": "edge", "name": "public"}, "hostnames": ["checkout.example"], "timeout": 5.0
    }  # fmt: skip


@pytest.mark.parametrize(
    ("meta", "who"),
    [
        ({"annotations": {"argocd.argoproj.io/tracking-id": "shop:x"}}, "Argo CD"),
        ({"labels": {"kustomize.toolkit.fluxcd.io/name": "shop"}}, "Flux"),
        ({"annotations": {"meta.helm.sh/release-name": "shop"}}, "Helm"),
        ({"ownerReferences": [{"kind": "Canary", "name": "checkout"}]}, "Canary checkout"),
    ],
    ids=["argo-cd", "flux", "helm", "owned"],
)
def test_a_route_that_a_controller_marks_as_its_own_has_a_second_writer(meta: Json, who: str) -> None:
    found = route()
    found["metadata"] |= meta
    ((code, message),) = told(route=found)
    assert code == "writer"
    assert who in message


@pytest.mark.parametrize("manager", ["argocd-controller", "helm", "flagger", "kustomize-controller"])
def test_a_field_manager_that_comes_again_is_a_second_writer(manager: str) -> None:
    ((code, message),) = told(route=managed(manager))
    assert code == "writer"
    assert manager in message


def test_a_route_that_kubectl_applied_needs_the_word_that_it_is_not_applied_again() -> None:
    found = live(route=managed("kubectl-client-side-apply"))
    assert [one.code for one in judge(found).obstacles] == ["writer"]
    assert judge(found, applied=True).found is not None


def test_that_word_does_not_help_against_a_controller() -> None:
    assert judge(live(route=managed("argocd-controller")), applied=True).found is None


def test_a_change_by_hand_is_no_writer() -> None:
    assert told(route=managed("kubectl-edit")) == []


def test_argo_rollouts_and_flagger_are_named_with_their_object() -> None:
    argo = {"metadata": {"name": "checkout-ro"}, "spec": {"workloadRef": {"name": "checkout"}}}
    flagger = {"metadata": {"name": "checkout"}, "spec": {"targetRef": {"name": "checkout"}}}
    assert [code for code, _ in told(rollouts=[argo], canaries=[flagger])] == ["controller", "controller"]
    elsewhere = {"metadata": {"name": "cart"}, "spec": {"workloadRef": {"name": "cart"}}}
    assert told(rollouts=[elsewhere]) == []


@pytest.mark.parametrize(
    ("spec", "what"),
    [
        ({"rules": rule(filters=[{"type": "ExternalAuth", "externalAuth": {}}])}, "spec.rules[0].filters[0].type"),
        ({"rules": rule(sessionPersistence={"type": "Cookie"})}, "sessionPersistence keeps clients on one side"),
        ({"rules": rule(soon={"x": 1})}, "spec.rules[0].soon cannot be kept: a manifest has no such field"),
        ({"rules": [*rule(), *rule(backendRefs=[{"name": "checkout", "port": 81}])]}, "the ports 80, 81"),
        ({"rules": rule(backendRefs=[{"name": "a", "port": 80}, {"name": "b", "port": 80}])}, "no rule of spec.rules"),
        (
            {"rules": rule(backendRefs=[{"name": "checkout", "port": 80, "weight": 999}, {"name": "b", "port": 80}])},
            "too far apart",
        ),
        (
            {"rules": rule(filters=[{"type": "RequestMirror", "requestMirror": {"backendRef": {"name": "checkout"}}}])},
            "copies requests to the Service checkout itself",
        ),
        ({"useDefaultGateways": "All"}, "spec.useDefaultGateways cannot be kept"),
        ({"parentRefs": [{"name": "a"}, {"name": "b"}]}, "2 parents"),
        ({"hostnames": []}, "hostnames is empty"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_a_manifest_cannot_say_of_the_route_is_refused_with_its_place(spec: Json, what: str) -> None:
    problems = told(route=route(**spec))
    assert {code for code, _ in problems} <= {"route", "gateway", "container"}
    assert any(what.lower() in message.lower() for code, message in problems if code == "route"), problems


def test_several_rules_filters_and_other_backends_are_what_the_manifest_says() -> None:
    legacy = {"group": "", "kind": "Service", "name": "legacy", "port": 80, "weight": 10}
    own = {**rule()[0]["backendRefs"][0], "weight": 90}
    cors = {"type": "CORS", "cors": {"allowOrigins": ["*"], "maxAge": 5}}
    judged = judge(live(route=route(rules=[*rule(backendRefs=[own, legacy], filters=[cors]), *rule()])))
    assert (judged.obstacles, judged.notes) == (
        (), ("spec.rules[0] sends to legacy too: that keeps its weight, and releases share the rest",)
    )  # fmt: skip
    assert judged.found is not None
    assert judged.found.route["rules"] == [
        {
            "filters": [{"type": "CORS", "cors": {"allowOrigins": ["*"]}}],
            "backendRefs": [{"weight": 90}, {"name": "legacy", "port": 80, "weight": 10}],
            "timeouts": {"request": "5s"},
        },
        {"timeouts": {"request": "5s"}},
    ]


def test_a_service_that_another_route_names_too_is_refused() -> None:
    other = changed(changed(route(hostnames=["else.example"]), "metadata/name", "else"), "metadata/labels", {})
    ((code, message),) = told(routes=[route(), other])
    assert (code, "the route else sends to the Service checkout too" in message) == ("elsewhere", True)
    assert told(routes=[route(), changed(other, "spec/rules/0/backendRefs/0/namespace", "billing")]) == []


def test_a_route_that_the_gateway_did_not_accept_is_refused() -> None:
    found = changed(route(), "status/parents/0/conditions/0/status", "False")
    assert [code for code, _ in told(route=found)] == ["gateway"]


def test_another_route_with_the_same_match_is_a_rival() -> None:
    other = changed(route(), "metadata/name", "checkout-old")
    rival, elsewhere = told(routes=[route(), other])
    assert (rival[0], "checkout-old" in rival[1], elsewhere[0]) == ("rival", True, "elsewhere")


def test_a_service_that_would_select_our_pods_is_refused() -> None:
    own = {"app.kubernetes.io/name": "checkout"}
    found = changed(world.deployment(), "spec/template/metadata/labels", {**own, "app": "checkout"})
    ((code, message),) = told(service=changed(world.service(), "spec/selector", own), deployment=found)
    assert (code, "every release of Slipway" in message) == ("selector", True)


def test_a_service_of_other_pods_is_refused() -> None:
    ((code, _),) = told(service=changed(world.service(), "spec/selector", {"app": "cart"}))
    assert code == "selector"


@pytest.mark.parametrize(
    ("selector", "refused"),
    [
        ({"matchLabels": {"app.kubernetes.io/name": "checkout"}}, True),
        ({}, True),
        ({"matchExpressions": [{"key": "slipway.dev/service", "operator": "Exists"}]}, True),
        ({"matchLabels": {"app": "checkout"}}, False),
    ],
    ids=["label", "everything", "expression", "own"],
)
def test_a_budget_that_would_count_our_pods_is_refused(selector: Json, refused: bool) -> None:
    found = told(budgets=[{"metadata": {"name": "pdb"}, "spec": {"selector": selector}}])
    assert [code for code, _ in found] == (["budget"] if refused else [])


def test_an_autoscaler_goes_into_the_manifest_with_its_bounds_instead_of_the_replicas() -> None:
    found = judge(live(autoscalers=[autoscaler("web")])).found
    assert found is not None
    scaler = found.external.autoscaler
    assert scaler is not None
    assert (scaler.name, scaler.minimum, scaler.maximum, found.replicas) == ("web", 3, 9, None)


def test_two_autoscalers_or_one_that_may_take_everything_away_are_refused() -> None:
    assert [code for code, _ in told(autoscalers=[autoscaler("a"), autoscaler("b")])] == ["autoscaler"]
    assert [code for code, _ in told(autoscalers=[autoscaler(minReplicas=0)])] == ["autoscaler"]
    paused = autoscaler(minReplicaCount=1)
    paused["metadata"]["annotations"] = {"autoscaling.keda.sh/paused-replicas": "0"}
    assert [code for code, _ in told(scaled_objects=[paused])] == ["autoscaler"]


def test_the_autoscaler_that_keda_makes_is_not_a_second_one() -> None:
    made = autoscaler("keda-hpa-web")
    made["metadata"]["ownerReferences"] = [{"kind": "ScaledObject", "name": "web"}]
    assert told(autoscalers=[made], scaled_objects=[autoscaler("web", minReplicaCount=2)]) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("status/readyReplicas", 2),
        ("status/updatedReplicas", 1),
        ("status/observedGeneration", 3),
        ("spec/paused", True),
    ],
)
def test_a_workload_that_is_not_at_rest_is_refused(path: str, value: object) -> None:
    assert {code for code, _ in told(deployment=changed(world.deployment(), path, value))} == {"workload"}


def test_a_container_without_a_readiness_probe_is_refused() -> None:
    found = changed(world.deployment(), "spec/template/spec/containers/0/readinessProbe", None)
    assert [code for code, _ in told(deployment=found)] == ["probe"]


def pod(image_id: str) -> Json:
    return {"metadata": {"name": "p"}, "status": {"containerStatuses": [{"name": "app", "imageID": image_id}]}}


@pytest.mark.parametrize(
    ("ids", "fine"),
    [
        ([f"registry.example/checkout@{DIGEST}" for DIGEST in [world.DIGEST] * 2], True),
        ([f"x@{world.DIGEST}", f"x@sha256:{'d' * 64}"], False),
        ([world.DIGEST], False),
        ([], False),
    ],
    ids=["one", "two", "local", "none"],
)
def test_a_tag_counts_only_where_every_pod_runs_the_same_digest(ids: list[str], fine: bool) -> None:
    tagged = changed(world.deployment(), "spec/template/spec/containers/0/image", "registry.example/checkout:v7")
    judged = judge(live(deployment=tagged, pods=[pod(one) for one in ids]))
    assert [one.code for one in judged.obstacles] == ([] if fine else ["image"])
    assert any("by a tag" in note for note in judged.notes)
    assert judged.found is None or judged.found.image == IMAGE


def test_a_name_that_no_service_may_have_is_refused() -> None:
    assert [code for code, _ in told(route=changed(route(), "metadata/name", "Shop.v1"))] == ["name"]


def test_everything_is_told_at_once() -> None:
    codes = [code for code, _ in told(route=managed("helm"), autoscalers=[autoscaler("a"), autoscaler("b")])]
    assert codes == ["writer", "autoscaler"]
