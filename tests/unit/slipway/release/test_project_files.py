"""The files of a project and its stacks, found where the Pulumi CLI finds them."""

from __future__ import annotations

from pathlib import Path

import pytest

from slipway.release.errors import EngineError
from slipway.release.project_files import (
    config_at,
    config_of,
    probe_of,
    project_file,
    project_name,
    records_of,
    services_declared,
    services_of,
    stack_file,
    stacks_of,
    target_of,
    targets_of,
)

BEFORE = b"# mine\r\nconfig:\n  releases:services: {checkout: {manifest: 1.yaml}}  # tail"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "Pulumi.yaml").write_text("name: releases\nruntime: python\nconfig:\n  services: {type: object}\n")
    (tmp_path / "Pulumi.prod.yaml").write_bytes(BEFORE)
    return tmp_path


def test_the_project_is_found_from_a_folder_below_it(project: Path) -> None:
    (project / "releases" / "checkout").mkdir(parents=True)
    assert project_file(project / "releases" / "checkout") == project / "Pulumi.yaml"


def test_without_a_project_the_remedy_is_named(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="--cwd"):
        project_file(tmp_path)


def test_a_qualified_stack_has_the_file_of_its_last_name(project: Path) -> None:
    assert stack_file(project, "organization/releases/prod") == project / "Pulumi.prod.yaml"


@pytest.mark.parametrize("line", ["stackConfigDir: stacks", "config: stacks"])
def test_the_folder_of_the_stacks_may_be_another(tmp_path: Path, line: str) -> None:
    (tmp_path / "Pulumi.yaml").write_text(f"name: releases\n{line}\n")
    assert stack_file(tmp_path, "prod") == tmp_path / "stacks" / "Pulumi.prod.yaml"


def test_the_stacks_of_a_project_are_listed(project: Path) -> None:
    (project / "Pulumi.a-b.yaml").touch()
    assert stacks_of(project) == ["a-b", "prod"]


def test_the_entries_of_the_services_are_read(project: Path) -> None:
    path = project / "Pulumi.prod.yaml"
    assert services_of(config_of(path), path) == {"checkout": {"manifest": "1.yaml"}}


@pytest.mark.parametrize(
    "text", ["config: [1]", "config: {'releases:services': {checkout: 1}}", "config: {}", "a: [", ""]
)
def test_a_file_that_makes_no_sense_is_one_clear_line(project: Path, text: str) -> None:
    path = project / "Pulumi.prod.yaml"
    path.write_text(text)
    with pytest.raises(EngineError, match=r"^Pulumi\.prod\.yaml.*") as error:
        services_of(config_of(path), path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("suffix", [".yml", ".json"])
def test_the_files_of_the_stacks_end_as_that_of_the_project(tmp_path: Path, suffix: str) -> None:
    (tmp_path / "stacks").mkdir()
    indent = INDENT[suffix]
    (tmp_path / f"Pulumi{suffix}").write_text(f'{{\n{indent}"name": "shop",\n{indent}"stackConfigDir": "stacks"\n}}\n')
    path = tmp_path / "stacks" / f"Pulumi.prod{suffix}"
    path.write_text('{"config": {"releases:services": {"checkout": {"manifest": "1.yaml"}}}}')
    assert (project_name(tmp_path), stack_file(tmp_path, "prod"), stacks_of(tmp_path)) == ("shop", path, ["prod"])
    assert services_declared(tmp_path, "prod") == {"checkout": {"manifest": "1.yaml"}}


INDENT = {".yml": " ", ".json": "\t"}
"""JSON may be indented with tabs, which YAML refuses."""


def test_a_stack_declares_services_in_its_own_project_only(project: Path) -> None:
    assert services_declared(project, "acme/releases/prod") == {"checkout": {"manifest": "1.yaml"}}
    (project / "below").mkdir()
    with pytest.raises(EngineError, match=r"no Pulumi\.yaml"):
        services_declared(project / "below", "prod")


def test_a_stack_without_services_declares_none_and_one_without_a_file_is_an_error(project: Path) -> None:
    (project / "Pulumi.prod.yaml").write_text("config: {}")
    assert services_declared(project, "prod") == {}
    with pytest.raises(EngineError, match=r"Pulumi\.dev\.yaml cannot be read"):
        services_declared(project, "dev")


def test_what_one_reader_changes_is_not_seen_by_the_next(project: Path) -> None:
    services_declared(project, "prod")["checkout"]["manifest"] = "2.yaml"
    assert services_declared(project, "prod") == {"checkout": {"manifest": "1.yaml"}}


PLACES = """config:
  releases:namespace: shop
  releases:gatewayUrl: http://gateway.example
  releases:probe: {rate: 5, path: /}
  releases:records: {kind: folder, path: records}
  releases:services: {checkout: {manifest: 1.yaml}, cart: {manifest: 2.yaml, place: eu}}
  releases:places: {eu: {target: {name: eu, namespace: carts}, gatewayUrl: "http://eu.example"}}
"""


def test_each_service_sees_the_keys_of_its_place_and_those_that_a_stack_has_once(project: Path) -> None:
    path = project / "Pulumi.prod.yaml"
    path.write_text(PLACES)
    config = config_of(path)
    assert {name: str(target) for name, target in targets_of(config, path).items()} == {None: "shop", "eu": "eu/carts"}
    cart, checkout = (config_at(config, path, service) for service in ("cart", "checkout"))
    assert (target_of(cart, path), target_of(checkout, path)) == tuple(reversed(targets_of(config, path).values()))
    assert (cart["releases:gatewayUrl"], checkout["releases:gatewayUrl"]) == (
        "http://eu.example",
        "http://gateway.example",
    )
    assert records_of(cart, path) == records_of(checkout, path)
    assert probe_of(cart, path) is None
    assert probe_of(checkout, path) is not None


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (("place: eu", "place: us"), "services.cart.place: there is no us in releases:places"),
        (("{eu: {target: {name: eu,", "{eu: {target: {name: EU,"), "releases:places.eu.target.name"),
        (("{eu: {target: {name: eu, namespace: carts}, ", "{eu: {"), "neither releases:places.eu.namespace nor"),
        (("releases:places: {eu: ", "releases:places: {eu: 1, us: "), "must map the name of each place to its keys"),
    ],
)  # fmt: skip
def test_a_place_that_makes_no_sense_is_one_clear_line(project: Path, changed: tuple[str, str], said: str) -> None:
    path = project / "Pulumi.prod.yaml"
    path.write_text(PLACES.replace(*changed))
    with pytest.raises(EngineError) as error:
        config = config_of(path)
        targets_of(config, path)
        config_at(config, path, "cart")
    assert said in str(error.value)
    assert "\n" not in str(error.value)
