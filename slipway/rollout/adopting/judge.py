"""What stands in the way of adopting a live service, and what it is in a manifest's words. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from slipway.release.labels import SERVICE_LABEL
from slipway.release.manifest.workload import External, ExternalAutoscaler
from slipway.rollout.adopting.live import Json, Live
from slipway.rollout.adopting.obstacle import Obstacle
from slipway.rollout.adopting.routes import read_route, route_notes, route_obstacles, written
from slipway.rollout.routers.foreign_writers import other_writers

SERVICE_NAME = re.compile(r"[a-z]([-a-z0-9]{0,38}[a-z0-9])?")
"""Of a manifest's service: the route's name is the service's."""
PINNED = re.compile(r"[^\s@]+@sha256:[0-9a-f]{64}")
APPLIED = "kubectl apply"


@dataclass(frozen=True, slots=True)
class Found:
    """The parts of a manifest that the cluster knows."""

    image: str
    port: int
    replicas: int | None
    external: External
    readiness: str
    """Path of the readiness probe."""
    route: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Judgement:
    """`found` is None while anything stands in the way. `notes` are what a person should know."""

    obstacles: tuple[Obstacle, ...]
    found: Found | None
    notes: tuple[str, ...] = ()


def judge(live: Live, *, applied: bool = False) -> Judgement:
    """Everything that stands in the way at once. `applied`: a person said that the route is not applied again from the
    files that kubectl applied it from."""
    obstacles = [
        *_name(live),
        *_writers(live, applied=applied),
        *_controllers(live),
        *route_obstacles(live),
        *_selector(live),
        *_budgets(live),
        *_autoscaling(live),
        *_workload(live),
        *_container(live),
    ]
    notes = tuple(_notes(live))
    return Judgement(tuple(obstacles), None if obstacles else _found(live), notes)


def own_labels(live: Live) -> dict[str, str]:
    """Labels that pods of Slipway will have, but for that of the revision."""
    name = _named(live.route)
    return {"app.kubernetes.io/name": name, SERVICE_LABEL: name}


def _name(live: Live) -> Iterator[Obstacle]:
    if SERVICE_NAME.fullmatch(_named(live.route)) is None:
        remedy = "Put the service behind a route with a short name of small letters, digits and hyphens, 40 at most"
        yield Obstacle("name", f"the route {_named(live.route)} gives the service its name, and that is none", remedy)


def _writers(live: Live, *, applied: bool) -> Iterator[Obstacle]:
    for writer in other_writers(live.route["metadata"]):
        if writer.startswith(APPLIED):
            if not applied:
                remedy = "Take the route out of the files that are applied, then say so: --not-applied-again"
                yield Obstacle("writer", f"the route was written by {writer}, and may be again", remedy)
            continue
        remedy = "Take the route out of what that controller writes, without deleting it; weights have one writer"
        yield Obstacle("writer", f"{writer} writes the route", remedy)


def _controllers(live: Live) -> Iterator[Obstacle]:
    name, route = _named(live.deployment), _named(live.route)
    for one in live.rollouts:
        reference = (one["spec"].get("workloadRef") or {}).get("name")
        plugins = (one["spec"].get("strategy") or {}).get("canary", {}).get("trafficRouting", {}).get("plugins") or {}
        routes = [each for plugin in plugins.values() for each in _routes_of(plugin)]
        if reference == name or route in routes:
            remedy = "End it first: scale the Deployment back up, then delete the Rollout"
            yield Obstacle("controller", f"the Rollout {_named(one)} of Argo Rollouts releases it", remedy)
    for one in live.canaries:
        target = (one["spec"].get("targetRef") or {}).get("name")
        if target in (name, name.removesuffix("-primary")) or _named(one) == route:
            remedy = "Delete the Canary with revertOnDeletion: true, and wait until its Deployment serves"
            yield Obstacle("controller", f"the Canary {_named(one)} of Flagger releases it", remedy)
    for owner in live.deployment["metadata"].get("ownerReferences") or []:
        what = f"the Deployment {name} belongs to {owner.get('kind')} {owner.get('name')}"
        yield Obstacle("controller", what, "Release it by what owns it, or take it out of that first")


def _routes_of(plugin: object) -> list[str]:
    if not isinstance(plugin, Mapping):
        return []
    named = [str(plugin["httpRoute"])] if "httpRoute" in plugin else []
    return [*named, *(str(one.get("name")) for one in plugin.get("httpRoutes") or [])]


