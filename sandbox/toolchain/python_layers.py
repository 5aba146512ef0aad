"""Layers of images that run Python, made of what is on this machine: no builder, no base image, no download.

The first layer is the interpreter that runs this very process, with its standard library and every shared library
that they load. A second one is a folder of packages that this interpreter can load. Both hold bytecode, since a
container that compiles at each start is slow to become ready.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from sandbox.errors import SandboxError
from sandbox.images import Layer, write_layer
from sandbox.progress import Reporter
from sandbox.toolchain.packages import identity_of_python, interpreter
from sandbox.toolchain.store import Store

RECIPE = "1"
"""Part of every key: raise it when the content of the layers changes."""
HOME = "opt/python"
PACKAGES = "opt/packages"
PYTHON = f"/{HOME}/bin/python3"
ENVIRONMENT = {
    "LD_LIBRARY_PATH": f"/{HOME}/lib",
    "PYTHONPATH": f"/{PACKAGES}",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONUNBUFFERED": "1",
    "LANG": "C.UTF-8",
}
"""What a process in such an image needs; its program is ``PYTHON``."""
LEFT_OUT = shutil.ignore_patterns(
    *("__pycache__", "site-packages", "dist-packages", "test", "tests", "idlelib", "tkinter", "_tkinter*"),
    *("turtledemo", "lib2to3", "ensurepip", "pydoc_data", "config-*", "_test*", "_ctypes_test*", "xxlimited*"),
)
"""Of the standard library: what no service imports."""


def python_layer(store: Store, report: Reporter) -> Layer:
    """The interpreter, made into a layer now unless the cache has it."""
    return _cached("python-layer", "", store, report, _copy_python)


def packages_layer(name: str, folder: Path, key: str, store: Store, report: Reporter) -> Layer:
    """The packages in ``folder`` as a layer. ``key`` says what they are: it changes when their content does."""
    return _cached(f"{name}-layer", key, store, report, lambda root: _copy_packages(folder, root))


def _cached(name: str, key: str, store: Store, report: Reporter, fill: Callable[[Path], None]) -> Layer:
    identity = hashlib.sha256("\0".join((RECIPE, identity_of_python(), key)).encode()).hexdigest()[:16]
    with store.entry(name, identity) as entry:
        if not entry.ready:
            with report.step(f"making the image layer {name}", "under 1 min"):
                _make(entry.draft, fill)
            entry.commit()
        noted = json.loads((entry.folder / "layer.json").read_text(encoding="utf-8"))
        return Layer(entry.folder / "layer.tar", noted["digest"], noted["size"])


def _make(draft: Path, fill: Callable[[Path], None]) -> None:
    root = draft / "root"
    root.mkdir()
    fill(root)
    _compile(root)
    made = write_layer(root, draft / "layer.tar")
    (draft / "layer.json").write_text(json.dumps({"digest": made.digest, "size": made.size}), encoding="utf-8")
    shutil.rmtree(root)


def _copy_python(root: Path) -> None:
    program = root / PYTHON.lstrip("/")
    program.parent.mkdir(parents=True)
    shutil.copy(interpreter(), program)
    library = root / HOME / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    shutil.copytree(sysconfig.get_path("stdlib"), library, ignore=LEFT_OUT)
    _copy_libraries([program, *library.rglob("*.so")], root)
    (root / "tmp").mkdir()
    (root / "tmp").chmod(0o1777)


def _copy_packages(folder: Path, root: Path) -> None:
    target = root / PACKAGES
    shutil.copytree(folder, target, ignore=shutil.ignore_patterns("__pycache__", "bin"))
    _copy_libraries(target.rglob("*.so"), root)


def _copy_libraries(files: Iterable[Path], root: Path) -> None:
    """The shared libraries that these files load, and the loader at the place where programs want it."""
    libraries = root / HOME / "lib"
    for name, origin in shared_libraries(files).items():
        place = root / name.lstrip("/") if name.startswith("/") else libraries / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(origin, place)
        place.chmod(0o755)


def shared_libraries(files: Iterable[Path]) -> dict[str, Path]:
    """Name of each library that these programs and modules load to its file; the loader's name is its whole path."""
    wanted = [str(path) for path in files]
    if not wanted:
        return {}
    done = subprocess.run(["ldd", *wanted], capture_output=True, text=True, check=False)
    if "not found" in done.stdout:
        missing = sorted({line.strip() for line in done.stdout.splitlines() if "not found" in line})
        raise SandboxError("image", f"{len(missing)} shared libraries are missing", "install them", missing)
    named = re.findall(r"^\s+(\S+) => (/\S+)", done.stdout, re.MULTILINE)
    loaders = re.findall(r"^\s+(/\S+) \(0x", done.stdout, re.MULTILINE)
    found = {name: Path(path) for name, path in named} | {path: Path(path) for path in loaders}
    return found | _loaded_later(found)


def _loaded_later(found: Mapping[str, Path]) -> dict[str, Path]:
    """What the C library opens by name when a thread is ended."""
    unwinder = found["libc.so.6"].with_name("libgcc_s.so.1") if "libc.so.6" in found else None
    return {unwinder.name: unwinder} if unwinder is not None and unwinder.exists() else {}


def _compile(root: Path) -> None:
    """Bytecode beside the sources, valid whatever their times are."""
    command = [str(interpreter()), "-S", "-m", "compileall", "-q", "--invalidation-mode=unchecked-hash"]
    command += ["-s", str(root), "-p", "/", str(root)]
    subprocess.run(command, capture_output=True, check=False)  # a package may hold sources of another version
