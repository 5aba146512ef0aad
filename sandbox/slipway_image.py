"""The image of Slipway itself, for rollouts in Jobs of the sandbox: Python, what a rollout needs, the package's files.

Elsewhere the Containerfile in docs/in-cluster.md makes it; here there is no builder, and the packages are those of this
environment.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
from importlib import metadata
from pathlib import Path

from sandbox import images
from sandbox.paths import PROJECT
from sandbox.progress import Reporter, SilentReporter
from sandbox.toolchain import store
from sandbox.toolchain.python_layers import ENVIRONMENT, PYTHON, packages_layer, python_layer

REPOSITORY = "slipway/slipway"
WANTED = ("httpx2", "lightkube", "msgspec", "pydantic", "pyyaml")
"""What a rollout imports; the gates, Pulumi and the components stay outside."""
LEFT_OUT = shutil.ignore_patterns("__pycache__")


def image(report: Reporter | None = None) -> images.Image:
    """The image; its layers are made now unless the cache has them."""
    report = SilentReporter() if report is None else report
    names = closure(WANTED)
    versions = " ".join(f"{name}=={metadata.version(name)}" for name in names)
    source = PROJECT / "slipway"
    with tempfile.TemporaryDirectory() as folder:
        packages, own = Path(folder, "packages"), Path(folder, "own")
        _copy(names, packages)
        shutil.copytree(source, own / "slipway", ignore=LEFT_OUT)
        layers = [
            python_layer(store(), report),
            packages_layer("slipway-packages", packages, versions, store(), report),
            packages_layer("slipway", own, _content(source), store(), report),
        ]
    entrypoint = [PYTHON, "-m", "slipway.rollout.runner"]
    return images.build({}, entrypoint=entrypoint, environment=ENVIRONMENT, base=layers)


def publish(registry: str, report: Reporter | None = None) -> str:
    """Push what the registry at ``registry`` (``host:port``) lacks; ``registry/repository@sha256:...``.

    Raises ``httpx2.HTTPError`` when the registry cannot be reached or refuses.
    """
    return images.push(image(report), registry, REPOSITORY)


def closure(wanted: tuple[str, ...]) -> list[str]:
    """These distributions and all that they need, by name."""
    found: set[str] = set()
    pending = list(wanted)
    while pending:
        name = re.sub(r"[-_.]+", "-", pending.pop()).lower()
        if name in found:
            continue
        found.add(name)
        for line in metadata.requires(name) or []:
            if "extra ==" not in line and _is_installed(needed := re.split(r"[^\w.-]", line)[0]):
                pending.append(needed)
    return sorted(found)


def _is_installed(name: str) -> bool:
    """What another Python or system would need is not."""
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def _copy(names: list[str], target: Path) -> None:
    for name in names:
        for file in metadata.files(name) or []:
            if ".." in file.parts or "__pycache__" in file.parts:
                continue
            place = target / file
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file.locate(), place)


def _content(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(f"{path.relative_to(folder)}\0".encode() + path.read_bytes())
    return digest.hexdigest()
