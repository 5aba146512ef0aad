from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.standins import bin_directory_for, links

HOST, DYNAMIC, _ = links.BUNDLED


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLIPWAY_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path / "user"))


def program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def environment(tmp_path: Path) -> dict[str, str]:
    program(tmp_path / "bin" / "pulumi")
    return {"PATH": str(tmp_path / "bin"), "PULUMI_HOME": str(tmp_path / "home")}


def provider(tmp_path: Path, name: str = links.KUBERNETES) -> Path:
    (folder,) = (tmp_path / "home" / "plugins").glob(f"{name.removeprefix('pulumi-')}-v*")
    return folder / name


def test_all_that_is_missing_is_linked(tmp_path: Path) -> None:
    folder = bin_directory_for(environment(tmp_path))
    for name in links.BUNDLED:
        assert (folder / name).resolve() == links.STANDINS / name
    for name in links.PROVIDERS:
        assert provider(tmp_path, name).resolve() == links.STANDINS / name


def test_the_cli_lies_beside_them_as_the_same_file(tmp_path: Path) -> None:
    folder = bin_directory_for(environment(tmp_path))
    assert (folder / "pulumi").samefile(tmp_path / "bin" / "pulumi")
    assert not (folder / "pulumi").is_symlink()


def test_asking_again_changes_nothing_even_from_inside(tmp_path: Path) -> None:
    variables = environment(tmp_path)
    folder = bin_directory_for(variables)
    inside = variables | {"PATH": f"{folder}:{variables['PATH']}"}
    assert bin_directory_for(inside) == folder


@pytest.mark.parametrize("name", links.BUNDLED)
def test_a_real_plugin_beside_the_cli_is_left_alone(tmp_path: Path, name: str) -> None:
    variables = environment(tmp_path)
    program(tmp_path / "bin" / name)
    folder = bin_directory_for(variables)
    assert not (folder / name).exists()


def test_with_everything_real_the_folder_is_empty(tmp_path: Path) -> None:
    variables = environment(tmp_path)
    for name in (*links.BUNDLED, *links.PROVIDERS, links.FLAGD):
        program(tmp_path / "bin" / name)
    assert list(bin_directory_for(variables).iterdir()) == []
    assert not (tmp_path / "home").exists()


def test_a_real_provider_in_pulumis_home_is_left_alone(tmp_path: Path) -> None:
    program(tmp_path / "home" / "plugins" / "resource-kubernetes-v4.1.0" / links.KUBERNETES)
    bin_directory_for(environment(tmp_path))
    assert not provider(tmp_path).is_symlink()


def test_a_real_provider_of_the_users_is_lent_to_the_sandbox(tmp_path: Path) -> None:
    for version in ("4.9.0", "4.10.0"):
        program(tmp_path / "user" / ".pulumi" / "plugins" / f"resource-kubernetes-v{version}" / links.KUBERNETES)
    bin_directory_for(environment(tmp_path))
    assert "resource-kubernetes-v4.10.0" in str(provider(tmp_path).resolve())
    assert links.STANDINS not in provider(tmp_path).resolve().parents


def test_a_stand_in_gives_way_to_a_real_provider_that_comes_later(tmp_path: Path) -> None:
    variables = environment(tmp_path)
    bin_directory_for(variables)
    program(tmp_path / "user" / ".pulumi" / "plugins" / "resource-kubernetes-v4.1.0" / links.KUBERNETES)
    bin_directory_for(variables)
    assert provider(tmp_path).parent.name == "resource-kubernetes-v4.1.0"


def test_without_a_home_the_provider_is_linked_on_path(tmp_path: Path) -> None:
    variables = environment(tmp_path)
    del variables["PULUMI_HOME"]
    assert (bin_directory_for(variables) / links.KUBERNETES).resolve() == links.STANDINS / links.KUBERNETES


def test_without_a_cli_the_stand_ins_are_linked_all_the_same(tmp_path: Path) -> None:
    folder = bin_directory_for({"PATH": str(tmp_path)})
    assert (folder / HOST).exists()
    assert not (folder / "pulumi").exists()


def test_a_cli_that_was_built_anew_is_not_kept_twice(tmp_path: Path) -> None:
    variables = environment(tmp_path)
    old = bin_directory_for(variables)
    (tmp_path / "bin" / "pulumi").unlink()
    program(tmp_path / "bin" / "pulumi").write_text("#!/bin/sh\n# another one\n")
    new = bin_directory_for(variables)
    assert new != old
    assert (new / "pulumi").exists()
    assert not (old / "pulumi").exists()


def test_it_can_be_told_what_is_a_stand_in(tmp_path: Path) -> None:
    variables = environment(tmp_path)
    program(tmp_path / "bin" / DYNAMIC)
    folder = bin_directory_for(variables)
    made = variables | {"PATH": f"{folder}:{variables['PATH']}"}
    assert links.origin(HOST, made) == "stand-in"
    assert links.origin(links.KUBERNETES, made) == "stand-in"
    assert links.origin(DYNAMIC, made) == str(tmp_path / "bin" / DYNAMIC)
    assert links.origin("pulumi-resource-other", made) is None


def test_flagd_stands_in_on_path_until_the_real_one_is_installed(tmp_path: Path) -> None:
    variables = environment(tmp_path)
    assert (bin_directory_for(variables) / "flagd").resolve() == links.STANDINS / "flagd"
    program(tmp_path / "bin" / "flagd")
    assert not (bin_directory_for(variables) / "flagd").exists()
