"""Generated SDKs of Python programs: made by Pulumi's own generator, and written into the program's requirements."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from pulumi.runtime.proto import language_pb2

from sandbox.errors import SandboxError
from sandbox.standins import codegen
from sandbox.standins.errors import StandInError
from sandbox.standins.language_python.runtime import PythonRuntime


def generate(request: language_pb2.GeneratePackageRequest) -> language_pb2.GeneratePackageResponse:
    """Write the SDK into the request's directory. Raises StandInError."""
    try:
        generator = codegen.program(codegen.PYTHON)
    except SandboxError as error:
        raise StandInError(str(error)) from None
    done = subprocess.run([str(generator)], input=request.SerializeToString(), capture_output=True, check=False)
    if done.returncode != 0:
        raise StandInError(f"the SDK could not be generated: {done.stderr.decode(errors='replace').strip()}")
    return language_pb2.GeneratePackageResponse.FromString(done.stdout)


def link(request: language_pb2.LinkRequest, runtime: PythonRuntime) -> str:
    """Make the SDKs requirements of the program, each as a folder; what to write in the program to import them.

    Raises StandInError for a toolchain that keeps its requirements elsewhere.
    """
    if runtime.toolchain != "pip":
        wanted = " ".join(package.path for package in request.packages)
        raise StandInError(f"the stand-in links for pip only: run `{runtime.toolchain} add {wanted}`")
    file = runtime.program / "requirements.txt"
    lines = file.read_text().splitlines() if file.is_file() else []
    lines += [package.path for package in request.packages if package.path not in lines]
    file.write_text("".join(f"{line}\n" for line in lines))
    modules = [_module(runtime.root / package.path) for package in request.packages]
    imports = "\n".join(f"  import {module}" for module in modules)
    return f"You can then import the SDK in your Python code with:\n\n{imports}\n"


def _module(sdk: Path) -> str:
    """The import package of a generated SDK: the only folder that is one."""
    found = [path.parent.name for path in sorted(sdk.glob("*/__init__.py"))]
    if len(found) != 1 or re.fullmatch(r"\w+", found[0]) is None:
        raise StandInError(f"{sdk} holds no generated SDK")
    return found[0]
