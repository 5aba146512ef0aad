"""Makes what is wanted so: a look at pods and targets, then at each task and each service."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Mapping
from typing import Any, Protocol

from sandbox.aws.ecs.pods import Seen
from sandbox.aws.ecs.state import Deployment, Service, State, Task, new_id

Json = dict[str, Any]
LOOK_SECONDS = 0.25
BREAKER = (3, 200)
"""Tasks that may fail before the circuit breaker ends a deployment: half of those that are wanted, within this."""
SLOWEST = 15.0
"""Seconds between two tasks of a deployment whose tasks fail."""
GONE = ("unused", "unavailable", "")
"""What a target group says of a target that gets no requests any more."""


class Runtime(Protocol):
    """Where tasks run."""

    def seen(self) -> dict[str, Seen]:
        """Every pod, by task."""
        ...

    def create(self, task: str, definition: Json, group: str, overrides: Json) -> None:
        """Start one."""
        ...

    def delete(self, task: str, grace: int | None = None) -> None:
        """Stop one."""
        ...


class Targets(Protocol):
    """The targets of load balancers."""

    def register(self, group: str, address: str, port: int) -> None:
        """Add one."""
        ...

    def deregister(self, group: str, address: str, port: int) -> None:
        """Take one away, once its requests in flight have ended."""
        ...

    def health(self, group: str, address: str, port: int) -> str:
        """Its state; empty where there is no such group."""
        ...


class Reconciler:
    """One thread calls `look` again and again; nothing is decided elsewhere."""

    def __init__(self, state: State, runtime: Runtime, targets: Targets) -> None:
        self._state = state
        self._runtime = runtime
        self._targets = targets

    def run(self) -> None:
        """Look until the process is ended. What cannot be asked for or done now is tried again."""
        while True:
            try:
                self.look()
            except OSError as error:
                sys.stderr.write(f"ecs: {error}\n")
            time.sleep(LOOK_SECONDS)

    def look(self) -> None:
        """Once at everything."""
        pods = self._runtime.seen()
        with self._state.lock:
            self._state.forget_old(time.time())
            tasks = [task for task in self._state.tasks.values() if task.status != "STOPPED"]
            services = {one.id: service for service in self._state.services.values() for one in service.deployments}
        for task in tasks:
            self._advance(task, services.get(task.deployment), pods)
        with self._state.lock:
            for service in self._state.services.values():
                if service.status != "INACTIVE":
                    self._schedule(service)

    def _advance(self, task: Task, service: Service | None, pods: Mapping[str, Seen]) -> None:
        pod = pods.get(task.id)
        if pod is not None and not task.exit_codes:
            task.exit_codes, task.reasons = dict(pod.exit_codes), dict(pod.reasons)
        if task.desired == "STOPPED":
            self._stop(task, service, pod)
        elif task.status == "PROVISIONING":
            definition = self._state.definitions[task.definition]
            self._runtime.create(task.id, definition, task.group, task.overrides)
            task.status = "PENDING"
        elif pod is not None and pod.ended:
            task.ask_to_stop("EssentialContainerExited", "Essential container in task exited")
        elif pod is not None and pod.trouble:
            task.ask_to_stop("TaskFailedToStart", pod.trouble)
        elif pod is not None and pod.phase == "Running" and pod.address:
            self._serve(task, service, pod)

    def _serve(self, task: Task, service: Service | None, pod: Seen) -> None:
        groups = service.groups if service else []
        if not task.registered:
            for one in groups:
                self._targets.register(one["targetGroupArn"], pod.address, one["containerPort"])
            task.address, task.registered, task.ran = pod.address, True, True
            task.status, task.started = "RUNNING", time.time()
        states = [self._targets.health(one["targetGroupArn"], pod.address, one["containerPort"]) for one in groups]
        task.healthy = all(state == "healthy" for state in states)
        grace = float(service.asked.get("healthCheckGracePeriodSeconds") or 0) if service else 0.0
        if "unhealthy" in states and time.time() > task.started + grace:
            task.ask_to_stop("ServiceSchedulerInitiated", "Task failed ELB health checks")

    def _stop(self, task: Task, service: Service | None, pod: Seen | None) -> None:
        """Out of the load balancers, then SIGTERM, then gone; a container that has ended skips what it can."""
        groups = service.groups if service and task.registered else []
        places = [(one["targetGroupArn"], task.address, one["containerPort"]) for one in groups]
        task.healthy = False
        if task.status in ("PROVISIONING", "PENDING", "RUNNING"):
            for place in places:
                self._targets.deregister(*place)
            task.status = "DEACTIVATING"
        ended = pod is None or pod.ended
        if not ended and any(self._targets.health(*place) not in GONE for place in places):
            return
        if pod is not None and (not pod.deleting or pod.ended):
            self._runtime.delete(task.id, 0 if pod.ended else None)
        task.status = "STOPPING"
        if pod is None or pod.ended:
            task.status, task.stopped = "STOPPED", time.time()
            if service is not None:
                with self._state.lock:
                    self._count(task, service)

    def _count(self, task: Task, service: Service) -> None:
        """A task that was to run and did not counts against a deployment that is not complete yet."""
        mine = next(one for one in service.deployments if one.id == task.deployment)
        if task.stop_code in ("UserInitiated", "") or "scaling" in task.reason or mine.rollout == "COMPLETED":
            return
        mine.failed += 1
        mine.not_before = time.monotonic() + min(SLOWEST, 0.5 * mine.failed)
        breaker = (service.asked.get("deploymentConfiguration") or {}).get("deploymentCircuitBreaker") or {}
        least, most = BREAKER
        if breaker.get("enable") and mine.failed >= min(most, max(least, math.ceil(service.desired / 2))):
            mine.rollout, mine.reason = "FAILED", "ECS deployment circuit breaker: tasks failed to start."
            service.say(f"(deployment {mine.id}) deployment failed: tasks failed to start.")

    def _schedule(self, service: Service) -> None:
        tasks = self._state.tasks_of(service)
        alive = [task for task in tasks if task.status != "STOPPED"]
        primary = service.primary
        mine = [task for task in alive if task.deployment == primary.id and task.desired == "RUNNING"]
        self._start_missing(service, primary, len(mine))
        for task in sorted(mine, key=lambda one: (one.healthy, -one.created))[: max(0, len(mine) - service.desired)]:
            task.ask_to_stop("ServiceSchedulerInitiated", f"Scaling activity initiated by scaling of {service.name}")
        ready = sum(task.healthy and task.status == "RUNNING" for task in mine)
        if ready >= service.desired and primary.rollout != "FAILED":
            self._complete(service, primary, alive)
        if service.status == "DRAINING" and not alive:
            service.status = "INACTIVE"

    def _start_missing(self, service: Service, primary: Deployment, there: int) -> None:
        if primary.rollout == "FAILED" or time.monotonic() < primary.not_before:
            return
        for _ in range(there, service.desired):
            group = f"service:{service.name}"
            task = Task(new_id(), service.cluster, primary.definition, primary.id, group)
            self._state.tasks[task.id] = task

    def _complete(self, service: Service, primary: Deployment, alive: list[Task]) -> None:
        if primary.rollout != "COMPLETED":
            primary.rollout, primary.reason = "COMPLETED", f"ECS deployment {primary.id} completed."
            service.say("has reached a steady state.")
        for task in alive:
            if task.deployment != primary.id:
                task.ask_to_stop("ServiceSchedulerInitiated", "Scaling activity initiated by a deployment")
        left = {task.deployment for task in alive}
        service.deployments = [one for one in service.deployments if one is primary or one.id in left]
