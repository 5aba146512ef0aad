"""Python packages in an environment of their own: a locked set, unpacked into the cache beside no other package.

The OpenFeature packages want a major version of protobuf that Pulumi's do not take, so they cannot lie in the virtual
environment of the project.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sandbox.errors import SandboxError
from sandbox.progress import Reporter
from sandbox.toolchain.store import Store

RECIPE = "1"
"""Part of every key: raise it when the way of installing changes."""
USUAL = "about 10 s"


def interpreter() -> Path:
    """The interpreter behind the virtual environment that this process runs in."""
    return Path(sys.executable).resolve()


def identity_of_python() -> str:
    """What compiled packages and bytecode depend on: interpreter, version, machine."""
    return f"{interpreter()} {sys.version} {os.uname().machine}"


@dataclass(frozen=True)
class LockedPackages:
    """``lock`` is a requirements file in which every package has a version and hashes."""

    name: str
    title: str
    lock: Path

    def key(self) -> str:
        """Sixteen hex digits over the lock and the interpreter."""
        parts = (RECIPE, identity_of_python(), self.lock.read_text(encoding="utf-8"))
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def install(packages: LockedPackages, store: Store, report: Reporter) -> Path:
    """The folder that holds ``packages``, installed now unless the cache has it."""
    with store.entry(packages.name, packages.key()) as entry:
        if entry.ready:
            return entry.folder
        with report.step(f"installing {packages.title}", USUAL):
            _install(packages, entry.draft)
        return entry.commit()


def _install(packages: LockedPackages, folder: Path) -> None:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--require-hashes", "--only-binary=:all:", "--no-compile"]
    command += [f"--target={folder}", f"--requirement={packages.lock}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        tail = (done.stdout + done.stderr).splitlines()[-8:]
        remedy = "check that the package index can be reached and run the command again"
        raise SandboxError(packages.name, f"installing {packages.title} failed", remedy, tail)


def isolated_python(folder: Path) -> tuple[list[str], Mapping[str, str]]:
    """The beginning of a command line and the variables with which Python sees the packages of ``folder`` and the
    standard library, and nothing else that is installed on this machine."""
    return [str(interpreter()), "-S"], {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
