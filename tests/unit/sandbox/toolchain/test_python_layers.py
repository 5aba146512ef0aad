from __future__ import annotations

import shutil
import tarfile
from pathlib import Path

import pytest

from sandbox.images import Layer
from sandbox.progress import SilentReporter
from sandbox.toolchain.packages import interpreter
from sandbox.toolchain.python_layers import packages_layer, shared_libraries
from sandbox.toolchain.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "tools")


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    folder = tmp_path / "packages"
    (folder / "example" / "__pycache__").mkdir(parents=True)
    (folder / "example" / "__init__.py").write_text("ANSWER = 42\n")
    (folder / "example" / "__pycache__" / "old.pyc").write_bytes(b"old")
    (folder / "bin").mkdir()
    (folder / "bin" / "example").write_text("#!/usr/bin/python\n")
    return folder


def make(store: Store, packages: Path, key: str = "1") -> Layer:
    return packages_layer("example", packages, key, store, SilentReporter())


def names(layer: Layer) -> set[str]:
    with tarfile.open(layer.file) as archive:
        return {member.name for member in archive.getmembers() if member.isfile()}


def test_packages_lie_in_their_layer_with_bytecode_and_without_scripts(store: Store, packages: Path) -> None:
    sources, bytecode = sorted(names(make(store, packages)), key=lambda name: name.endswith(".pyc"))
    assert sources == "opt/packages/example/__init__.py"
    assert bytecode.startswith("opt/packages/example/__pycache__/__init__.cpython-")


def test_bytecode_is_valid_whatever_the_times_of_the_files_are(store: Store, packages: Path) -> None:
    with tarfile.open(make(store, packages).file) as archive:
        (name,) = (name for name in archive.getnames() if name.endswith(".pyc"))
        content = archive.extractfile(name)
        assert content is not None
        assert content.read()[4:8] == b"\1\0\0\0"  # PEP 552: by hash, and never checked


def test_a_layer_is_made_once_for_each_key(store: Store, packages: Path) -> None:
    first = make(store, packages)
    shutil.rmtree(packages)
    assert make(store, packages) == first
    with pytest.raises(FileNotFoundError):
        make(store, packages, "2")
    assert make(store, packages) == first


def test_the_libraries_of_a_program_are_found_and_the_loader_at_the_path_that_it_names() -> None:
    found = shared_libraries([interpreter()])
    assert "libc.so.6" in found
    assert "libgcc_s.so.1" in found
    (loader,) = (name for name in found if name.startswith("/"))
    assert Path(loader).name.startswith("ld-")
    assert all(path.is_file() for path in found.values())
