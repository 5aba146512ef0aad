"""The record of a Lease in coordination.k8s.io."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import get_args

from lightkube import Client
from lightkube.models.coordination_v1 import LeaseSpec
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.coordination_v1 import Lease

from slipway.release.errors import ClusterError
from slipway.release.labels import SERVICE_LABEL
from slipway.rollout.platforms.base import Role
from slipway.rollout.platforms.kubernetes.objects import labels_of
from slipway.rollout.platforms.kubernetes.requests import Requests
from slipway.rollout.platforms.observed_lease import Clock, LeaseRecord, ObservedLease
from slipway.rollout.platforms.trying import Patience

ROLE_ANNOTATION = "slipway.dev/role"
_NO_META = ObjectMeta()


class KubernetesLease(ObservedLease):
    """`slipway-<service>`, or `slipway-<service>.<part>`, in coordination.k8s.io."""

    def __init__(
        self,
        client: Client,
        namespace: str,
        service: str,
        clock: Clock | None = None,
        patience: Patience | None = None,
        part: str = "",
    ) -> None:
        super().__init__(_LeaseObjects(client, namespace, service, patience, part), service, clock)


class _LeaseObjects:
    """See LeaseRecords. A version is `<uid>/<resourceVersion>`."""

    def __init__(self, client: Client, namespace: str, service: str, patience: Patience | None, part: str) -> None:
        # Not fenced: the Lease is what the fence is armed by.
        self._requests = Requests(client, patience=patience)
        self._namespace = namespace
        self._service = service
        self._name = f"slipway-{service}{part and f'.{part}'}"

    @property
    def what(self) -> str:
        """The object, in messages."""
        return f"Lease {self._namespace}/{self._name}"

    def find(self) -> LeaseRecord | None:
        """None when there is none. Raises ClusterError when it is another service's."""
        found = self._requests.find(self.what, Lease, self._name, self._namespace)
        return self._record(found) if found is not None else None

    def create(self, record: LeaseRecord) -> LeaseRecord:
        """Raises Conflict when there is one."""
        return self._record(self._requests.create(self.what, self._object(record)))

    def replace(self, record: LeaseRecord) -> LeaseRecord:
        """Raises Conflict when it has changed. A PUT makes a Lease that does not exist; with the uid of the one that
        was read it conflicts instead."""
        return self._record(self._requests.replace(self.what, self._object(record)))

    def remove(self, may: Callable[[LeaseRecord], bool]) -> None:
        """Remove it if there is one and `may` allows it."""
        self._requests.remove(self.what, Lease, self._name, self._namespace, lambda found: may(self._record(found)))

    def _record(self, found: Lease) -> LeaseRecord:
        meta, spec = found.metadata or _NO_META, found.spec or LeaseSpec()
        if (meta.labels or {}).get(SERVICE_LABEL) != self._service:
            raise ClusterError(f"{self.what} exists, but is not that of service {self._service}; remove it")
        return LeaseRecord(
            holder=spec.holderIdentity or "",
            duration=float(spec.leaseDurationSeconds or 1),
            acquired=spec.acquireTime.timestamp() if spec.acquireTime is not None else 0.0,
            renewed=spec.renewTime.timestamp() if spec.renewTime is not None else 0.0,
            transitions=spec.leaseTransitions or 0,
            role=_role_of(meta),
            version=f"{meta.uid}/{meta.resourceVersion}",
        )

    def _object(self, record: LeaseRecord) -> Lease:
        uid, _, version = record.version.rpartition("/")
        meta = ObjectMeta(
            name=self._name,
            namespace=self._namespace,
            labels=labels_of(self._service, "lease"),
            annotations={ROLE_ANNOTATION: record.role},
            resourceVersion=version or None,
            uid=uid or None,
        )
        spec = LeaseSpec(
            holderIdentity=record.holder,
            leaseDurationSeconds=int(record.duration),
            acquireTime=_micro_time(record.acquired),
            renewTime=_micro_time(record.renewed),
            leaseTransitions=record.transitions,
        )
        return Lease(metadata=meta, spec=spec)


def _role_of(meta: ObjectMeta) -> Role:
    named = (meta.annotations or {}).get(ROLE_ANNOTATION)
    return next((role for role in get_args(Role) if named == role), "rollout")


def _micro_time(seconds: float) -> datetime:
    # The API server takes exactly six digits, and a datetime without microseconds is written with none.
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment if moment.microsecond else moment.replace(microsecond=1)
