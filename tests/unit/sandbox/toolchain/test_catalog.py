from __future__ import annotations

import pytest

from sandbox.toolchain import catalog, debian


def test_every_module_of_the_catalog_has_its_locks() -> None:
    for module in (catalog.pulumi(), catalog.kubernetes(), catalog.contour(), catalog.kubernetes_provider()):
        assert (module.source / "go.mod").is_file()
        assert (module.source / "go.sum").is_file()


def test_the_version_in_a_binary_is_the_version_that_is_pinned() -> None:
    assert any(
        flag.endswith(f"version.Version={catalog.pinned('pulumi', 'github.com/pulumi/pulumi/pkg/v3')}")
        for flag in catalog.pulumi().ldflags
    )
    kubernetes = catalog.pinned("kubernetes", "k8s.io/kubernetes")
    assert any(flag.endswith(f"gitVersion={kubernetes}") for flag in catalog.kubernetes().ldflags)


def test_a_dependency_without_a_pin_is_an_error() -> None:
    with pytest.raises(LookupError, match=r"does not pin example\.test/absent"):
        catalog.pinned("pulumi", "example.test/absent")


def test_another_distribution_or_package_is_another_place_in_the_cache() -> None:
    here = debian.key(("containerd", "runc"), "debian 12 x86_64")
    assert here == debian.key(("containerd", "runc"), "debian 12 x86_64")
    assert here != debian.key(("containerd", "runc"), "debian 13 x86_64")
    assert here != debian.key(("containerd",), "debian 12 x86_64")
