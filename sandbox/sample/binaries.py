"""The sample's two programs, built from the Go module beside this file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sandbox.progress import Reporter
from sandbox.toolchain import GoModule, build_module

MODULE = GoModule(
    name="sample",
    title="the sample service and the load generator",
    source=Path(__file__).resolve().parent / "go",
    targets={"sample": "./cmd/sample", "loadgen": "./cmd/loadgen"},
    usual="about 10 s on 2 cores",
)


@dataclass(frozen=True)
class Binaries:
    """Static programs of this machine's architecture."""

    sample: Path
    loadgen: Path


def binaries(report: Reporter | None = None) -> Binaries:
    """Both programs, built now unless the cache has them; ``SandboxError`` when that fails."""
    folder = build_module(MODULE, report) / "bin"
    return Binaries(sample=folder / "sample", loadgen=folder / "loadgen")
