from __future__ import annotations

import re
from pathlib import Path

import pytest

from sandbox.errors import SandboxError
from sandbox.progress import SilentReporter
from sandbox.toolchain import catalog
from sandbox.toolchain.packages import LockedPackages, install, isolated_python
from sandbox.toolchain.store import Store
from tests.flagd_core import evaluate

DOCUMENT = {
    "flags": {
        "new-cart": {
            "state": "ENABLED",
            "variants": {"on": True, "off": False},
            "defaultVariant": "off",
            "targeting": {"if": [{"==": [{"var": "tier"}, "gold"]}, "on"]},
        }
    }
}


def packages(lock: Path) -> LockedPackages:
    return LockedPackages(name="example", title="an example", lock=lock)


def test_every_package_of_the_openfeature_environment_is_pinned_by_hashes() -> None:
    blocks = re.split(r"\n(?=\S)", catalog.openfeature().lock.read_text(encoding="utf-8").strip())
    assert len(blocks) > 5
    for block in blocks:
        assert re.match(r"[a-z0-9-]+==[0-9.]+\b", block), block
        assert "--hash=sha256:" in block


def test_another_lock_is_another_place_in_the_cache(tmp_path: Path) -> None:
    lock = tmp_path / "lock.txt"
    lock.write_text("one==1\n")
    before = packages(lock).key()
    assert packages(lock).key() == before
    lock.write_text("one==2\n")
    assert packages(lock).key() != before


def test_what_cannot_be_installed_is_an_error_and_leaves_nothing_in_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    lock = tmp_path / "lock.txt"
    lock.write_text(f"absent-package==1 --hash=sha256:{'0' * 64}\n")
    store = Store(tmp_path / "tools")
    with pytest.raises(SandboxError, match="installing an example failed"):
        install(packages(lock), store, SilentReporter())
    assert not store.path("example", packages(lock).key()).exists()


def test_an_isolated_python_has_only_the_packages_of_its_folder(tmp_path: Path) -> None:
    command, variables = isolated_python(tmp_path)
    assert command[-1] == "-S"
    assert variables["PYTHONPATH"] == str(tmp_path)


def test_the_real_evaluator_of_flagd_runs_beside_this_projects_packages() -> None:
    gold, other, nobody = evaluate(DOCUMENT, "new-cart", [{"targetingKey": "a", "tier": "gold"}, {"tier": "x"}, {}])
    assert (gold.variant, gold.value, gold.reason) == ("on", True, "TARGETING_MATCH")
    assert (other.variant, other.value) == ("off", False)
    assert nobody.variant == "off"
    (missing,) = evaluate(DOCUMENT, "old-cart", [{}])
    assert (missing.variant, missing.reason) == (None, "FLAG_NOT_FOUND")
