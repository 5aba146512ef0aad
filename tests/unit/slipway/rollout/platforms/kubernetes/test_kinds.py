from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import json, sys, threading
import slipway.rollout.platforms.kubernetes.client
from lightkube.core.decoders import decode_list
from lightkube.resources.apps_v1 import Deployment
from lightkube.resources.coordination_v1 import Lease
from lightkube.resources.core_v1 import ConfigMap, Pod

container = {"name": "x", "livenessProbe": {"httpGet": {"port": 80}}}
pod = {"metadata": {"name": "x"}, "spec": {"containers": [container]}, "status": {"conditions": []}}
answer = json.dumps({"items": [pod], "metadata": {"resourceVersion": "1"}}).encode()
empty = json.dumps({"items": [], "metadata": {}}).encode()
sys.setswitchinterval(1e-6)
kinds = (Pod, Pod, Deployment, Lease, ConfigMap, Pod)
barrier = threading.Barrier(len(kinds))

def decode(kind):
    barrier.wait()
    decode_list(answer if kind is Pod else empty, kind)

threads = [threading.Thread(target=decode, args=(kind,)) for kind in kinds]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""


@pytest.mark.parametrize("attempt", range(3))
def test_several_threads_may_read_the_cluster_from_the_first_moment(attempt: int) -> None:
    ended = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, f"attempt {attempt}: exit code {ended.returncode} {ended.stderr}"
