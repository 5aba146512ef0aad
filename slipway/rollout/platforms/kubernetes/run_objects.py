"""The objects of a rollout in the cluster: its order, and the Job that carries it out. Pure."""

from __future__ import annotations

from lightkube.models.batch_v1 import JobSpec
from lightkube.models.core_v1 import PodSpec, PodTemplateSpec
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.batch_v1 import Job
from lightkube.resources.core_v1 import ConfigMap

from slipway.release.errors import ClusterError
from slipway.release.labels import MANAGED_BY, PART_LABEL
from slipway.release.run_order import RunOrder
from slipway.release.run_pod import GRACE, KEPT, pod_spec
from slipway.release.run_setting import RunSetting
from slipway.rollout.platforms.kubernetes.objects import labels_of

RUN_LABEL = "slipway.dev/run"
CANDIDATE_ANNOTATION, VERSION_ANNOTATION = "slipway.dev/candidate", "slipway.dev/version"
BY_ANNOTATION, BEAT_ANNOTATION = "slipway.dev/by", "slipway.dev/follower"
PART, ORDER_PART, REPORT_PART = "run", "order", "report"
ORDER_KEY, REPORT_KEY = "order.json", "report.json"
FOLDER = "/etc/slipway"
ARGUMENTS = [f"{FOLDER}/{ORDER_KEY}"]
"""The image's entry point is `python -m slipway.rollout.runner`."""

BACKOFF_LIMIT = 6
KEPT_FOR = 86400
"""Seconds that an ended Job stays, for people."""
DAY = 86400.0
"""A Job may take at least this long, as a pause may."""


def name_of(service: str, run_id: str) -> str:
    """Of Job, order and report."""
    return f"slipway-{service}-{run_id}"


def order_of(order: RunOrder, namespace: str) -> ConfigMap:
    """The order, which is immutable."""
    labels = {**labels_of(order.wanted.service, ORDER_PART), RUN_LABEL: order.id}
    name = f"{name_of(order.wanted.service, order.id)}.order"
    meta = ObjectMeta(name=name, namespace=namespace, labels=labels)
    return ConfigMap(metadata=meta, data={ORDER_KEY: order.to_json()}, immutable=True)


def job_of(order: RunOrder, namespace: str) -> Job:
    """The Job. Raises ClusterError when the order names no image.

    The kubelet restarts the container (`OnFailure`), also while the API server is away. That rules a podFailurePolicy
    out, and so a new pod may be made while the old one still ends (`TerminatingOrFailed`): the Lease keeps them apart,
    and a pod on a node that is gone is not waited for.
    """
    if order.wanted.run is None or order.wanted.run.image is None:
        raise ClusterError(
            f"{order.wanted.service}: the order names no image; write releases:run: {{in: cluster, image}}"
        )
    service = order.wanted.service
    candidate = order.wanted.candidate
    notes = {CANDIDATE_ANNOTATION: candidate.revision, VERSION_ANNOTATION: candidate.version, BY_ANNOTATION: order.by}
    pod = PodTemplateSpec(
        metadata=ObjectMeta(labels=_pod_labels(order), annotations={**notes, **KEPT}),
        spec=_pod(order, order.wanted.run),
    )
    spec = JobSpec(
        template=pod,
        backoffLimit=BACKOFF_LIMIT,
        podReplacementPolicy="TerminatingOrFailed",
        activeDeadlineSeconds=int(longest(order)),
        ttlSecondsAfterFinished=KEPT_FOR,
    )
    labels = {**labels_of(service, PART), RUN_LABEL: order.id}
    meta = ObjectMeta(name=name_of(service, order.id), namespace=namespace, labels=labels, annotations=notes)
    return Job(metadata=meta, spec=spec)


def _pod_labels(order: RunOrder) -> dict[str, str]:
    """None of those by which Services, budgets or network policies select the pods of the service: a Job's pod that is
    an endpoint gets users' requests."""
    return {**MANAGED_BY, PART_LABEL: PART, RUN_LABEL: order.id}


def longest(order: RunOrder) -> float:
    """Seconds after which a Job is ended: three times what its steps may take, and a day at least."""
    wanted = order.wanted
    steps = sum(step.bake + wanted.analysis.horizon for step in wanted.plan("forward"))
    return max(DAY, 3 * (steps + wanted.candidate.ready_within) + GRACE)


def _pod(order: RunOrder, run: RunSetting) -> PodSpec:
    order_file = {"name": "order", "configMap": {"name": f"{name_of(order.wanted.service, order.id)}.order"}}
    mount = {"name": "order", "mountPath": FOLDER, "readOnly": True}
    made: PodSpec = PodSpec.from_dict(pod_spec(run, ARGUMENTS, [order_file], [mount]))  # type: ignore[assignment]
    return made
