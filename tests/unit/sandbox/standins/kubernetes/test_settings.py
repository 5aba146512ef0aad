from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sandbox.standins.errors import InvalidInputError
from sandbox.standins.kubernetes import configuration, settings
from sandbox.standins.kubernetes.values import UNKNOWN, Secret

CONTENT: dict[str, Any] = {
    "current-context": "one",
    "clusters": [{"name": "c1", "cluster": {"server": "https://one"}}, {"name": "c2", "cluster": {"server": "https://two"}}],
    "contexts": [
        {"name": "one", "context": {"cluster": "c1", "user": "u"}},
        {"name": "two", "context": {"cluster": "c2", "user": "u"}},
    ],
    "users": [{"name": "u", "user": {"token": "t"}}],
}  # fmt: skip
TEXT = json.dumps(CONTENT)


def test_a_kubeconfig_may_be_content_a_path_or_an_object(tmp_path: Path) -> None:
    file = tmp_path / "config"
    file.write_text(TEXT)
    for given in (TEXT, str(file), CONTENT):
        assert settings.parse({"kubeconfig": given}, {}).kubeconfig == CONTENT
    assert settings.parse({"kubeconfig": str(file)}, {}).kubeconfig_file == file


def test_without_one_the_environment_is_looked_at(tmp_path: Path) -> None:
    file = tmp_path / "config"
    file.write_text(TEXT)
    variables = {"KUBECONFIG": f"{tmp_path / 'missing'}:{file}"}
    assert settings.parse({}, variables).kubeconfig_file == file


def test_inside_a_cluster_none_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert settings.parse({}, {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}).kubeconfig == {}


def test_none_at_all_is_an_error_that_says_what_to_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(InvalidInputError, match="KUBECONFIG"):
        settings.parse({}, {"PATH": "/bin"})


def test_an_unknown_kubeconfig_waits_for_the_update() -> None:
    assert settings.parse({"kubeconfig": UNKNOWN}, {}).kubeconfig is None


def test_flags_come_as_json_texts_and_from_the_environment() -> None:
    decoded = settings.decoded({"kubeconfig": Secret(TEXT), "enablePatchForce": "true", "namespace": "true-name"})
    assert decoded == {"kubeconfig": CONTENT, "enablePatchForce": True, "namespace": "true-name"}
    parsed = settings.parse(decoded, {"PULUMI_K8S_ENABLE_CONFIGMAP_MUTABLE": "true"})
    assert (parsed.patch_force, parsed.config_map_mutable, parsed.secret_mutable) == (True, True, False)
    assert parsed.namespace == "true-name"


@pytest.mark.parametrize(
    ("inputs", "path"),
    [
        ({"enableServerSideApply": False}, "enableServerSideApply"),
        ({"renderYamlToDirectory": "out"}, "renderYamlToDirectory"),
        ({"kubecontext": "x"}, "kubecontext"),
        ({"kubeconfig": "{]"}, "kubeconfig"),
        ({"kubeconfig": "no-such-file"}, "kubeconfig"),
    ],
)
def test_settings_that_cannot_be_used_are_named(inputs: dict[str, Any], path: str) -> None:
    assert [name for name, _ in settings.problems(inputs)] == [path]


def test_settings_of_the_real_provider_that_change_nothing_here_are_accepted() -> None:
    fine = {"kubeconfig": TEXT, "enableServerSideApply": True, "kubeClientSettings": {"qps": 5}, "version": "4.0.0"}
    assert settings.problems(fine) == []


def test_the_way_to_the_server_goes_by_context_and_cluster() -> None:
    assert settings.server_of({"kubeconfig": TEXT}) == "https://one"
    assert settings.server_of({"kubeconfig": TEXT, "context": "two"}) == "https://two"
    assert settings.server_of({"kubeconfig": TEXT, "cluster": "c2"}) == "https://two"


def test_only_another_server_replaces_everything(tmp_path: Path) -> None:
    file = tmp_path / "config"
    file.write_text(TEXT)
    by_text, by_file = {"kubeconfig": TEXT}, {"kubeconfig": str(file)}
    assert configuration.changes(by_text, by_file) == ["kubeconfig"]
    assert configuration.replaces_everything(by_text, by_file) == []
    assert configuration.replaces_everything(by_text, by_text | {"context": "two"}) == ["context"]
    assert configuration.replaces_everything(by_text, by_text | {"namespace": "n"}) == []
    assert configuration.replaces_everything(by_text, {"kubeconfig": UNKNOWN}) == []
