"""Trust roots: who may say what. They live in the gates' configuration, never in the manifest."""

from __future__ import annotations

from itertools import combinations
from typing import Annotated

from pydantic import AwareDatetime, Field, field_validator, model_validator

from slipway.release.evidence import builders
from slipway.release.evidence.facts import Kind
from slipway.release.manifest.base import FrozenModel
from slipway.release.people import is_plain, known_as

Name = Annotated[str, Field(min_length=1, max_length=200)]


class Identity(FrozenModel):
    """A Sigstore identity: the OIDC issuer and the subject (an e-mail address or a workflow URI), both exact.

    The subject of a workflow may end in `*` after its `@`, for references that change with every release:
    `https://forge.example/org/repo/.github/workflows/release.yml@refs/tags/*`. With `@*` every branch of the
    repository may sign, so name the tags or the protected branch.

    The subject of a *reusable* workflow is the workflow's own, whatever repository calls it: name the caller by
    `repository`, the certificate's source repository (`https://forge.example/org/repo`), exact.
    """

    issuer: Name
    subject: Name
    repository: Name | None = None

    @field_validator("subject")
    @classmethod
    def _wildcard_only_after_at(cls, value: str) -> str:
        start, at, reference = value.partition("@")
        is_open = reference.endswith("*") and "://" in start
        if "*" in value and not (at and is_open and value.count("*") == 1):
            raise ValueError(
                "only a workflow's reference may be open, after its @: https://.../workflow.yml@refs/tags/*"
            )
        return value

    def overlaps(self, other: Identity) -> bool:
        """Whether one certificate could be both."""
        same = (self.issuer, self.subject) == (other.issuer, other.subject)
        return same and (self.repository is None or other.repository in {None, self.repository})

    def matches(self, issuer: str, subject: str, repository: str | None = None) -> bool:
        """Whether a certificate's issuer, subject and source repository are this identity."""
        if issuer != self.issuer or (self.repository is not None and repository != self.repository):
            return False
        if self.subject.endswith("*"):
            return subject.startswith(self.subject[:-1])
        return subject == self.subject


class Principal(FrozenModel):
    """A signer: a person or a pipeline, with the credentials by which it is recognised."""

    name: Name
    """What `by` in QA's word and in approvals must say."""
    keys: Annotated[tuple[str, ...], Field(max_length=8)] = ()
    """Public keys in PEM: Ed25519, ECDSA P-256, P-384 or P-521, RSA of 2048 bits or more."""
    identities: Annotated[tuple[Identity, ...], Field(max_length=8)] = ()
    may: tuple[Kind, ...] = ()
    """The kinds of evidence that this principal may vouch for; nothing else it signs counts. One who only writes
    changes has neither this nor credentials."""
    aliases: Annotated[tuple[Name, ...], Field(max_length=16)] = ()
    """Other names of the same person, such as an e-mail address: as an author they are this principal."""
    services: Annotated[tuple[Name, ...], Field(max_length=256)] = ()
    """The services that this principal may vouch for and approve; every one when left out."""
    roles: tuple[Name, ...] = ()
    """The roles in which this principal may approve, such as service-owner."""
    until: AwareDatetime | None = None
    """For credentials that were retired: statements that are dated later do not count. A credential that was stolen
    could date its statements back, so remove it."""

    @field_validator("keys")
    @classmethod
    def _readable_keys(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        from slipway.release.evidence.keys import key_id

        for pem in value:
            key_id(pem)
        return value

    @field_validator("name", "aliases")
    @classmethod
    def _plain_names(cls, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
        for name in (value,) if isinstance(value, str) else value:
            if not is_plain(name) or name != " ".join(name.split()):
                raise ValueError("a name is printable ASCII, without spaces around it: other letters look alike")
        return value

    @property
    def names(self) -> frozenset[str]:
        """Every name of this principal, as names are compared."""
        return frozenset(map(known_as, (self.name, *self.aliases)))

    def speaks_of(self, service: str) -> bool:
        """Whether what this principal says of a service counts."""
        return not self.services or service in self.services

    @model_validator(mode="after")
    def _has_a_credential(self) -> Principal:
        has_credentials = bool(self.keys or self.identities)
        if has_credentials and not self.may:
            raise ValueError(f"principal {self.name} has credentials, so may needs at least 1 kind of evidence")
        if not has_credentials and (self.may or self.roles):
            raise ValueError(f"principal {self.name} has neither keys nor identities, so nothing of it can be verified")
        if "approval" in self.may and not self.roles:
            raise ValueError(f"principal {self.name} may approve, so it needs roles")
        return self


class TrustRoots(FrozenModel):
    """Every principal, and the root of the Sigstore instance when identities are used."""

    principals: Annotated[tuple[Principal, ...], Field(max_length=64)] = ()
    sigstore_root: str | None = None
    """The JSON text of a Sigstore `trusted_root.json`; verification never goes to the network."""
    builders: tuple[Name, ...] = ()
    """`runDetails.builder.id` of the builders whose provenance is accepted; for `*` see
    `slipway.release.evidence.builders`."""

    @field_validator("builders")
    @classmethod
    def _open_only_at_the_end(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(builders.check(pattern) for pattern in value)

    @field_validator("sigstore_root")
    @classmethod
    def _readable_root(cls, value: str | None) -> str | None:
        if value is not None:
            from slipway.release.evidence.sigstore_root import verifier

            verifier(value)
        return value

    @model_validator(mode="after")
    def _one_credential_one_name(self) -> TrustRoots:
        from slipway.release.evidence.keys import key_id

        names = [name for principal in self.principals for name in principal.names]
        doubles = sorted({name for name in names if names.count(name) > 1})
        if doubles:
            raise ValueError(
                f"{', '.join(doubles)}: each name belongs to one principal, and each principal has one entry"
            )
        owner: dict[str, str] = {}
        for principal in self.principals:
            for known in {key_id(pem) for pem in principal.keys}:
                if known in owner:
                    # One key under two names would let its owner approve his own change.
                    raise ValueError(f"{owner[known]} and {principal.name} have the same credential")
                owner[known] = principal.name
        for first, second in combinations(self.principals, 2):
            if any(one.overlaps(other) for one in first.identities for other in second.identities):
                raise ValueError(f"{first.name} and {second.name} have the same credential")
        if self.sigstore_root is None and any(principal.identities for principal in self.principals):
            raise ValueError("identities need sigstoreRoot, the trusted root of the Sigstore instance that issues them")
        return self

    def principal_of(self, name: str) -> Principal | None:
        """Who is known by a name or alias."""
        wanted = known_as(name)
        return next((principal for principal in self.principals if wanted in principal.names), None)
