"""PostgreSQL out of Debian's packages: those of the machine where it has them, else unpacked into the cache."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.errors import SandboxError
from sandbox.progress import Reporter
from sandbox.toolchain.debian import library_path, unpack
from sandbox.toolchain.store import Store

SERVERS = "usr/lib/postgresql"
"""Where Debian has the programs of each major version."""


@dataclass(frozen=True)
class PostgreSqlPrograms:
    """`folder` has initdb, postgres and psql; `environment` is what they need beside their own."""

    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)


def find_postgresql(store: Store, report: Reporter) -> PostgreSqlPrograms:
    """The programs of the newest version, fetched now where the machine has none and the cache neither."""
    if (found := _newest(Path("/"))) is not None:
        return PostgreSqlPrograms(found)
    root = unpack(store, report, "debian-postgresql", missing_packages())
    found = _newest(root)
    if found is None:
        raise SandboxError("packages", f"postgresql has no {SERVERS}/*/bin", "report it with the distribution's name")
    return PostgreSqlPrograms(found, {"LD_LIBRARY_PATH": library_path(root)})


def missing_packages() -> tuple[str, ...]:
    """What installing `postgresql` would install here, by the distribution's own versions and dependencies."""
    if shutil.which("apt-get") is None:
        raise SandboxError("packages", "this machine has no apt-get to fetch postgresql with", "install PostgreSQL")
    for first in (True, False):
        done = _apt("--simulate", "--no-install-recommends", "install", "postgresql")
        if found := tuple(re.findall(r"^Inst (\S+)", done.stdout, re.MULTILINE)):
            return found
        if first:  # a fresh machine knows no packages until its lists are fetched
            _apt("-q", "update")
    tail = (done.stdout + done.stderr).splitlines()[-8:]
    raise SandboxError("packages", "apt-get knows no postgresql", "check apt's sources and the network", tail)


def _apt(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "LC_ALL": "C"}
    return subprocess.run(["apt-get", *arguments], capture_output=True, text=True, check=False, env=environment)


def _newest(root: Path) -> Path | None:
    found = [place.parent for place in (root / SERVERS).glob("*/bin/initdb")]
    return max(found, key=lambda place: float(place.parent.name), default=None)
