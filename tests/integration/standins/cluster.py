"""The sandbox's cluster for the provider's tests, seen through kubectl."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Cluster:
    """kubectl on the sandbox, and the images its registry holds by version name."""

    variables: Mapping[str, str]
    images: Mapping[str, str]

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        result = subprocess.run(
            ["kubectl", *arguments],
            env=dict(self.variables),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert result.returncode == 0, f"kubectl {' '.join(arguments)}: {result.stderr}"
        return result.stdout

    def get(self, what: str, name: str, namespace: str) -> dict[str, Any]:
        return dict(json.loads(self.kubectl("get", what, name, "-n", namespace, "-o", "json")))

    def names(self, what: str, namespace: str) -> list[str]:
        listed = json.loads(self.kubectl("get", what, "-n", namespace, "-o", "json"))
        return [item["metadata"]["name"] for item in listed["items"]]

    def namespaces(self) -> list[str]:
        return self.names("namespaces", "default")
