"""Published versions that are images: one container each, which serves all of its requests."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from sandbox.aws.ecs.pods import Seen
from sandbox.aws.rest import adapter

NAMESPACE = "lambda"
LOOK_SECONDS = 0.3
ACTIVE = {"State": "Active", "StateReason": "", "StateReasonCode": "", "LastUpdateStatus": "Successful"}
PENDING = {"State": "Pending", "StateReason": "The function is being created.", "StateReasonCode": "Creating"}
Json = dict[str, Any]
Config = Json
"""Of a version: ministack's own object, whose state is changed here."""


class Node(Protocol):
    """What runs containers: see sandbox.aws.ecs.pods.Pods."""

    def seen(self) -> dict[str, Seen]:
        """Every container that there is."""
        ...

    def create(self, task: str, definition: Json, group: str, overrides: Json) -> None:
        """Start one."""
        ...

    def delete(self, task: str, grace: int | None = None) -> None:
        """End one."""
        ...


class Versions:
    """`published` tells the configurations of all versions that have an image."""

    def __init__(self, node: Node, published: Callable[[], Iterable[Config]]) -> None:
        self._node = node
        self._published = published
        self._addresses: Mapping[str, str] = {}

    def run(self) -> None:
        """Until the process is ended."""
        while True:
            try:
                self.look()
            except Exception:  # one look that fails ends no function
                logging.getLogger(__name__).exception("a look at the versions failed")
            time.sleep(LOOK_SECONDS)

    def look(self) -> None:
        """Once: start what was published, end what was deleted, and say which versions can be invoked."""
        wanted = {task_of(config): config for config in self._published()}
        if not wanted and not self._addresses:
            return
        seen = self._node.seen()
        for task in seen.keys() - wanted.keys():
            self._node.delete(task)
        for task, config in wanted.items():
            self._settle(task, config, seen.get(task))
        self._addresses = {task: pod.address for task, pod in seen.items() if pod.address and not pod.ended}

    def _settle(self, task: str, config: Config, pod: Seen | None) -> None:
        pending = config.get("State") == "Pending"
        if pod is None:
            self._node.create(task, definition_of(config), f"function:{config['FunctionName']}", {})
        elif pod.ended:
            self._node.delete(task, 0)  # the next look starts it again
            if pending:  # AWS runs nothing before the first invocation, which is what then fails
                config.update(ACTIVE)
        elif pending and pod.trouble:
            config.update(State="Failed", StateReasonCode="ImageAccessDenied", StateReason=pod.trouble)
        elif pending and pod.address and adapter.is_ready(config, pod.address):
            config.update(ACTIVE)

    def address_of(self, config: Config) -> str | None:
        """Of the container of a version; None while none runs. `$LATEST` is never run here."""
        return self._addresses.get(task_of(config))

    def invoke(self, config: Config, event: Json) -> Json:
        """Run a version."""
        address = self.address_of(config)
        if address is None:
            return adapter.error("Runtime.ExitError", f"version {config['Version']} has no container that runs")
        return adapter.invoke(config, address, event)


def task_of(config: Config) -> str:
    """The name of a version's container."""
    text = f"{config['FunctionName']}:{config['RevisionId']}"
    return f"{hashlib.sha256(text.encode()).hexdigest()[:12]}-{config['Version'].strip('$').lower()}"


def definition_of(config: Config) -> Json:
    """Its container, as a task of ECS has it."""
    image = (config.get("ImageConfigResponse") or {}).get("ImageConfig") or {}
    variables = [{"name": name, "value": value} for name, value in adapter.variables(config).items()]
    container = {
        "name": "function",
        "image": config["ImageUri"],
        "environment": variables,
        "memory": config["MemorySize"],
        "stopTimeout": 2,
        **({"entryPoint": image["EntryPoint"]} if image.get("EntryPoint") else {}),
        **({"command": image["Command"]} if image.get("Command") else {}),
    }
    return {"containerDefinitions": [container]}
