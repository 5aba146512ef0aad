"""The registry that the sample's images are pushed to and the node pulls from."""

from __future__ import annotations

from functools import partial

import yaml

from sandbox import probes
from sandbox.context import REGISTRY_PORT, Context
from sandbox.parts.part import Part


def part(context: Context) -> Part:
    """Plain HTTP, files on disk, deletes allowed."""
    config = context.paths.config / "registry.yaml"
    document = {
        "version": "0.1",
        "log": {"level": "warn", "accesslog": {"disabled": True}},
        "storage": {
            "filesystem": {"rootdirectory": str(context.paths.data / "registry")},
            "delete": {"enabled": True},
        },
        "http": {"addr": f"0.0.0.0:{REGISTRY_PORT}", "secret": context.paths.identity},
    }
    return Part(
        name="registry",
        argv=[str(context.tools.daemon("docker-registry")), "serve", str(config)],
        files={config: yaml.safe_dump(document, sort_keys=False)},
        environment={"OTEL_TRACES_EXPORTER": "none"},
        ready=partial(probes.http_ok, context.url(REGISTRY_PORT, "/v2/")),
        version=context.tools.version("docker-registry"),
        listens=context.registry,
    )