def _selector(live: Live) -> Iterator[Obstacle]:
    selector, name = live.service["spec"].get("selector") or {}, _named(live.service)
    pods = _template(live.deployment).get("metadata", {}).get("labels") or {}
    if not selector or not selector.items() <= pods.items():
        what = f"the Service {name} does not select the pods of the Deployment {_named(live.deployment)}"
        yield Obstacle("selector", what, "Name the Service and the Deployment that belong together")
    elif selector.items() <= own_labels(live).items():
        what = f"the Service {name} would select the pods of every release of Slipway ({_words(selector)})"
        remedy = (
            "Add a label to its selector that its own pods have and Slipway's have not, such as the chart's instance"
        )
        yield Obstacle("selector", what, remedy)
    if not live.deployment["spec"].get("selector", {}).get("matchLabels") or live.deployment["spec"]["selector"].get(
        "matchExpressions"
    ):
        what = f"the Deployment {_named(live.deployment)} does not select its pods by matchLabels alone"
        yield Obstacle(
            "selector", what, "A selector cannot be changed: put a Deployment with matchLabels beside it first"
        )


def _budgets(live: Live) -> Iterator[Obstacle]:
    for one in live.budgets:
        selector = one["spec"].get("selector")
        if selector is not None and _selects(selector, own_labels(live)):
            what = f"the PodDisruptionBudget {_named(one)} would count the pods of Slipway too"
            yield Obstacle(
                "budget",
                what,
                "Add a label to its selector that its own pods alone have: with two budgets no pod can be evicted",
            )


def _selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """As Kubernetes reads a label selector; an empty one selects everything."""
    for one in selector.get("matchExpressions") or []:
        value, values = labels.get(one["key"]), one.get("values") or []
        holds = {
            "In": value in values,
            "NotIn": value not in values,
            "Exists": value is not None,
            "DoesNotExist": value is None,
        }
        if not holds.get(one["operator"], True):
            return False
    return bool((selector.get("matchLabels") or {}).items() <= labels.items())


def _autoscaling(live: Live) -> Iterator[Obstacle]:
    scaling, objects = _scaling(live)
    plain = [one for one in scaling if not _of_keda(one)]
    if len(plain) + len(objects) > 1:
        names = ", ".join(map(_named, [*plain, *objects]))
        yield Obstacle("autoscaler", f"{names} scale the Deployment together", "Leave one: two undo each other")
    for one in objects:
        paused = [
            key for key in one["metadata"].get("annotations") or {} if key.startswith("autoscaling.keda.sh/paused")
        ]
        if paused:
            what = f"the ScaledObject {_named(one)} is paused ({paused[0]})"
            yield Obstacle("autoscaler", what, "End the pause: a pause may take every pod away")
    least = [one["spec"].get("minReplicas", 1) for one in plain]
    least += [one["spec"].get("minReplicaCount", 0) for one in objects]
    if any(value < 1 for value in least):
        yield Obstacle(
            "autoscaler", "its least number of pods is 0", "Let it leave one at least: traffic may come back"
        )


def _scaling(live: Live) -> tuple[list[Json], list[Json]]:
    name = _named(live.deployment)

    def mine(one: Json) -> bool:
        target = one["spec"].get("scaleTargetRef") or {}
        return bool(target.get("name") == name and target.get("kind", "Deployment") == "Deployment")

    return [one for one in live.autoscalers if mine(one)], [one for one in live.scaled_objects if mine(one)]


def _of_keda(autoscaler: Json) -> bool:
    return any(owner.get("kind") == "ScaledObject" for owner in autoscaler["metadata"].get("ownerReferences") or [])


def _workload(live: Live) -> Iterator[Obstacle]:
    spec, status, name = live.deployment["spec"], live.deployment.get("status") or {}, _named(live.deployment)
    wanted = spec.get("replicas", 1)
    counts = [status.get(key) or 0 for key in ("replicas", "updatedReplicas", "readyReplicas")]
    current = (status.get("observedGeneration") or 0) >= (live.deployment["metadata"].get("generation") or 0)
    if wanted < 1 or not current or any(count != wanted for count in counts):
        made, updated, ready = counts
        what = f"the Deployment {name} is not at rest: {wanted} wanted, {made} there, {updated} updated, {ready} ready"
        yield Obstacle("workload", what, "Wait until its own rollout is over, or mend it")
    if spec.get("paused"):
        yield Obstacle("workload", f"the Deployment {name} is paused", "Resume it: what runs may not be what it says")


