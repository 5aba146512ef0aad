"""Rollouts in the cluster: Jobs, their orders, and their reports. See slipway.rollout.platforms.runs."""

from __future__ import annotations

import json
from typing import Any

from lightkube import Client
from lightkube.models.batch_v1 import JobStatus
from lightkube.models.meta_v1 import ObjectMeta, OwnerReference
from lightkube.resources.batch_v1 import Job
from lightkube.resources.core_v1 import ConfigMap, Event, Pod
from lightkube.types import CascadeType

from slipway.release.errors import ClusterError, Conflict
from slipway.release.labels import PART_LABEL, SERVICE_LABEL
from slipway.release.run_order import RunOrder
from slipway.rollout.platforms.base import Document
from slipway.rollout.platforms.kubernetes.calls import FAILURES, failure_of
from slipway.rollout.platforms.kubernetes.objects import Documents, labels_of
from slipway.rollout.platforms.kubernetes.pods import trouble
from slipway.rollout.platforms.kubernetes.requests import Requests, plain, version_of
from slipway.rollout.platforms.kubernetes.run_objects import (
    BEAT_ANNOTATION,
    CANDIDATE_ANNOTATION,
    ORDER_PART,
    PART,
    REPORT_KEY,
    REPORT_PART,
    RUN_LABEL,
    VERSION_ANNOTATION,
    job_of,
    name_of,
    order_of,
)
from slipway.rollout.platforms.runs import ActiveRun, RunState
from slipway.rollout.platforms.trying import Kind, Patience

ENDED = ("Complete", "Failed")
OVER = ("Succeeded", "Failed")
ATTEMPTS = 3


