"""The releases of one service, one after the other, as the tests of a module make them."""

from __future__ import annotations

import itertools
import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox import process
from sandbox.chaos.processes import VARIABLE, Checkout
from sandbox.sample.load import Load
from sandbox.slipway_pods import RUNS, kill_process, running_pod, stop_process
from sandbox.stage import manifests
from slipway.release.records.journal import Attempt
from tests.integration.releases.service import EASY, QUICK, Service, traffic_at, until

HELD: Mapping[str, Any] = {"kind": "canary", "steps": [{"weight": 25, "bake": "120s"}, {"weight": 100, "bake": "1s"}]}
"""Stands at 25% until the test has done what it wants to do there."""
SLOW: Mapping[str, Any] = {"kind": "canary", "steps": [{"weight": 25, "bake": "8s"}, {"weight": 100, "bake": "1s"}]}
IMAGES = itertools.cycle(("v2", "v3", "v4"))


@dataclass
class Releases:
    """`serving` is the version that was left in charge."""

    service: Service
    serving: str = ""
    image: str = ""
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def released(self, image: str) -> None:
        """A release that must succeed."""
        version = self.declared(QUICK, image)
        result = self.service.stage.up()
        assert result.code == 0, result.output
        self.serving = version

    def watched(self, image: str, **watch: Any) -> str:
        """A release whose predecessor stays warm and that is watched after 100%; it must succeed."""
        version = self.declared(QUICK, image, standby=self.serving, watch=watch)
        result = self.service.stage.up()
        assert result.code == 0, result.output
        return version

    def declared(self, strategy: Mapping[str, Any], image: str | None = None, **changes: Any) -> str:
        """The next version, in the stack's configuration. It is a revision of its own, whatever its image: one that has
        completed before would be a rollback."""
        self.image = image or next(IMAGES)
        version = f"r{next(self._numbers)}"
        workload = manifests.workload(replicas=2, env={"RELEASE": version})
        self.service.configure(version, strategy, image=self.image, workload=workload, **EASY, **changes)
        return version

    def started(self, strategy: Mapping[str, Any], load: Load, log: Path) -> tuple[str, subprocess.Popen[bytes]]:
        """`pulumi up` of the next version, once it has traffic."""
        version = self.declared(strategy)
        process = self.service.stage.start_up(log)
        until(lambda: self.is_at_25(version), f"25% to {version}: {log.read_text(errors='replace')}")
        traffic_at(load, self.image)
        return version, process

    def is_at_25(self, version: str) -> bool:
        """Whether the journal says so."""
        attempt = self.service.head().attempt
        return attempt is not None and attempt.candidate.version == version and len(attempt.steps) > 0

    def attempt(self) -> Attempt:
        """The journal's last attempt."""
        attempt = self.service.head().attempt
        assert attempt is not None
        return attempt

    def jobs(self) -> list[dict[str, Any]]:
        """The Jobs in the namespace, oldest first."""
        found = json.loads(self.service.kubectl("get", "jobs", "--sort-by=.metadata.creationTimestamp", "-o", "json"))
        return list(found["items"])

    def pod(self) -> str:
        """The pod of the Job that runs."""
        found = json.loads(self.service.kubectl("get", "pods", "-l", "slipway.dev/part=run", "-o", "json"))
        (name,) = [
            one["metadata"]["name"]
            for one in found["items"]
            if one["status"]["phase"] == "Running" and "deletionTimestamp" not in one["metadata"]
        ]
        return str(name)

    def kill_process(self, part: str = RUNS) -> None:
        """`kill -9` of the process in the Job's container, as the kernel does it when memory is short."""
        found = running_pod(self.service.stage.namespace, part, self.service.stage.environment)
        assert found is not None
        assert kill_process(found[1])

    def stop_process(self, part: str = RUNS) -> None:
        """The process in the Job's container lives and does nothing any more."""
        found = running_pod(self.service.stage.namespace, part, self.service.stage.environment)
        assert found is not None
        assert stop_process(found[1])

    def restarts(self, pod: str) -> int:
        """How often the kubelet has started the containers of a pod again."""
        found = json.loads(self.service.kubectl("get", "pod", pod, "-o", "json"))
        return sum(int(state["restartCount"]) for state in found["status"]["containerStatuses"])

    def drain(self, pod: str) -> None:
        """What `kubectl drain` does to the node of a pod, for this pod alone: the node takes no pods, and the pod is
        evicted. Returns when it is gone; then the node takes pods again, as another one would."""
        found = json.loads(self.service.kubectl("get", "pod", pod, "-o", "json"))
        node, job = found["spec"]["nodeName"], found["metadata"]["labels"]["job-name"]
        options = [f"--pod-selector=job-name={job}", "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=60s"]
        try:
            self.service.kubectl("drain", node, *options)
        finally:
            self.service.kubectl("uncordon", node)

    def kill_everything_here(self) -> None:
        """`kill -9` of the CLI, its language host and its plugins: the host is lost. Its lock is removed afterwards."""
        mark = Checkout(Path(self.service.stage.environment[VARIABLE]))
        process.end(mark.pids())
        self.service.stage.run("cancel", "--yes")
