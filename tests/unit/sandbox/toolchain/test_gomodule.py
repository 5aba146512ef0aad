from __future__ import annotations

import importlib.util
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.errors import SandboxError
from sandbox.progress import SilentReporter
from sandbox.toolchain.gomodule import GoModule, build
from sandbox.toolchain.store import Store


@pytest.fixture
def module(tmp_path: Path) -> GoModule:
    source = tmp_path / "module"
    source.mkdir()
    (source / "go.mod").write_text("module example.test/tool\n\ngo 1.24\n")
    (source / "go.sum").write_text("")
    (source / "main.go").write_text("package main\n\nfunc main() {}\n")
    return GoModule(name="tool", title="a tool", source=source, targets={"tool": "."})


@pytest.mark.parametrize("name", ["go.mod", "go.sum", "main.go"])
def test_a_changed_pin_or_source_changes_the_key(module: GoModule, name: str) -> None:
    before = module.key()
    with (module.source / name).open("a") as handle:
        handle.write("// changed\n")
    assert module.key() != before


def test_a_changed_recipe_changes_the_key(module: GoModule) -> None:
    variants = [
        replace(module, ldflags=("-X main.version=2",)),
        replace(module, targets={"other": "."}),
        replace(module, applets={"tool": ("alias",)}),
        replace(module, files={"name": ("module", "path")}),
    ]
    keys = {module.key(), *(variant.key() for variant in variants)}
    assert len(keys) == len(variants) + 1


def test_what_does_not_go_into_the_binary_leaves_the_key_alone(module: GoModule) -> None:
    before = module.key()
    (module.source / "main_test.go").write_text("package main\n")
    (module.source / "README.md").write_text("words\n")
    assert replace(module, title="another title", usual="an hour").key() == before


def test_a_built_module_is_not_built_again(module: GoModule, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path / "tools")
    ready = store.path(module.name, module.key())
    ready.mkdir(parents=True)
    monkeypatch.setattr(shutil, "which", lambda _: pytest.fail("looked for Go"))
    assert build(module, store, SilentReporter()) == ready


def test_a_machine_without_go_is_told_so(module: GoModule, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(SandboxError, match=r"Go 1\.24 or newer .* run make setup"):
        build(module, Store(tmp_path / "tools"), SilentReporter())


def test_a_failed_build_shows_the_compiler_and_leaves_nothing_in_the_cache(module: GoModule, tmp_path: Path) -> None:
    (module.source / "main.go").write_text("package main\n\nfunc main() { undefined() }\n")
    store = Store(tmp_path / "tools")
    with pytest.raises(SandboxError) as caught:
        build(module, store, SilentReporter())
    assert any("undefined" in line for line in caught.value.tail)
    assert not [path for path in store.root.iterdir() if path.is_dir()]


def test_a_build_ends_with_the_binary_and_its_applets(module: GoModule, tmp_path: Path) -> None:
    folder = build(replace(module, applets={"tool": ("alias",)}), Store(tmp_path / "tools"), SilentReporter())
    assert (folder / "bin" / "tool").stat().st_mode & 0o111
    assert (folder / "bin" / "alias").resolve() == folder / "bin" / "tool"
