"""`slipway init`: a first project that every loader takes, and nothing that is overwritten."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from slipway.cli.main import cli
from slipway.release.evidence.trust_file import load_trust
from slipway.release.manifest.load import load
from slipway.release.readiness.parity import differences
from slipway.release.revision import revision_of

DIGEST = "sha256:" + "a" * 64
ANSWERS = {
    "--service": "cart",
    "--image": f"registry.example/shop/cart@{DIGEST}",
    "--host": "cart.example",
    "--metrics-url": "http://prometheus.example:9090",
    "--author": "alice",
    "--qa": "quinn",
    "--approver": "olive",
    "--team": "shop",
    "--oncall": "https://oncall.example/shop",
    "--builder": "https://builder.example/hosted/v1",
    "--release-version": "1.0.0",
}
PROD, STAGING = "releases/cart/1.0.0.yaml", "releases/cart/1.0.0.staging.yaml"


def init(folder: Path, *more: str, **changes: str | None) -> Result:
    answers = ANSWERS | {f"--{name.replace('_', '-')}": value for name, value in changes.items()}
    given = [part for name, value in answers.items() if value is not None for part in (name, value)]
    return CliRunner().invoke(cli, ["init", "-C", str(folder), *given, *more])


def test_the_manifests_are_releases_that_differ_in_their_host_name_alone(tmp_path: Path) -> None:
    result = init(tmp_path, port="9000", replicas="4", gateway="public/main")
    assert result.exit_code == 0, result.output
    prod, staging = load(tmp_path / PROD), load(tmp_path / STAGING)
    assert (prod.service, prod.version, prod.workload.port, prod.workload.replicas) == ("cart", "1.0.0", 9000, 4)
    assert prod.route.gateway is not None
    assert (prod.route.gateway.namespace, prod.route.gateway.name) == ("public", "main")
    assert set(differences(staging, prod)) == {"route.hostnames[0]"}
    assert revision_of(staging) == revision_of(prod)


def test_text_that_means_something_in_yaml_stays_text(tmp_path: Path) -> None:
    assert init(tmp_path, team="shop: #1 {x}", author='al"ice').exit_code == 0
    release = load(tmp_path / PROD)
    assert (release.owner.team, release.scope.author) == ("shop: #1 {x}", 'al"ice')


def test_each_stack_names_its_manifest_its_namespace_and_its_gates(tmp_path: Path) -> None:
    init(tmp_path)
    for stack, manifest, namespace in (("prod", PROD, "cart"), ("staging", STAGING, "cart-staging")):
        config = yaml.safe_load((tmp_path / f"Pulumi.{stack}.yaml").read_text())["config"]
        assert config["releases:services"] == {"cart": {"manifest": manifest}}
        assert config["releases:namespace"] == namespace
        assert (tmp_path / "policies" / "config" / f"{stack}.json").is_file()


def test_everybody_who_signs_has_a_key_that_only_its_owner_can_read(tmp_path: Path) -> None:
    init(tmp_path)
    roots = load_trust(tmp_path / "policies" / "config" / "trust.yaml")
    may = {principal.name: set(principal.may) for principal in roots.principals}
    assert may["quinn"] == {"qa"}
    assert may["olive"] == {"approval"}
    assert may["alice"] == set()
    for principal in roots.principals:
        if principal.may:
            assert stat.S_IMODE((tmp_path / "keys" / f"{principal.name}.key").stat().st_mode) == 0o600
            assert principal.keys[0].strip() == (tmp_path / "keys" / f"{principal.name}.pub").read_text().strip()
    assert "/keys/*.key" in (tmp_path / ".gitignore").read_text()


def test_what_is_there_stays_and_is_named(tmp_path: Path) -> None:
    init(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    again = init(tmp_path)
    assert again.exit_code == 0
    assert "written" not in again.output
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_second_service_says_what_to_add_to_the_files_that_are_there(tmp_path: Path) -> None:
    init(tmp_path)
    key = (tmp_path / "keys" / "ci.key").read_bytes()
    (tmp_path / ".gitignore").write_text("*.log\n")
    more = init(tmp_path, service="search", host="search.example")
    assert more.exit_code == 0
    assert (tmp_path / "releases" / "search" / "1.0.0.yaml").is_file()
    assert "add search: {manifest: releases/search/1.0.0.yaml} to releases:services in Pulumi.prod.yaml" in more.output
    assert "add /keys/*.key to .gitignore" in more.output
    assert "see that it names who signs for search" in more.output
    assert (tmp_path / "keys" / "ci.key").read_bytes() == key


def test_everything_that_is_missing_is_listed_at_once(tmp_path: Path) -> None:
    result = init(tmp_path, image=None, approver=None)
    assert result.exit_code == 2
    assert "missing: --image, --approver" in result.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("image", "registry.example/shop/cart:1.0.0", "artifact.image"),
        ("service", "Cart!", "service"),
        ("service", "../../cart", "service"),
        ("release_version", "../1.0.0", "version"),
        ("gateway", "public", "route.gateway.name"),
        ("metrics_url", "prometheus", "metrics.url"),
        ("approver", "alice", "Name different ones"),
        ("qa", "../quinn", "is no name of a key file"),
    ],
)
def test_an_answer_that_a_loader_refuses_leaves_nothing_behind(
    tmp_path: Path, option: str, value: str, said: str
) -> None:
    result = init(tmp_path, **{option: value})
    assert result.exit_code == 1
    assert said in result.output
    assert list(tmp_path.iterdir()) == []
