"""Resources that a program declares beside its releases: complete ones, and the same with one defect each."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.policies.releases.scene import UNKNOWN

IMAGE = "registry.example/extra@sha256:" + "c" * 64
TAGGED = "registry.example/extra:1.0"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
BUDGET = "kubernetes:policy/v1:PodDisruptionBudget"
RULES = "kubernetes:monitoring.coreos.com/v1:PrometheusRule"
GROUP = "slipway:index:RuleGroup"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
COMPOSITE = "aws:cloudwatch/compositeAlarm:CompositeAlarm"
ROUTE = "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute"
TASK = "aws:ecs/taskDefinition:TaskDefinition"
ECS_SERVICE = "aws:ecs/service:Service"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
BUCKET_ACL = "aws:s3/bucketAcl:BucketAcl"
AUTOSCALER = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler"
SERVICE = "kubernetes:core/v1:Service"
FLAGS = "slipway:index:FlagSet"
CONFIG_MAP = "kubernetes:core/v1:ConfigMap"

Props = dict[str, Any]


def deployment(app: str = "extra") -> Props:
    """A Deployment of the platform about which nothing is wrong."""
    container = {
        "name": "extra",
        "image": IMAGE,
        "readinessProbe": {"httpGet": {"path": "/", "port": 80}},
        "resources": {"requests": {"cpu": "1m", "memory": "1Mi"}, "limits": {"memory": "1Mi"}},
    }
    template = {"metadata": {"labels": {"app": app}}, "spec": {"containers": [container]}}
    return {"metadata": {"name": "extra", "namespace": "shop"}, "spec": {"replicas": 2, "template": template}}


def budget(app: str = "extra") -> Props:
    """Its disruption budget."""
    spec = {"maxUnavailable": 1, "selector": {"matchLabels": {"app": app}}}
    return {"metadata": {"name": "extra", "namespace": "shop"}, "spec": spec}


def alert(**rule: Any) -> Props:
    """A PrometheusRule with one alert that somebody can act on."""
    complete = {
        "alert": "Burning",
        "expr": "burn > 1",
        "labels": {"owner": "payments", "severity": "page", "service": "checkout", "slo": "availability"},
        "annotations": {
            "summary": "s",
            "runbook_url": "https://runbooks.example",
            "dashboard_url": "https://d.example",
        },
    }
    return {"spec": {"groups": [{"name": "slo", "rules": [complete | rule]}]}}


def alarm(**changes: Any) -> Props:
    """A CloudWatch alarm that somebody can act on."""
    tags = dict.fromkeys(("owner", "service", "slo", "runbook", "dashboard"), "x") | {"severity": "page"}
    complete = {
        "alarmDescription": "the budget burns",
        "alarmActions": ["arn:aws:sns:eu-central-1:000000000000:oncall"],
        "treatMissingData": "breaching",
        "tags": tags,
    }
    return {key: value for key, value in (complete | changes).items() if value is not None}


def route(*backends: Props) -> Props:
    """An HTTPRoute of the platform."""
    return {"metadata": {"name": "extra"}, "spec": {"rules": [{"backendRefs": list(backends)}]}}


def task(image: str) -> Props:
    """An ECS task."""
    return {"family": "extra", "containerDefinitions": json.dumps([{"name": "extra", "image": image}])}


def flag_set(**flag: Any) -> Props:
    """A set of flags about which nothing is wrong."""
    complete = {"kind": "release", "owner": "payments", "default": "off", "expires": "2027-03-31"}
    return {"namespace": "shop", "name": "flags", "flags": {"new-cart": complete | flag}}


def _job(labels: dict[str, str]) -> Props:
    """A Job of the platform, with labels on its pods."""
    spec = deployment()["spec"]["template"]["spec"]
    return {"metadata": {"name": "once"}, "spec": {"template": {"metadata": {"labels": labels}, "spec": spec}}}


COMPLETE: list[tuple[str, Props]] = [
    (DEPLOYMENT, deployment()),
    (BUDGET, budget()),
    (DEPLOYMENT, deployment("counted")),
    (BUDGET, budget("counted")),
    (RULES, alert()),
    (
        RULES,
        alert(
            labels={"owner": "payments", "severity": "ticket", "service": "c", "slo": "a"},
            annotations={"summary": "s", "runbook_url": "u"},
        ),
    ),
    (RULES, {"spec": {"groups": [{"name": "r", "rules": [{"record": "a:b", "expr": "1"}]}]}}),
    (GROUP, {"rules": alert()["spec"]["groups"][0]["rules"]}),
    (ALARM, alarm()),
    (ALARM, alarm(alarmActions=None, tags=alarm()["tags"] | {"part-of": "whole"})),
    (COMPOSITE, alarm(treatMissingData=None)),
    (ROUTE, route({"name": "extra", "port": 80})),
    (TASK, task(IMAGE)),
    ("aws:lambda/function:Function", {"packageType": "Zip", "handler": "a.b"}),
    ("kubernetes:batch/v1:Job", _job({})),
    ("kubernetes:core/v1:Service", {"metadata": {"name": "extra"}, "spec": {"selector": {"app": "extra"}}}),
    (
        "kubernetes:core/v1:Service",
        {
            "metadata": {"name": "checkout-3f9a2c1b9d0e4f5a6b7c"},
            "spec": {"selector": {"slipway.dev/service": "checkout", "slipway.dev/revision": "3f9a2c1b9d0e4f5a6b7c"}},
        },
    ),
    (CONFIG_MAP, {"metadata": {"name": "extra"}, "data": {"a": "b"}}),
    (FLAGS, flag_set()),
]
"""Nothing is wrong with any of these together."""


@dataclass(frozen=True)
class BrokenResource:
    """A resource with one defect, the rule that must refuse it, and what the message shows."""

    name: str
    rule: str
    code: str
    shows: str
    type: str
    props: Props


def _unlimited(container: Props) -> Props:
    """Another container of the same kind, without limits."""
    requests = container["resources"]["requests"]
    return {**container, "name": "before", "resources": {"requests": requests}}


def _changed(change: Callable[[Props, Props], object], app: str = "extra") -> Props:
    props = copy.deepcopy(deployment(app))
    change(props, props["spec"]["template"]["spec"]["containers"][0])
    return props


def _labelled(props: Props, service: str, revision: str) -> None:
    labels = {"slipway.dev/service": service, "slipway.dev/revision": revision}
    props["metadata"]["labels"] = labels
    props["spec"]["template"]["metadata"]["labels"] |= labels


def _spec(props: Props) -> Props:
    spec: Props = props["spec"]["template"]["spec"]
    return spec


def _owned(owner: str, severity: str = "page") -> Props:
    return {"owner": owner, "severity": severity, "service": "checkout", "slo": "availability"}


RESOURCES: list[BrokenResource] = [
    BrokenResource(
        "expired-flag",
        "flag-expiry",
        "expired",
        "declare it off, then remove it",
        FLAGS,
        flag_set(expires="2026-11-01") | {"name": "old"},
    ),
    BrokenResource(
        "flag-of-nobody", "flag-owner", "missing", "flags.new-cart.owner", FLAGS, flag_set(owner="") | {"name": "own"}
    ),
    BrokenResource(
        "second-writer-of-flags",
        "flag-writer",
        "second-writer",
        "an object of a FlagSet",
        CONFIG_MAP,
        {"metadata": {"name": "flags", "namespace": "shop"}, "data": {}},
    ),
    BrokenResource(
        "forced-write-of-flags",
        "flag-writer",
        "forced",
        "a guard or a person has killed a flag",
        "kubernetes:core.openfeature.dev/v1beta1:FeatureFlag",
        {"metadata": {"name": "other", "annotations": {"pulumi.com/patchForce": "true"}}},
    ),
    BrokenResource(
        "owner-without-a-route",
        "alarm-route",
        "unrouted",
        "routing.owners.team-typo.page",
        RULES,
        alert(labels=_owned("team-typo")),
    ),
    BrokenResource(
        "owner-without-tickets",
        "alarm-route",
        "unrouted",
        "night has no receiver for a ticket",
        GROUP,
        {"rules": alert(labels=_owned("night", "ticket"))["spec"]["groups"][0]["rules"]},
    ),
    BrokenResource(
        "broken-expression",
        "alarm-route",
        "broken",
        "expected type matrix in call to function 'rate', got vector",
        RULES,
        alert(expr="rate(requests_total) > 1"),
    ),
    BrokenResource(
        "broken-recording-rule",
        "alarm-route",
        "broken",
        "unclosed left parenthesis",
        GROUP,
        {"rules": [{"record": "a:b", "expr": "sum(a"}]},
    ),
    BrokenResource(
        "unusual-severity",
        "alarm-route",
        "severity",
        "page or ticket",
        RULES,
        alert(labels=_owned("payments", "critical")),
    ),
    BrokenResource(
        "page-without-dashboard-in-a-group",
        "alarms",
        "missing",
        "rules[0].annotations.dashboard_url",
        GROUP,
        {
            "rules": alert(annotations={"summary": "s", "runbook_url": "https://r.example"})["spec"]["groups"][0][
                "rules"
            ]
        },
    ),
    BrokenResource(
        "tagged-image", "images", "unpinned", TAGGED, DEPLOYMENT, _changed(lambda p, c: c.update(image=TAGGED))
    ),
    BrokenResource(
        "tagged-sidecar",
        "images",
        "unpinned",
        "containers[1].image",
        DEPLOYMENT,
        _changed(lambda p, c: _spec(p)["containers"].append({**c, "name": "proxy", "image": TAGGED})),
    ),
    BrokenResource(
        "tagged-init-container",
        "images",
        "unpinned",
        "initContainers[0].image",
        DEPLOYMENT,
        _changed(lambda p, c: _spec(p).update(initContainers=[{**c, "image": TAGGED}])),
    ),
    BrokenResource(
        "tagged-image-volume",
        "images",
        "unpinned",
        "volumes[0].image.reference",
        DEPLOYMENT,
        _changed(lambda p, c: _spec(p).update(volumes=[{"name": "v", "image": {"reference": TAGGED}}])),
    ),
    BrokenResource("no-image", "images", "unpinned", "no image", DEPLOYMENT, _changed(lambda p, c: c.pop("image"))),
    BrokenResource(
        "unknown-image",
        "images",
        "unknown",
        "not known yet",
        DEPLOYMENT,
        _changed(lambda p, c: c.update(image=UNKNOWN)),
    ),
    BrokenResource("tagged-task", "images", "unpinned", TAGGED, TASK, task(TAGGED)),
    BrokenResource(
        "unreadable-task", "images", "unpinned", "containerDefinitions", TASK, {"containerDefinitions": "{"}
    ),
    BrokenResource(
        "tagged-function",
        "images",
        "unpinned",
        "imageUri",
        "aws:lambda/function:Function",
        {"packageType": "Image", "imageUri": TAGGED},
    ),
    BrokenResource("opaque-chart", "images", "opaque", "helm", "kubernetes:helm.sh/v3:Release", {"chart": "nginx"}),
    BrokenResource(
        "no-readiness",
        "probes",
        "missing",
        "readinessProbe",
        DEPLOYMENT,
        _changed(lambda p, c: c.pop("readinessProbe")),
    ),
    BrokenResource(
        "empty-readiness",
        "probes",
        "missing",
        "without a check",
        DEPLOYMENT,
        _changed(lambda p, c: c.update(readinessProbe={"periodSeconds": 1})),
    ),
    BrokenResource(
        "no-memory-limit",
        "limits",
        "missing",
        "resources.limits.memory",
        DEPLOYMENT,
        _changed(lambda p, c: c["resources"].pop("limits")),
    ),
    BrokenResource(
        "init-container-without-limits",
        "limits",
        "missing",
        "initContainers[0].resources.limits.memory",
        DEPLOYMENT,
        _changed(lambda p, c: p["spec"]["template"]["spec"].update(initContainers=[_unlimited(c)])),
    ),
    BrokenResource(
        "memory-limit-of-nothing",
        "limits",
        "missing",
        "resources.limits.memory",
        DEPLOYMENT,
        _changed(lambda p, c: c["resources"].update(limits={"memory": "0Mi"})),
    ),
    BrokenResource(
        "unknown-limits",
        "limits",
        "unknown",
        "not known yet",
        DEPLOYMENT,
        _changed(
            lambda p, c: c.update(resources={"requests": {"cpu": UNKNOWN, "memory": "1Mi"}, "limits": {"memory": "1"}})
        ),
    ),
    BrokenResource(
        "no-budget",
        "disruption-budget",
        "missing",
        "without a PodDisruptionBudget",
        DEPLOYMENT,
        _changed(lambda p, c: None, app="alone"),
    ),
    BrokenResource(
        "budget-for-nothing",
        "disruption-budget",
        "useless",
        "lets all replicas go",
        BUDGET,
        {**budget("other"), "spec": {"maxUnavailable": "100%", "selector": {"matchLabels": {"app": "other"}}}},
    ),
    BrokenResource(
        "budget-that-blocks",
        "disruption-budget",
        "useless",
        "no node can ever be drained",
        BUDGET,
        {**budget("other"), "spec": {"maxUnavailable": 0, "selector": {"matchLabels": {"app": "other"}}}},
    ),
    BrokenResource(
        "budget-for-all-replicas",
        "disruption-budget",
        "useless",
        "maxUnavailable 2 of 2 replicas",
        BUDGET,
        {**budget("counted"), "spec": {"maxUnavailable": 2, "selector": {"matchLabels": {"app": "counted"}}}},
    ),
    BrokenResource(
        "ecs-without-circuit-breaker", "ecs-service", "no-circuit-breaker", "off", ECS_SERVICE, {"desiredCount": 2}
    ),
    BrokenResource(
        "ecs-by-codedeploy",
        "ecs-service",
        "second-writer",
        "CODE_DEPLOY",
        ECS_SERVICE,
        {"deploymentCircuitBreaker": {"enable": True}, "deploymentController": {"type": "CODE_DEPLOY"}},
    ),
    BrokenResource("logs-for-ever", "log-retention", "for-ever", "never deleted", LOG_GROUP, {"name": "shop"}),
    BrokenResource("public-bucket", "public-access", "open", "public-read", BUCKET_ACL, {"acl": "public-read"}),
    BrokenResource(
        "autoscaler-of-no-manifest",
        "autoscaling",
        "unknown-revision",
        "which no manifest of this stack has",
        AUTOSCALER,
        {"metadata": {"name": "mine"}, "spec": {"scaleTargetRef": {"name": "checkout-3f9a2c1b"}, "maxReplicas": 9}},
    ),
    BrokenResource(
        "unknown-scale-target",
        "autoscaling",
        "unknown",
        "not known yet",
        AUTOSCALER,
        {"metadata": {"name": "mine"}, "spec": {"scaleTargetRef": {"name": UNKNOWN}, "maxReplicas": 9}},
    ),
    BrokenResource(
        "unknown-selector",
        "selectors",
        "unknown",
        "not known yet",
        SERVICE,
        {"metadata": {"name": "extra", "namespace": "shop"}, "spec": {"selector": {"app": UNKNOWN}}},
    ),
    BrokenResource(
        "outside-of-a-release",
        "in-place",
        "outside",
        "without the labels of a release",
        DEPLOYMENT,
        _changed(lambda p, c: p["metadata"].update(name="by-hand")),
    ),
    BrokenResource(
        "unknown-revision",
        "in-place",
        "unknown-revision",
        "which no manifest of this stack has",
        DEPLOYMENT,
        _changed(lambda p, c: _labelled(p, "checkout", "00000000")),
    ),
    BrokenResource(
        "pods-in-disguise",
        "in-place",
        "disguised",
        "no label of a release",
        DEPLOYMENT,
        _changed(lambda p, c: p["spec"]["template"]["metadata"]["labels"].update({"slipway.dev/service": "checkout"})),
    ),
    BrokenResource(
        "job-in-disguise",
        "in-place",
        "disguised",
        "no label of a release",
        "kubernetes:batch/v1:Job",
        _job({"slipway.dev/service": "checkout", "slipway.dev/revision": "00000000"}),
    ),
    BrokenResource(
        "patch-in-place",
        "in-place",
        "patch",
        "DeploymentPatch",
        f"{DEPLOYMENT}Patch",
        {"metadata": {"name": "checkout-00000000"}, "spec": {"replicas": 9}},
    ),
    BrokenResource(
        "pod-by-hand",
        "in-place",
        "outside",
        "by-hand",
        "kubernetes:core/v1:Pod",
        {
            "metadata": {"name": "by-hand"},
            "spec": deployment()["spec"]["template"]["spec"],
        },
    ),
    BrokenResource(
        "weights-by-hand",
        "weights",
        "second-writer",
        "weight: found 90",
        ROUTE,
        route({"name": "old", "weight": 90}, {"name": "new", "weight": 10}),
    ),
    BrokenResource(
        "route-to-a-revision",
        "weights",
        "second-writer",
        "a route to one revision",
        ROUTE,
        route({"name": "checkout-3f9a2c1b9d0e4f5a6b7c", "port": 80}),
    ),
    BrokenResource(
        "route-to-a-revision-of-an-earlier-version",
        "weights",
        "second-writer",
        "a route to one revision",
        ROUTE,
        route({"name": "checkout-3f9a2c1b", "port": 80}),
    ),
    BrokenResource(
        "service-over-all-revisions",
        "weights",
        "second-writer",
        "checkout of any revision",
        "kubernetes:core/v1:Service",
        {"metadata": {"name": "extra"}, "spec": {"selector": {"slipway.dev/service": "checkout"}}},
    ),
    BrokenResource(
        "second-service-of-a-revision",
        "weights",
        "second-writer",
        "a second Service over its pods",
        "kubernetes:core/v1:Service",
        {
            "metadata": {"name": "extra"},
            "spec": {"selector": {"slipway.dev/service": "checkout", "slipway.dev/revision": "3f9a2c1b9d0e4f5a6b7c"}},
        },
    ),
    BrokenResource(
        "alias-by-hand",
        "weights",
        "second-writer",
        "additionalVersionWeights",
        "aws:lambda/alias:Alias",
        {"routingConfig": {"additionalVersionWeights": {"2": 0.1}}},
    ),
    BrokenResource(
        "listener-by-hand",
        "weights",
        "second-writer",
        "weight",
        "aws:lb/listenerRule:ListenerRule",
        {"actions": [{"type": "forward", "forward": {"targetGroups": [{"arn": "a", "weight": 10}]}}]},
    ),
    BrokenResource(
        "another-controller",
        "weights",
        "second-writer",
        "another controller",
        "kubernetes:flagger.app/v1beta1:Canary",
        {},
    ),
    BrokenResource(
        "alert-without-owner",
        "alarms",
        "missing",
        "labels.owner: found nothing (Burning)",
        RULES,
        alert(labels={"severity": "ticket", "service": "c", "slo": "a"}),
    ),
    BrokenResource(
        "page-without-dashboard",
        "alarms",
        "missing",
        "annotations.dashboard_url",
        RULES,
        alert(annotations={"summary": "s", "runbook_url": "u"}),
    ),
    BrokenResource(
        "alert-without-runbook",
        "alarms",
        "missing",
        "annotations.runbook_url",
        RULES,
        alert(annotations={"summary": "s", "dashboard_url": "d"}),
    ),
    BrokenResource("alarm-without-target", "alarms", "missing", "alarmActions", ALARM, alarm(alarmActions=[])),
    BrokenResource(
        "alarm-without-runbook",
        "alarms",
        "missing",
        "tags.runbook",
        ALARM,
        alarm(tags={"owner": "x", "severity": "ticket", "service": "x", "slo": "x"}),
    ),
    BrokenResource(
        "composite-alarm-without-target",
        "alarms",
        "missing",
        "alarmActions",
        COMPOSITE,
        alarm(alarmActions=None, tags=alarm()["tags"] | {"part-of": "another"}),
    ),
    BrokenResource(
        "part-of-an-alarm-without-owner",
        "alarms",
        "missing",
        "tags.owner",
        ALARM,
        alarm(alarmActions=None, tags=alarm()["tags"] | {"part-of": "whole", "owner": ""}),
    ),
    BrokenResource(
        "alarm-blind-to-no-data", "alarms", "missing", "treatMissingData", ALARM, alarm(treatMissingData=None)
    ),
    BrokenResource(
        "rollout-without-a-release",
        "gated",
        "unjudged",
        "without a Release resource",
        "slipway:index:Rollout",
        {"service": "elsewhere", "manifest": "releases/elsewhere/1.0.0.yaml", "candidate": {}},
    ),
    BrokenResource(
        "rollout-of-another-manifest",
        "gated",
        "unjudged",
        "which was judged",
        "slipway:index:Rollout",
        {"service": "checkout", "manifest": "releases/checkout/0.9.0.yaml", "candidate": {}},
    ),
    BrokenResource(
        "rollout-of-another-image",
        "gated",
        "altered",
        "candidate.image: found registry.example/x",
        "slipway:index:Rollout",
        {
            "service": "checkout",
            "manifest": "releases/checkout/1.0.0.yaml",
            "candidate": {"image": "registry.example/x"},
        },
    ),
]
