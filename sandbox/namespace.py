"""One kernel namespace of each kind for the whole sandbox, held open by one process.

Every part runs in the process namespace of that one: when it ends, the kernel ends them all, containers included, and
with the last of them go the mounts and the network devices. So nothing can be left behind, whatever crashed.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sandbox import process
from sandbox.errors import SandboxError, log_tail

COVERED = ("/run", "/var/lib", "/var/log")
"""Hidden behind empty memory file systems inside: daemons leave their fixed-path files there, and nowhere else."""

CLEAN_ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root"}


def marker(identity: str) -> str:
    """The argument by which the holder of a sandbox is found again, even with its state file lost."""
    return f"slipway-sandbox-{identity}"


@dataclass(frozen=True)
class Namespace:
    """A living sandbox: ``holder`` is the process id, seen from the host, of its process 1."""

    holder: int

    def inode(self, kind: str) -> int:
        found = process.namespace_inode(self.holder, kind)
        if found is None:
            raise SandboxError("namespace", "the sandbox ended meanwhile", "run slipway sandbox up")
        return found

    def path(self, inside: str) -> Path:
        """A file inside, by a path that the host can open."""
        return Path(f"/proc/{self.holder}/root") / inside.lstrip("/")

    def enter(self, argv: Sequence[str], *kinds: str) -> list[str]:
        """The command that runs ``argv`` in the named kinds of namespace (mount, net, pid)."""
        flags = [f"--{kind}" for kind in kinds]
        return ["nsenter", "--target", str(self.holder), *flags, "--", *argv]

    def run(self, argv: Sequence[str], timeout: float = 60.0) -> subprocess.CompletedProcess[str]:
        """Run a command inside and wait for it."""
        return subprocess.run(
            self.enter(argv, "mount", "net", "pid"),
            env=CLEAN_ENVIRONMENT,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def spawn(self, argv: Sequence[str], log: Path, environment: Mapping[str, str]) -> int:
        """Start a daemon inside, its output appended to ``log``; its process id as the host sees it.

        It is started by a shell inside, so that process 1 of the sandbox inherits it and reaps it: a dead daemon that
        is not reaped would keep the namespaces from ending.
        """
        log.parent.mkdir(parents=True, exist_ok=True)
        script = f'"$@" </dev/null >>{shlex.quote(str(log))} 2>&1 & echo $!'
        command = self.enter(["/bin/sh", "-c", script, "sh", "setsid", *argv], "mount", "net", "pid")
        started = subprocess.run(
            command, env=CLEAN_ENVIRONMENT | dict(environment), capture_output=True, text=True, timeout=30, check=False
        )
        if started.returncode != 0:
            remedy = "run slipway sandbox down, then up"
            raise SandboxError("namespace", f"cannot start {Path(argv[0]).name}", remedy, started.stderr.splitlines())
        return process.outer_pid(int(started.stdout), self.inode("pid")) or 0


def find(identity: str) -> Namespace | None:
    """The living sandbox of this identity."""
    holders = process.find_marked(marker(identity))
    return Namespace(holders[0]) if holders else None


def create(identity: str, pause: Path, keep: Sequence[Path], log: Path) -> Namespace:
    """Make the namespaces. ``keep`` names folders that stay visible even where they lie under a covered one."""
    log.parent.mkdir(parents=True, exist_ok=True)
    last = f"exec {shlex.quote(str(pause))} {marker(identity)}"
    inner = "\n".join(["set -e", "mount -t proc proc /proc", *_cover(keep), last])
    # The first process that is started is process 1 of the new process namespace: it does the mounting itself.
    script = f"setsid sh -c {shlex.quote(inner)} </dev/null >>{shlex.quote(str(log))} 2>&1 & echo $!"
    command = ["unshare", "--mount", "--net", "--pid", "--ipc", "--propagation", "private", "--"]
    made = subprocess.run(
        [*command, "/bin/sh", "-c", script],
        env=CLEAN_ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    if made.returncode != 0:
        remedy = "run as root on a machine (or in a container) that may create namespaces and mounts"
        raise SandboxError("namespace", "cannot create namespaces", remedy, made.stderr.splitlines()[-6:])
    namespace = Namespace(int(made.stdout))
    _await_holder(namespace, identity, log)
    return namespace


def _cover(keep: Sequence[Path]) -> list[str]:
    """Shell lines: an empty file system over each covered folder, with the folders of ``keep`` shown through."""
    lines = []
    for folder in COVERED:
        hidden = sorted({path for path in (item.resolve() for item in keep) if path.is_relative_to(folder)})
        names = [shlex.quote(str(path)) for path in hidden]
        # A folder that is about to be hidden is held open (descriptors 3 to 9) and bound back from there.
        lines += [f"exec {number}<{name}" for number, name in enumerate(names[:7], start=3)]
        lines.append(f"mount -t tmpfs -o mode=755 slipway {folder}")
        for number, name in enumerate(names[:7], start=3):
            lines += [f"mkdir -p {name}", f"mount --bind /proc/self/fd/{number} {name}", f"exec {number}<&-"]
    return lines


def _await_holder(namespace: Namespace, identity: str, log: Path) -> None:
    """Wait until process 1 has mounted its own /proc and become the pause program."""
    while namespace.holder not in process.find_marked(marker(identity)):
        if process.start_time(namespace.holder) is None:
            remedy = "run as root where mounts are allowed"
            raise SandboxError("namespace", "the holder of the namespaces ended at once", remedy, log_tail(log))
        process.wait_gone(namespace.holder, process.POLL_LIMIT)


def require_rights() -> None:
    """Refuse early, with the reason: before anything is built or made."""
    missing = [name for name in ("unshare", "nsenter", "mount", "setsid") if shutil.which(name) is None]
    if missing:
        raise SandboxError("sandbox", f"this machine has no {', '.join(missing)}", "install util-linux and mount")
    if os.geteuid() != 0:
        remedy = "run it with sudo, or use your own cluster (slipway sandbox up --external)"
        raise SandboxError("sandbox", "a cluster of its own needs root", remedy)
