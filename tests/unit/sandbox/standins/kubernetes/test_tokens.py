from __future__ import annotations

import pytest

from sandbox.standins.errors import InvalidInputError
from sandbox.standins.kubernetes.tokens import Kind, kind_of_object, kind_of_token, kind_of_urn, name_of_urn

URN = "urn:pulumi:dev::shop::slipway:index:Canary$kubernetes:apps/v1:Deployment::checkout::blue"


@pytest.mark.parametrize(
    ("token", "kind"),
    [
        ("kubernetes:core/v1:Service", Kind("", "v1", "Service")),
        ("kubernetes:apps/v1:Deployment", Kind("apps", "v1", "Deployment")),
        ("kubernetes:gateway.networking.k8s.io/v1:HTTPRoute", Kind("gateway.networking.k8s.io", "v1", "HTTPRoute")),
        ("kubernetes:example.com/v1beta2:FirewallList", Kind("example.com", "v1beta2", "FirewallList")),
    ],
)
def test_a_token_names_group_version_and_kind(token: str, kind: Kind) -> None:
    assert kind_of_token(token) == kind


def test_a_urn_gives_the_innermost_type_and_the_whole_name() -> None:
    assert kind_of_urn(URN) == Kind("apps", "v1", "Deployment")
    assert name_of_urn(URN) == "checkout::blue"


@pytest.mark.parametrize("kind", [Kind("", "v1", "Pod"), Kind("apps", "v1", "Deployment")])
def test_a_kind_survives_its_api_version(kind: Kind) -> None:
    assert kind_of_object(kind.api_version, kind.name) == kind


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        ("kubernetes:yaml/v2:ConfigGroup", "install the real provider"),
        ("kubernetes:helm.sh/v3:Release", "install the real provider"),
        ("kubernetes:kustomize/v2:Directory", "install the real provider"),
        ("kubernetes:core/v1:ConfigMapPatch", "declare ConfigMap whole"),
        ("kubernetes:apps/v1:DeploymentList", "declare Deployment objects instead"),
        ("nonsense", "no type token"),
    ],
)
def test_what_is_no_single_object_is_refused_with_what_to_do(token: str, reason: str) -> None:
    with pytest.raises(InvalidInputError, match=reason):
        kind_of_token(token)
