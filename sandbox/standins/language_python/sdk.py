"""Files of Pulumi's Python SDK that come with its Go module: the program runner and the dynamic provider's script.

They are used from the Go module cache, where building the CLI has put them.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from sandbox.standins.errors import StandInError

_MODULE = Path("github.com/pulumi/pulumi/sdk")
_RUNNER = Path("python/cmd/pulumi-language-python-exec")
_DYNAMIC = Path("python/dist/pulumi-resource-pulumi-python")
_VERSION = re.compile(r"^v3@v(\d+)\.(\d+)\.(\d+)$")


def program_runner(environment: Mapping[str, str] = os.environ) -> Path:
    """The script that runs a program inside the program's own Python."""
    return _file(_RUNNER, environment)


def dynamic_provider(environment: Mapping[str, str] = os.environ) -> Path:
    """The script that starts the provider of dynamic resources."""
    return _file(_DYNAMIC, environment)


def sdk_version(environment: Mapping[str, str] = os.environ) -> str:
    """The version of the SDK module in use, such as ``3.259.0``; "" when there is none."""
    try:
        match = _VERSION.match(sdk_folder(environment).name)
    except StandInError:
        return ""
    return ".".join(match.groups()) if match else ""


def sdk_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """The SDK module's folder: ``SLIPWAY_PULUMI_SDK``, else the newest in the Go module cache.

    The variable may also name a folder that holds just the files, side by side.

    Raises:
        StandInError: there is none.
    """
    if explicit := environment.get("SLIPWAY_PULUMI_SDK"):
        return Path(explicit)
    for cache in _module_caches(environment):
        if versions := _versions(cache):
            return versions[max(versions)]
    raise StandInError(
        "the Go module cache holds no github.com/pulumi/pulumi/sdk/v3, which brings the program runner: "
        "run `slipway sandbox up`, or `go mod download github.com/pulumi/pulumi/sdk/v3@v3.259.0`"
    )


def _file(inner: Path, environment: Mapping[str, str]) -> Path:
    folder = sdk_folder(environment)
    for place in (folder / inner.name, folder / inner):
        if place.is_file():
            return place
    raise StandInError(f"{folder} does not hold {inner.name}: correct SLIPWAY_PULUMI_SDK, or run `slipway sandbox up`")


def _versions(cache: Path) -> dict[tuple[int, ...], Path]:
    found: dict[tuple[int, ...], Path] = {}
    for folder in (cache / _MODULE).glob("v3@v*"):
        match = _VERSION.match(folder.name)
        if match and (folder / _RUNNER).is_file():
            found[tuple(int(part) for part in match.groups())] = folder
    return found


def _module_caches(environment: Mapping[str, str]) -> list[Path]:
    caches = []
    if named := environment.get("GOMODCACHE"):
        caches.append(Path(named))
    gopath = environment.get("GOPATH", "").split(os.pathsep)[0]
    caches.append(Path(gopath or Path.home() / "go") / "pkg" / "mod")
    if not any(map(_versions, caches)):
        caches += _asked_of_go(environment)
    return caches


def _asked_of_go(environment: Mapping[str, str]) -> list[Path]:
    try:
        answer = subprocess.run(
            ["go", "env", "GOMODCACHE"], env=dict(environment), capture_output=True, text=True, check=False, timeout=10
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    return [Path(answer.stdout.strip())] if answer.stdout.strip() else []


if __name__ == "__main__":
    try:
        sys.stdout.write(f"{dynamic_provider()}\n")
    except StandInError as error:
        sys.exit(str(error))