class KubernetesRuns:
    """The Jobs of one service in one namespace. None of this needs the Lease: a Job's process takes it."""

    def __init__(self, client: Client, namespace: str, service: str, patience: Patience | None = None) -> None:
        self._client: Any = client
        self._requests = Requests(client, patience=patience)
        self._documents = Documents(client, namespace, service, patience=patience)
        self._namespace = namespace
        self._service = service

    def name_of(self, run_id: str) -> str:
        """The name of the Job."""
        return name_of(self._service, run_id)

    def active(self) -> list[ActiveRun]:
        """The Jobs of the service that have not ended, oldest first."""
        found = self._listed("Jobs", Job, {SERVICE_LABEL: self._service, PART_LABEL: PART})
        alive = [one for one in found if _end(one) is None and one.metadata.deletionTimestamp is None]
        return [_active(one) for one in sorted(alive, key=lambda one: str(one.metadata.creationTimestamp or ""))]

    def start(self, order: RunOrder) -> None:
        """Write the order and make its Job, which owns it then: they go together."""
        written = self._requests.create(f"the order of {self._what(order.id)}", order_of(order, self._namespace))
        try:
            made = self._requests.create(self._what(order.id), job_of(order, self._namespace))
        except ClusterError:
            self._documents.delete(self._order_name(order.id), ORDER_PART)
            raise
        owners = [plain(_owner(made))]
        change = {"metadata": {"resourceVersion": version_of(written), "ownerReferences": owners}}
        self._requests.patch(
            f"the order of {self._what(order.id)}", ConfigMap, self._order_name(order.id), self._namespace, change
        )

    def state(self, run_id: str) -> RunState:
        """The Job with its pods."""
        found = self._requests.find(self._what(run_id), Job, self.name_of(run_id), self._namespace)
        pods = [one for one in self._pods(run_id) if one.status is None or one.status.phase not in OVER]
        if found is None or found.metadata is None:
            return RunState("gone", pods=len(pods))
        end = _end(found)
        if end is not None:
            return RunState("done" if end[0] == "Complete" else "failed", end[1], pods=len(pods))
        if any(one.status is not None and one.status.phase == "Running" and not _troubled(one) for one in pods):
            return RunState("running", pods=len(pods))
        problem = trouble(pods)
        if problem is not None:
            return RunState("waiting", problem.text, problem.fatal and problem.reason == "ImagePullBackOff", len(pods))
        return RunState("waiting", "" if pods else self._why_no_pod(run_id), pods=len(pods))

    def delete(self, run_id: str) -> None:
        """End the Job and its pods."""
        what, name = self._what(run_id), self.name_of(run_id)
        try:
            self._client.delete(Job, name, namespace=self._namespace, cascade=CascadeType.BACKGROUND)
        except FAILURES as error:
            failed = failure_of(what, error)
            if failed.kind is not Kind.ABSENT:
                raise failed.error from error

    def read_report(self, run_id: str) -> Document | None:
        """What the Job's process said last."""
        found = self._documents.get(self._report_name(run_id), REPORT_PART)
        try:
            document = json.loads((found.data or {})[REPORT_KEY]) if found is not None else None
        except (KeyError, ValueError):
            return None
        return document if isinstance(document, dict) else None

    def write_report(self, run_id: str, report: Document) -> None:
        """Replace it; it goes with its Job."""
        name, labels = self._report_name(run_id), {**labels_of(self._service, REPORT_PART), RUN_LABEL: run_id}
        data = {REPORT_KEY: json.dumps(report)}
        for _ in range(ATTEMPTS):
            former = self._documents.get(name, REPORT_PART)
            try:
                if former is None:
                    self._documents.create(name, labels, data)
                else:
                    self._documents.add(name, data, version_of(former))
            except Conflict:
                continue
            return
        raise Conflict(f"{self._documents.named(name)}: others keep writing it")

    def read_beat(self, run_id: str) -> str:
        """The last sign of life of those who follow the Job."""
        found = self._documents.get(self._order_name(run_id), ORDER_PART)
        notes = (found.metadata.annotations if found is not None and found.metadata is not None else None) or {}
        return str(notes.get(BEAT_ANNOTATION, ""))

    def write_beat(self, run_id: str, beat: str) -> None:
        """Give a sign of life."""
        found = self._documents.get(self._order_name(run_id), ORDER_PART)
        if found is not None:
            change = {"metadata": {"resourceVersion": version_of(found), "annotations": {BEAT_ANNOTATION: beat}}}
            name = self._order_name(run_id)
            self._requests.patch(self._documents.named(name), ConfigMap, name, self._namespace, change)

    def delete_all(self) -> None:
        """Delete the orders and reports of all Jobs of the service that have ended."""
        alive = {one.id for one in self.active()}
        for part in (ORDER_PART, REPORT_PART):
            for one in self._listed("ConfigMaps", ConfigMap, {SERVICE_LABEL: self._service, PART_LABEL: part}):
                if (one.metadata.labels or {}).get(RUN_LABEL) not in alive:
                    self._documents.delete(one.metadata.name, part)

    def _what(self, run_id: str) -> str:
        return f"Job {self._namespace}/{self.name_of(run_id)}"

    def _order_name(self, run_id: str) -> str:
        return f"{self.name_of(run_id)}.order"

    def _report_name(self, run_id: str) -> str:
        return f"{self.name_of(run_id)}.report"

    def _listed(self, what: str, kind: type[Any], labels: dict[str, str]) -> list[Any]:
        return self._requests.ask(
            f"{what} of {self._service} in {self._namespace}",
            lambda: list(self._client.list(kind, namespace=self._namespace, labels=labels)),
        )

    def _pods(self, run_id: str) -> list[Pod]:
        return self._listed("pods", Pod, {RUN_LABEL: run_id})

    def _why_no_pod(self, run_id: str) -> str:
        """What the Job's controller says last, such as a quota or a webhook that refuses its pods."""
        fields = {"involvedObject.kind": "Job", "involvedObject.name": self.name_of(run_id)}
        found = self._requests.ask(
            f"events of {self._what(run_id)}",
            lambda: list(self._client.list(Event, namespace=self._namespace, fields=fields)),
        )
        failed = [one.message or one.reason for one in found if one.type == "Warning"]
        return " ".join(failed[-1].split()) if failed else ""


def _active(job: Job) -> ActiveRun:
    meta = job.metadata or ObjectMeta()
    labels, notes = meta.labels or {}, meta.annotations or {}
    revision, version = notes.get(CANDIDATE_ANNOTATION, "?"), notes.get(VERSION_ANNOTATION, "?")
    return ActiveRun(labels.get(RUN_LABEL, "?"), f"Job {meta.name}", revision, version)


def _end(job: Job) -> tuple[str, str] | None:
    """`Complete` or `Failed`, and why; None while neither is so."""
    for condition in (job.status or JobStatus()).conditions or []:
        if condition.type in ENDED and condition.status == "True":
            said = ": ".join(part for part in (condition.reason, condition.message) if part)
            return condition.type, said if condition.type == "Failed" else ""
    return None


def _troubled(pod: Pod) -> bool:
    return trouble([pod]) is not None


def _owner(job: Job) -> OwnerReference:
    meta = job.metadata or ObjectMeta()
    return OwnerReference(apiVersion="batch/v1", kind="Job", name=str(meta.name), uid=str(meta.uid))
