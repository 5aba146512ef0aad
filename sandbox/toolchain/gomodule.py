"""Build the binaries of one pinned Go module into the cache, once."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from sandbox.errors import SandboxError, log_tail
from sandbox.progress import Reporter, Step
from sandbox.toolchain.golang import Go, find_go
from sandbox.toolchain.store import Store

RECIPE = "1"
"""Part of every key: raise it when the way of building changes."""


@dataclass(frozen=True)
class GoModule:
    """One Go module of ours: what it builds, under which names, and which files of its dependencies it hands out.

    ``targets`` maps a binary's name to its package, ``applets`` a binary to further names it answers to,
    ``files`` a name under ``share/`` to (module path, path inside that module).
    """

    name: str
    title: str
    source: Path
    targets: Mapping[str, str]
    usual: str = ""
    ldflags: tuple[str, ...] = ()
    applets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    files: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def key(self) -> str:
        """Sixteen hex digits over everything that decides what comes out, Go's own version excepted."""
        digest = hashlib.sha256()
        maps = [sorted(mapping.items()) for mapping in (self.targets, self.applets, self.files)]
        digest.update(repr((RECIPE, self.ldflags, maps)).encode())
        for path in sorted(_sources(self.source)):
            digest.update(f"\0{path.relative_to(self.source)}\0".encode())
            digest.update(path.read_bytes())
        return digest.hexdigest()[:16]


def _sources(root: Path) -> Iterator[Path]:
    for path in root.rglob("*"):
        if path.suffix in {".go", ".mod", ".sum"} and not path.name.endswith("_test.go"):
            yield path


def build(module: GoModule, store: Store, report: Reporter) -> Path:
    """The folder with ``bin/`` and ``share/`` of ``module``, built now unless the cache has it."""
    with store.entry(module.name, module.key()) as entry:
        if entry.ready:
            return entry.folder
        go = find_go(module.source)
        with report.step(f"building {module.title}", module.usual) as step:
            _compile(go, module, entry.draft, store.log(module.name), step)
            _add_applets(module, entry.draft)
            _copy_files(go, module, entry.draft)
        return entry.commit()


def _compile(go: Go, module: GoModule, draft: Path, log: Path, step: Step) -> None:
    total = _count_packages(go, module)
    (draft / "bin").mkdir()
    with log.open("w") as sink:
        for binary, package in module.targets.items():
            command = [str(go.executable), "build", "-v", "-trimpath", "-buildvcs=false"]
            command += ["-ldflags", " ".join(("-s", "-w", *module.ldflags))]
            command += ["-o", str(draft / "bin" / binary), package]
            if _run_build(command, go, module.source, sink, total, step) != 0:
                sink.flush()
                remedy = "check the network and Go's version, then run the command again (what was built is kept)"
                raise SandboxError(module.name, f"building {module.title} failed", remedy, log_tail(log))


def _run_build(command: list[str], go: Go, source: Path, sink: IO[str], total: int, step: Step) -> int:
    """Run one ``go build -v``, which names each package as it compiles it; its exit code."""
    done = 0
    with subprocess.Popen(
        command, cwd=source, env=go.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        for line in process.stderr or ():
            sink.write(line)
            done += "downloading" not in line
            step.update(min(done, total), total, "packages")
    return process.returncode


def _count_packages(go: Go, module: GoModule) -> int:
    """How many packages the build compiles. It also downloads the sources, so it can fail like the build."""
    if not module.targets:
        return 0
    command = [str(go.executable), "list", "-deps", *module.targets.values()]
    listed = subprocess.run(
        command, cwd=module.source, env=go.environment(), capture_output=True, text=True, check=False
    )
    if listed.returncode != 0:
        remedy = "check that Go's module proxy can be reached and run the command again"
        tail = listed.stderr.splitlines()[-8:]
        raise SandboxError(module.name, f"downloading the sources of {module.title} failed", remedy, tail)
    return len(listed.stdout.splitlines())


def _add_applets(module: GoModule, draft: Path) -> None:
    for binary, names in module.applets.items():
        for name in names:
            (draft / "bin" / name).symlink_to(binary)


def _copy_files(go: Go, module: GoModule, draft: Path) -> None:
    for name, (path, inner) in module.files.items():
        found = subprocess.run(
            [str(go.executable), "mod", "download", "-json", path],
            cwd=module.source,
            env=go.environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if found.returncode != 0:
            remedy = "check that Go's module proxy can be reached and run the command again"
            tail = found.stderr.splitlines()[-8:]
            raise SandboxError(module.name, f"downloading {path} failed", remedy, tail)
        origin = Path(json.loads(found.stdout)["Dir"]) / inner
        if not origin.is_file():
            raise SandboxError(module.name, f"{path} has no file {inner}", "correct the path or the pinned version")
        target = draft / "share" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(origin, target)
        target.chmod(0o755 if os.access(origin, os.X_OK) else 0o644)
