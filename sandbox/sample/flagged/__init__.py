"""The sample service that reads a feature flag, and its image: Python, OpenFeature's packages, the program."""

from __future__ import annotations

from pathlib import Path

from sandbox import images
from sandbox.progress import Reporter, SilentReporter
from sandbox.toolchain import catalog, ensure_openfeature, store
from sandbox.toolchain.python_layers import ENVIRONMENT, PYTHON, packages_layer, python_layer

PROGRAM = Path(__file__).resolve().parent / "service.py"
PLACE = "/opt/service.py"
REPOSITORY = "flagged"


def image(report: Reporter | None = None) -> images.Image:
    """The image of the service; its layers are made now unless the cache has them."""
    report = SilentReporter() if report is None else report
    packages = packages_layer("openfeature", ensure_openfeature(report), catalog.openfeature().key(), store(), report)
    return images.build(
        {PLACE: PROGRAM.read_bytes()},
        entrypoint=[PYTHON, PLACE],
        environment=ENVIRONMENT,
        base=[python_layer(store(), report), packages],
    )


def publish(registry: str, report: Reporter | None = None) -> str:
    """Push what the registry at ``registry`` (``host:port``) lacks; ``registry/repository@sha256:...``.

    Raises ``httpx2.HTTPError`` when the registry cannot be reached or refuses.
    """
    return images.push(image(report), registry, REPOSITORY)
