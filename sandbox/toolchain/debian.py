"""Daemons out of Debian packages, unpacked into the cache: nothing is installed, no service is started."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

from sandbox.errors import SandboxError
from sandbox.progress import Reporter
from sandbox.toolchain.store import Store

NODE_PACKAGES = ("containerd", "runc", "libseccomp2", "containernetworking-plugins")
VERSIONS = "versions.json"
"""Which package was unpacked in which version."""
SERVICE_PACKAGES = ("prometheus", "docker-registry")
ALERTING_PACKAGES = ("prometheus-alertmanager",)
IPROUTE_PACKAGES = (
    "iproute2",
    "libbpf1",
    "libbsd0",
    "libcap2",
    "libdb5.3",
    "libelf1",
    "libmd0",
    "libmnl0",
    "libtirpc3",
    "libxtables12",
)
"""Only fetched where the machine has no ``ip`` of its own."""


def wanted_packages() -> tuple[str, ...]:
    """What this machine lacks."""
    extra = () if shutil.which("ip") else IPROUTE_PACKAGES
    return NODE_PACKAGES + SERVICE_PACKAGES + extra


def key(packages: tuple[str, ...], release: str) -> str:
    """Sixteen hex digits over the packages' names and the distribution they come from."""
    return hashlib.sha256("\0".join((VERSIONS, *packages, release)).encode()).hexdigest()[:16]


def distribution() -> str:
    """Name and version of the running distribution, such as ``debian 12 x86_64``."""
    try:
        text = Path("/etc/os-release").read_text(encoding="utf-8")
    except OSError:
        text = ""
    fields = dict(re.findall(r'^(ID|VERSION_ID)="?([^"\n]*)"?$', text, re.MULTILINE))
    return f"{fields.get('ID', 'unknown')} {fields.get('VERSION_ID', '')} {os.uname().machine}"


def unpack(store: Store, report: Reporter, name: str = "debian", packages: tuple[str, ...] | None = None) -> Path:
    """The folder into which packages are unpacked, fetched now unless the cache has them: those that this machine
    lacks, or the named ones, each set in an entry of its own name."""
    packages = wanted_packages() if packages is None else packages
    with store.entry(name, key(packages, distribution())) as entry:
        if entry.ready:
            return entry.folder
        if not shutil.which("apt-get") or not shutil.which("dpkg"):
            remedy = "run the sandbox on Debian or Ubuntu, or use your own cluster (slipway sandbox up --external)"
            raise SandboxError("packages", f"this machine has no apt-get to fetch {packages[0]} with", remedy)
        with report.step(f"fetching {', '.join(packages)}", "under 1 min"):
            _download(packages, entry.draft)
            _unpack_all(entry.draft)
        return entry.commit()


def unpack_alertmanager(store: Store, report: Reporter) -> Path:
    """The folder with Alertmanager and amtool."""
    return unpack(store, report, "debian-alertmanager", ALERTING_PACKAGES)


def _unpack_all(draft: Path) -> None:
    found = {}
    for archive in sorted(draft.glob("*.deb")):
        name, version = _run(
            ["dpkg-deb", "--show", "--showformat", "${Package} ${Version}", archive.name], draft
        ).split()
        found[name] = version
        _run(["dpkg", "-x", archive.name, "."], draft)
        archive.unlink()
    (draft / VERSIONS).write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def versions(root: Path) -> dict[str, str]:
    """Package to version, as unpacked into ``root``."""
    found: dict[str, str] = json.loads((root / VERSIONS).read_text(encoding="utf-8"))
    return found


def _download(packages: tuple[str, ...], folder: Path) -> None:
    download = ["apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", *packages]
    if _attempt(download, folder).returncode == 0:
        return
    _run(["apt-get", "-q", "update"], folder)
    _run(download, folder)


def _attempt(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def _run(command: list[str], folder: Path) -> str:
    result = _attempt(command, folder)
    if result.returncode != 0:
        tail = (result.stdout + result.stderr).splitlines()[-8:]
        remedy = "check apt's sources and the network, then run the command again"
        raise SandboxError("packages", f"{' '.join(command[:3])} failed", remedy, tail)
    return result.stdout


def library_path(root: Path) -> str:
    """A value for LD_LIBRARY_PATH with the unpacked libraries, for a machine that lacks them."""
    machine = os.uname().machine
    return f"{root}/usr/lib/{machine}-linux-gnu:{root}/lib/{machine}-linux-gnu"