def _container(live: Live) -> Iterator[Obstacle]:
    container = _serving_container(live)
    if container is None:
        what = f"no container of the Deployment {_named(live.deployment)} has the port that the Service sends to"
        yield Obstacle("container", what, "Name the port in the container's ports")
        return
    path = ((container.get("readinessProbe") or {}).get("httpGet") or {}).get("path")
    if path is None:
        what = f"the container {container['name']} has no readiness probe by HTTP"
        yield Obstacle("probe", what, "Give it one: without it a pod that does not serve would get traffic")
    if len(_digests(live, container)) != 1:
        known = ", ".join(sorted(_digests(live, container))) or "none"
        what = f"the pods run no single digest of {container['image']} ({known})"
        yield Obstacle("image", what, "Let the Deployment name its image by digest, repository@sha256:...")


def _digests(live: Live, container: Json) -> set[str]:
    """Pinned names of what runs: by the template, else as the nodes report it."""
    image = str(container["image"])
    if PINNED.fullmatch(image):
        return {image}
    repository = _repository(image)
    found = set()
    for pod in live.pods:
        for state in (pod.get("status") or {}).get("containerStatuses") or []:
            if state.get("name") == container["name"]:
                digest = str(state.get("imageID") or "").rpartition("@")[2]
                found.add(f"{repository}@{digest}" if digest.startswith("sha256:") and "@" in state["imageID"] else "?")
    return found if "?" not in found else set()


def _repository(image: str) -> str:
    path, slash, name = image.rpartition("/")
    return f"{path}{slash}{name.partition(':')[0]}"


def _serving_container(live: Live) -> Json | None:
    """The one that has the target port of the route's port of the Service."""
    read = read_route(live)
    port = next(
        (one for one in live.service["spec"].get("ports") or [] if read.target and one["port"] == read.target.port),
        None,
    )
    containers: list[Json] = _template(live.deployment).get("spec", {}).get("containers") or []
    if port is None:
        return None
    wanted = port.get("targetPort", port["port"])
    for container in containers:
        if any(wanted in (one.get("containerPort"), one.get("name")) for one in container.get("ports") or []):
            return container
    return containers[0] if len(containers) == 1 else None


def _notes(live: Live) -> Iterator[str]:
    container = _serving_container(live)
    if container is not None and not PINNED.fullmatch(str(container["image"])):
        yield f"the Deployment names its image by a tag ({container['image']}): what runs later may be another digest"
    lifecycle = (container or {}).get("lifecycle") or {}
    if "preStop" not in lifecycle:
        yield "its pods have no preStop hook: when they leave, requests on their way may fail"
    yield from route_notes(live)
    for one in live.rollouts:
        yield f"Argo Rollouts is installed here and has the Rollout {_named(one)}"


def _found(live: Live) -> Found:
    read, container = read_route(live), _serving_container(live)
    if read.route is None or read.target is None or container is None:
        raise ValueError("nothing stands in the way, so all of it was understood")
    several = len(_template(live.deployment)["spec"]["containers"]) > 1
    scaler = _autoscaler(live)
    return Found(
        image=next(iter(_digests(live, container))),
        port=read.target.port,
        replicas=None if scaler is not None else live.deployment["spec"].get("replicas", 1),
        external=External(
            deployment=_named(live.deployment),
            service=_named(live.service),
            autoscaler=scaler,
            container=container["name"] if several else None,
        ),
        readiness=container["readinessProbe"]["httpGet"]["path"],
        route=written(read.route),
    )


def _autoscaler(live: Live) -> ExternalAutoscaler | None:
    scaling, objects = _scaling(live)
    for one in objects:
        spec = one["spec"]
        return ExternalAutoscaler(
            kind="keda", name=_named(one), minimum=spec["minReplicaCount"], maximum=spec.get("maxReplicaCount", 100)
        )
    for one in scaling:
        spec = one["spec"]
        return ExternalAutoscaler(name=_named(one), minimum=spec.get("minReplicas", 1), maximum=spec["maxReplicas"])
    return None


def _template(deployment: Json) -> Json:
    found: Json = deployment["spec"].get("template") or {}
    return found


def _named(found: Json) -> str:
    return str(found["metadata"]["name"])


def _words(labels: Mapping[str, str]) -> str:
    return ", ".join(f"{key}={value}" for key, value in sorted(labels.items()))
