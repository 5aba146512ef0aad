"""Pulumi's type tokens and Kubernetes' group, version and kind: ``kubernetes:apps/v1:Deployment``."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.standins.errors import InvalidInputError

_COMPOSED = ("yaml", "helm.sh", "kustomize")
_CORE = ("core", "")


@dataclass(frozen=True)
class Kind:
    """What the API calls group, version and kind; ``group`` is "" for the core group."""

    group: str
    version: str
    name: str

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    def __str__(self) -> str:
        return f"{self.api_version}/{self.name}"


def kind_of_urn(urn: str) -> Kind:
    """The kind of a resource by its URN. Raises :class:`InvalidInputError` as :func:`kind_of_token` does."""
    return kind_of_token(urn.split("::")[2].rpartition("$")[2])


def name_of_urn(urn: str) -> str:
    """The name the program gave it."""
    return urn.split("::", 3)[3]


def kind_of_token(token: str) -> Kind:
    """The kind behind a type token.

    Raises:
        InvalidInputError: it stands for no single object, or for something only the real provider does.
    """
    try:
        _, module, name = token.split(":")
        group, _, version = module.rpartition("/")
    except ValueError:
        raise InvalidInputError(f"{token!r} is no type token such as kubernetes:apps/v1:Deployment") from None
    if group in _COMPOSED or module in _COMPOSED:
        raise InvalidInputError(
            f"{token} is rendered by the real Kubernetes provider, which this stand-in is not: "
            "declare the objects one by one, or install the real provider"
        )
    built_in = "." not in group or group.endswith(".k8s.io")  # a custom kind may well be called FirewallList
    if built_in and name.endswith("Patch"):
        raise InvalidInputError(
            f"{token} patches an object that others own, which this stand-in does not do: declare "
            f"{name.removesuffix('Patch')} whole, or install the real provider"
        )
    if built_in and name.endswith("List"):
        raise InvalidInputError(f"{token} is a list, no object: declare {name.removesuffix('List')} objects instead")
    return Kind("" if group in _CORE else group, version, name)


def kind_of_object(api_version: str, kind: str) -> Kind:
    """The kind that an object names itself."""
    group, _, version = api_version.rpartition("/")
    return Kind(group, version, kind)
