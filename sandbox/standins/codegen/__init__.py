"""Pulumi's own generators of SDKs, and the host of TypeScript programs: Go programs, built once into the cache."""

from __future__ import annotations

from pathlib import Path

from sandbox.toolchain import GoModule, build_module

HOST = "pulumi-language-nodejs"
PYTHON = "generate-python"

MODULE = GoModule(
    name="codegen",
    title="the generators of SDKs",
    source=Path(__file__).resolve().parent,
    targets={HOST: f"./cmd/{HOST}", PYTHON: f"./cmd/{PYTHON}"},
    usual="about 1 min on 2 cores",
)


def program(name: str) -> Path:
    """HOST or PYTHON, built now unless the cache has it; SandboxError when that fails."""
    return build_module(MODULE) / "bin" / name
