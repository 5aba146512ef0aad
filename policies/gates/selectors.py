"""Rule `selectors`: a Service sends to the pods of one version alone.

The weights of a route are those of Services. A Service that selects the pods of another version too sends traffic there
whatever the weights say: an external workload's, whose selector its chart wrote, or one beside a release's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pulumi_policy.proxy import UnknownValueError

from policies.pods import LONG_RUNNING, labels_of_pods, metadata_of
from policies.rule import Resource, StackRule
from slipway.release.findings import Finding, finding
from slipway.release.gating.catalog import CATALOG
from slipway.release.labels import REVISION_LABEL, SERVICE_LABEL
from slipway.release.manifest.base import FrozenModel
from slipway.release.revision import workload_name
from slipway.release.tokens import ROLLOUT

NAME = "selectors"
SERVICE = "kubernetes:core/v1:Service"


def evaluate(resources: Sequence[Resource], settings: FrozenModel) -> list[tuple[Resource, Finding]]:
    """Services that a Rollout sends to, by the pods of all workloads of the program; and all Services, by the pods of
    releases. What the program does not declare is checked by the update, in the cluster."""
    workloads = [one for one in resources if one.type in LONG_RUNNING and _is_known(one)]
    external = {service: deployment for one in resources if one.type == ROLLOUT for service, deployment in _sides(one)}
    found = []
    for service in (one for one in resources if one.type == SERVICE):
        try:
            found += [(service, one) for one in _shared(service, workloads, external)]
        except UnknownValueError as error:
            found.append((service, _unknown(error)))
    return found


def _shared(service: Resource, workloads: Sequence[Resource], external: Mapping[str, str]) -> Iterator[Finding]:
    own = external.get(str(metadata_of(service).get("name")))
    for workload in workloads:
        if _selects(service, workload) and _is_wrong(service, workload, own):
            yield _finding(service, workload)


def _is_known(workload: Resource) -> bool:
    """Whether its pods can be told; one of which they cannot is refused by the rule `in-place`."""
    try:
        return all(labels_of_pods(workload).get(key) is not None for key in labels_of_pods(workload))
    except UnknownValueError:
        return False


def _sides(rollout: Resource) -> Iterator[tuple[str, str]]:
    """Service and Deployment of each external version of a Rollout."""
    for side in ("candidate", "standby"):
        backend = rollout.props.get(side)
        if isinstance(backend, Mapping) and backend.get("external"):
            yield str(backend.get("service")), str(backend.get("deployment"))


def _is_wrong(service: Resource, workload: Resource, own: str | None) -> bool:
    """Whether a Service may not select these pods: `own` is the workload that an external one belongs to."""
    if own is not None:
        return bool(metadata_of(workload).get("name") != own)
    pods = labels_of_pods(workload)
    released, revision = pods.get(SERVICE_LABEL), pods.get(REVISION_LABEL)
    if released is None or revision is None or SERVICE_LABEL in _selector(service):
        return False  # pods of no release, or a Service that the rule `weights` judges by its selector alone
    return bool(metadata_of(service).get("name") != workload_name(str(released), str(revision)))


def _selects(service: Resource, workload: Resource) -> bool:
    chosen, pods = _selector(service), labels_of_pods(workload)
    same = metadata_of(service).get("namespace") == metadata_of(workload).get("namespace")
    return bool(chosen) and same and all(pods.get(key) == value for key, value in chosen.items())


def _selector(service: Resource) -> Mapping[str, Any]:
    spec = service.props.get("spec")
    selector = spec.get("selector") if isinstance(spec, Mapping) else None
    return selector if isinstance(selector, Mapping) else {}


def _unknown(error: UnknownValueError) -> Finding:
    remedy = "Use plain values for the selector, name and namespace of a Service"
    return finding(NAME, "unknown", ".".join(error.props), "a value that is not known yet", "a plain value", remedy)


def _finding(service: Resource, workload: Resource) -> Finding:
    chosen = ",".join(f"{key}={value}" for key, value in sorted(_selector(service).items()))
    return finding(
        NAME,
        "shared",
        "spec.selector",
        f"{chosen}, which the pods of {metadata_of(workload).get('name') or workload.name} have too",
        "labels that only the pods of its own version have",
        "Add a label to its selector that only its own pods have, such as the chart's instance or the version",
        severity="critical",
    )


RULE = StackRule(gate=CATALOG[NAME], types=(SERVICE, *LONG_RUNNING, ROLLOUT), evaluate=evaluate)
