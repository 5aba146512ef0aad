"""The kinds that rollouts read, made known to the decoder while there is one thread only.

msgspec 0.22 works out a type when it first decodes it, and two threads that do so at the same time crash the process
(a segmentation fault: 39 of 40 runs of the program in this module's test, none of 40 after `learn`). A provider runs
the rollouts of several services at once and must not die of it, so client.py calls it when it is imported.
"""

from __future__ import annotations

from lightkube.core.decoders import decode_list, decode_object, decode_status
from lightkube.resources.apps_v1 import Deployment
from lightkube.resources.batch_v1 import Job
from lightkube.resources.coordination_v1 import Lease
from lightkube.resources.core_v1 import ConfigMap, Event, Pod, Service
from lightkube.resources.discovery_v1 import EndpointSlice

KINDS = (ConfigMap, Deployment, EndpointSlice, Event, Job, Lease, Pod, Service)


def learn() -> None:
    """Let the decoder work out every kind, its list, the answer to scaling, and the API server's error message."""
    for kind in KINDS:
        decode_list(b'{"items": []}', kind)
    decode_object(b"{}", Deployment.Scale)
    decode_status(b"{}")
