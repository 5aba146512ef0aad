"""Puts the stand-ins where they are looked for, each only when the real program is not installed.

The CLI takes its bundled plugins (the language hosts, the dynamic provider) from the folder it lies in itself, and
resource plugins from ``PULUMI_HOME``; found on PATH instead, each costs a warning in every command.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

from sandbox.paths import cache_dir

STANDINS = Path(__file__).resolve().parent / "bin"
BUNDLED = ("pulumi-language-python", "pulumi-resource-pulumi-python", "pulumi-language-nodejs")
KUBERNETES = "pulumi-resource-kubernetes"
AWS = "pulumi-resource-aws"
PROVIDERS = {KUBERNETES: "pulumi_kubernetes", AWS: "pulumi_aws"}
"""Resource provider -> the Python package of its SDK, which says the version that programs ask for."""
FLAGD = "flagd"


def bin_directory_for(environment: Mapping[str, str]) -> Path:
    """A folder of links to the stand-ins that ``environment`` lacks, to be put first on its PATH.

    With a language host the folder holds ``pulumi`` as well (a hard link where possible). When ``PULUMI_HOME`` is
    set, the resource providers are linked into its plugin folder instead. Safe to call again and again.
    """
    bundled = [name for name in BUNDLED if not real_bundled(name, environment)]
    others = [] if _real_on_path(FLAGD, environment) else [FLAGD]
    folder = cache_dir() / "standins" / _identity(environment, bundled + others)
    folder.mkdir(parents=True, exist_ok=True)
    _forget_old_binaries(folder)
    for name in bundled + others:
        _link(folder / name, STANDINS / name)
    pulumi = _pulumi(environment)
    if bundled and pulumi is not None:
        _hard_link(folder / "pulumi", pulumi)
    for provider in PROVIDERS:
        _place(provider, folder, environment)
    return folder


def origin(name: str, environment: Mapping[str, str]) -> str | None:
    """What ``name`` leads to in an environment with these links: a path, "stand-in", or None for nothing."""
    found = shutil.which(name, path=environment.get("PATH", ""))
    if found is None and environment.get("PULUMI_HOME"):
        plugins = Path(environment["PULUMI_HOME"]) / "plugins"
        found = next(map(str, plugins.glob(f"{name.removeprefix('pulumi-')}-v*/{name}")), None)
    if found is None:
        return None
    return str(Path(found).resolve()) if _is_real(Path(found)) else "stand-in"


def real_bundled(name: str, environment: Mapping[str, str]) -> bool:
    """Whether the real plugin lies next to the CLI or on PATH."""
    pulumi = _pulumi(environment)
    if pulumi is not None and _is_real(pulumi.parent / name):
        return True
    return _real_on_path(name, environment)


def _real_on_path(name: str, environment: Mapping[str, str]) -> bool:
    return any(_is_real(Path(folder) / name) for folder in _path(environment))


def real_kubernetes(environment: Mapping[str, str]) -> Path | None:
    """The newest real Kubernetes provider, see `real_provider`."""
    return real_provider(KUBERNETES, environment)


def real_provider(name: str, environment: Mapping[str, str]) -> Path | None:
    """The newest real resource provider of that name: on PATH, in ``PULUMI_HOME`` or in ``~/.pulumi``."""
    for folder in _path(environment):
        if _is_real(Path(folder) / name):
            return Path(folder) / name
    homes = [Path(environment["PULUMI_HOME"])] if environment.get("PULUMI_HOME") else []
    for home in [*homes, Path.home() / ".pulumi"]:
        pattern = f"plugins/{name.removeprefix('pulumi-')}-v*/{name}"
        found = [each for each in home.glob(pattern) if _is_real(each)]
        if found:
            return max(found, key=lambda each: _version(each.parent.name))
    return None


def place_real_kubernetes(home: Path, provider: Path) -> None:
    """Make `provider` the Kubernetes provider of the PULUMI_HOME `home`, in place of the stand-in.

    It lies under the version of the SDK that asks for it, as the stand-in does: the engine takes no lower one.
    """
    place = _place_in(home, KUBERNETES)
    place.parent.mkdir(parents=True, exist_ok=True)
    _link(place, provider)


def forget_kubernetes(home: Path) -> None:
    """Remove the stand-in's link from the PULUMI_HOME `home`."""
    _forget(home, KUBERNETES)


def _forget(home: Path, name: str) -> None:
    place = _place_in(home, name)
    if place.is_symlink():
        place.unlink()
        place.parent.rmdir()


def _place_in(home: Path, name: str) -> Path:
    folder = f"{name.removeprefix('pulumi-')}-v{metadata.version(PROVIDERS[name])}"
    return home / "plugins" / folder / name


def kubernetes_version() -> str:
    """The version that programs ask for: that of the SDK."""
    return metadata.version(PROVIDERS[KUBERNETES])


def _place(name: str, folder: Path, environment: Mapping[str, str]) -> None:
    home = environment.get("PULUMI_HOME")
    real = real_provider(name, environment)
    if not home:
        if real is None:
            _link(folder / name, STANDINS / name)
        return
    plugins = Path(home) / "plugins"
    ours = _place_in(Path(home), name)
    if real is None:
        ours.parent.mkdir(parents=True, exist_ok=True)
        _link(ours, STANDINS / name)
        return
    if not _is_real(ours):
        _forget(Path(home), name)
    if plugins not in real.parents and real.parent.name.startswith(f"{name.removeprefix('pulumi-')}-v"):
        target = plugins / real.parent.name / name
        target.parent.mkdir(parents=True, exist_ok=True)
        _link(target, real)


def _pulumi(environment: Mapping[str, str]) -> Path | None:
    """The CLI on PATH, behind its links and behind our own folders of links."""
    caches = cache_dir() / "standins"
    for folder in _path(environment):
        found = shutil.which("pulumi", path=folder)
        if found and caches not in Path(found).parents:
            return Path(found).resolve()
    return None


def _path(environment: Mapping[str, str]) -> list[str]:
    return [folder for folder in environment.get("PATH", "").split(os.pathsep) if folder]


def _is_real(plugin: Path) -> bool:
    return os.access(plugin, os.X_OK) and plugin.is_file() and STANDINS not in plugin.resolve().parents


def _identity(environment: Mapping[str, str], linked: list[str]) -> str:
    pulumi = _pulumi(environment)
    parts = [str(STANDINS), *linked]
    if pulumi is not None:
        state = pulumi.stat()
        parts += [str(pulumi), str(state.st_size), str(state.st_mtime_ns)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


def _link(link: Path, target: Path) -> None:
    if link.is_symlink() and link.readlink() == target:
        return
    fresh = link.with_name(f".{link.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    fresh.replace(link)


def _hard_link(link: Path, target: Path) -> None:
    if link.exists():
        return
    try:
        link.hardlink_to(target)
    except FileExistsError:
        return
    except OSError:  # another file system
        _link(link, target)


def _forget_old_binaries(current: Path) -> None:
    """Let go of each ``pulumi`` that exists in a folder of links only: it has been built anew since."""
    for other in current.parent.glob("*/pulumi"):
        if other.parent != current and not other.is_symlink() and other.stat().st_nlink == 1:
            other.unlink(missing_ok=True)


def _version(folder: str) -> tuple[int, ...]:
    numbers = folder.rpartition("-v")[2].split("-")[0].split(".")
    return tuple(int(number) for number in numbers if number.isdigit())
