"""A stack with three places: a namespace, a second cluster, and functions of the local AWS."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from sandbox.stage.functions import LambdaStage
from sandbox.stage.project import Stage

SECOND, FUNCTIONS = "west", "functions"
"""What the places beside the stack's own are called."""
PROBE = {"rate": 50, "path": "/"}


class PlacesStage(Stage):
    """A stage on Kubernetes. The second cluster is the same one by another context and with another namespace;
    `functions` has the service on Lambda, its URL and its table."""

    def __init__(self, folder: Path, stack: str, namespace: str, function: str, environment: Mapping[str, str]) -> None:
        super().__init__(folder, stack, namespace, environment)
        self.functions = LambdaStage(folder, stack, function, environment)
        self.environment["KUBECONFIG"] = str(folder / "kubeconfig")
        self._kubeconfig = Path(environment["KUBECONFIG"])

    def place(self) -> dict[str, Any]:
        """The stack's own place, and the two others."""
        own, prometheus = super().place(), self._metrics()
        west = {"name": SECOND, "context": SECOND, "namespace": self._second}
        lambdas = self.functions.place()
        places = {
            SECOND: {
                "target": west,
                "metrics": prometheus,
                "gatewayUrl": own["releases:gatewayUrl"],
                "probe": PROBE,
            },
            FUNCTIONS: {
                "target": lambdas["releases:target"],
                "lambda": lambdas["releases:lambda"],
                "metrics": self.functions._metrics(),
            },
        }
        return {**own, "releases:probe": PROBE, "releases:places": places}

    @property
    def _second(self) -> str:
        return f"{self.namespace}-{SECOND}"

    def _make_namespace(self) -> None:
        content = yaml.safe_load(self._kubeconfig.read_text(encoding="utf-8"))
        current = next(one for one in content["contexts"] if one["name"] == content["current-context"])
        content["contexts"].append({**current, "name": SECOND})
        Path(self.environment["KUBECONFIG"]).write_text(yaml.safe_dump(content), encoding="utf-8")
        super()._make_namespace()
        self._kubectl("create", "namespace", self._second)
        self.functions._make_namespace()

    def _remove_namespace(self) -> None:
        super()._remove_namespace()
        self._kubectl("delete", "namespace", self._second, "--ignore-not-found", "--wait=false")
        self.functions._remove_namespace()
