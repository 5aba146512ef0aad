"""The provider's configuration: its arguments, the stack's ``kubernetes:...`` keys and the environment."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sandbox.standins.errors import InvalidInputError
from sandbox.standins.kubernetes.values import UNKNOWN, Tree, plain

# What the real provider knows and this one may ignore: warnings it never gives, tuning it does not need.
_IGNORED = {
    "alwaysRender",
    "clusterIdentifier",
    "enableReplaceCRD",
    "helmReleaseSettings",
    "kubeClientSettings",
    "strictMode",
    "suppressHelmHookWarnings",
    "version",
    "pluginDownloadURL",
    "__internal",
}
_REFUSED = {
    "renderYamlToDirectory": "this stand-in renders no YAML",
    "skipUpdateUnreachable": "this stand-in does not hide an unreachable cluster",
}
_KNOWN = {
    "kubeconfig",
    "context",
    "cluster",
    "namespace",
    "enableServerSideApply",
    "enablePatchForce",
    "enableConfigMapMutable",
    "enableSecretMutable",
    "suppressDeprecationWarnings",
    "deleteUnreachable",
}


@dataclass(frozen=True)
class Settings:
    """``kubeconfig`` is the parsed file; None when it is unknown until an update."""

    kubeconfig: dict[str, Any] | None
    kubeconfig_file: Path | None
    context: str | None
    cluster: str | None
    namespace: str | None
    patch_force: bool = False
    config_map_mutable: bool = False
    secret_mutable: bool = False
    suppress_warnings: bool = False
    delete_unreachable: bool = False


def decoded(inputs: Mapping[str, Tree]) -> dict[str, Tree]:
    """Settings as plain values: on the wire, what is no string is JSON inside one."""
    return {name: _decoded(plain(value)) for name, value in inputs.items()}


def problems(inputs: Mapping[str, Tree]) -> list[tuple[str, str]]:
    """Every (property, reason) for which these settings cannot be used."""
    found = [(name, reason) for name, reason in _REFUSED.items() if inputs.get(name) not in (None, False, "", "false")]
    unknown = set(inputs) - _KNOWN - _IGNORED - set(_REFUSED)
    found += [(name, "unknown setting of the Kubernetes provider") for name in sorted(unknown)]
    if inputs.get("enableServerSideApply") not in (None, UNKNOWN) and not _truth(inputs["enableServerSideApply"]):
        found.append(("enableServerSideApply", "this stand-in applies on the server only: leave it out or set it true"))
    try:
        _kubeconfig(inputs.get("kubeconfig"), {})
    except InvalidInputError as error:
        found.append(("kubeconfig", str(error)))
    return found


def parse(inputs: Mapping[str, Tree], environment: Mapping[str, str] = os.environ) -> Settings:
    """Settings from checked inputs, each falling back to the real provider's environment variable.

    Raises:
        InvalidInputError: there is no kubeconfig, or it does not parse.
    """

    def flag(name: str, variable: str) -> bool:
        value = inputs.get(name)
        return _truth(environment.get(variable) if value is None else value)

    content, file = _kubeconfig(inputs.get("kubeconfig"), environment)
    return Settings(
        kubeconfig=content,
        kubeconfig_file=file,
        context=_text(inputs.get("context")),
        cluster=_text(inputs.get("cluster")),
        namespace=_text(inputs.get("namespace")),
        patch_force=flag("enablePatchForce", "PULUMI_K8S_ENABLE_PATCH_FORCE"),
        config_map_mutable=flag("enableConfigMapMutable", "PULUMI_K8S_ENABLE_CONFIGMAP_MUTABLE"),
        secret_mutable=flag("enableSecretMutable", "PULUMI_K8S_ENABLE_SECRET_MUTABLE"),
        suppress_warnings=flag("suppressDeprecationWarnings", "PULUMI_K8S_SUPPRESS_DEPRECATION_WARNINGS"),
        delete_unreachable=flag("deleteUnreachable", "PULUMI_K8S_DELETE_UNREACHABLE"),
    )


def server_of(inputs: Mapping[str, Tree]) -> str | None:
    """The API server's address that these inputs lead to; None when they do not tell."""
    try:
        settings = parse(inputs)
    except InvalidInputError:
        return None
    content = settings.kubeconfig or {}
    wanted = settings.context or content.get("current-context")
    contexts = {each["name"]: each["context"] for each in content.get("contexts", [])}
    cluster = settings.cluster or contexts.get(wanted, {}).get("cluster")
    clusters = {each["name"]: each["cluster"] for each in content.get("clusters", [])}
    return _text(clusters.get(cluster, {}).get("server"))


def _kubeconfig(given: Tree, environment: Mapping[str, str]) -> tuple[dict[str, Any] | None, Path | None]:
    """Content and file of: a path, a text (YAML or JSON) or, when none is given, KUBECONFIG and ~/.kube/config."""
    if given is UNKNOWN:
        return None, None
    if isinstance(given, dict):
        return given, None
    if isinstance(given, str) and given.strip():
        return _from_text(given)
    for candidate in [*environment.get("KUBECONFIG", "").split(os.pathsep), str(Path.home() / ".kube" / "config")]:
        if candidate and Path(candidate).expanduser().is_file():
            return _from_file(Path(candidate).expanduser())
    if environment.get("KUBERNETES_SERVICE_HOST"):
        return {}, None
    if not environment:  # asked only whether what is given can be read
        return None, None
    raise InvalidInputError("no kubeconfig: set the provider's `kubeconfig`, or the environment variable KUBECONFIG")


def _from_text(text: str) -> tuple[dict[str, Any], Path | None]:
    if "\n" not in text.strip() and not text.lstrip().startswith("{"):
        file = Path(text.strip()).expanduser()
        if file.is_file():
            return _from_file(file)
        raise InvalidInputError(f"the kubeconfig {text.strip()!r} is neither a file nor the content of one")
    return _parsed(text, "its content"), None


def _from_file(file: Path) -> tuple[dict[str, Any], Path]:
    try:
        text = file.read_text()
    except OSError as error:
        raise InvalidInputError(f"the kubeconfig {file} cannot be read: {error.strerror}") from None
    return _parsed(text, str(file)), file


def _parsed(text: str, place: str) -> dict[str, Any]:
    try:
        content = json.loads(text) if text.lstrip().startswith("{") else yaml.safe_load(text)
    except (yaml.YAMLError, ValueError):
        raise InvalidInputError(f"the kubeconfig ({place}) is no valid YAML or JSON") from None
    if not isinstance(content, dict) or not content.get("clusters"):
        raise InvalidInputError(f"the kubeconfig ({place}) names no clusters")
    return content


def _decoded(value: Tree) -> Tree:
    if isinstance(value, str) and value[:1] in "{[tf0123456789":
        try:
            parsed = json.loads(value)
        except ValueError:
            return value
        return parsed if isinstance(parsed, (bool, dict, list)) else value
    return value


def _truth(value: Tree) -> bool:
    return value is True or (isinstance(value, str) and value.lower() in {"true", "1"})


def _text(value: Tree) -> str | None:
    return value if isinstance(value, str) and value else None
