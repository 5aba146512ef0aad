"""Asks the registry what it has under a digest, and computes the digest of what came back.

OCI distribution over HTTPS with the credentials of the Docker configuration, or Amazon ECR with those of boto3.
Whatever goes wrong is an answer with `error`, never an exception: the gate refuses what is unknown.
"""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import json
import os
import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

import httpx2

from slipway.release.readiness.gate_input import ObservedArtifact

LARGEST = 8 << 20
WITHIN = 10.0
MEDIA_TYPES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_ECR = re.compile(r"^(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(\.cn)?$")
_REPOSITORY = re.compile(r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*")
_CHALLENGE = re.compile(r'(\w+)="([^"]*)"')


def observe(
    image: str,
    plain_http: Collection[str] = (),
    token_services: Collection[str] = (),
    transport: httpx2.BaseTransport | None = None,
) -> ObservedArtifact:
    """What the registry has for `host/repository@sha256:<hex>`. `plain_http` names registries without TLS,
    `token_services` hosts outside of the registry's domain that may get its credentials."""
    name, _, digest = image.partition("@")
    host, _, repository = name.partition("/")
    if not repository or not digest:
        return ObservedArtifact(image=image, exists=False, error=f"{image} does not begin with a registry's host")
    if not _REPOSITORY.fullmatch(repository) or _is_no_registry(host):
        return ObservedArtifact(
            image=image, exists=False, error=f"{host} is not asked for {repository}: no registry has it"
        )
    try:
        if (ecr := _ECR.fullmatch(host)) is not None:
            return _ecr(image, repository, digest, ecr["account"], ecr["region"])
        scheme = "http" if host in plain_http or host.split(":")[0] in {"localhost", "127.0.0.1"} else "https"
        with httpx2.Client(timeout=WITHIN, transport=transport) as client:
            url = f"{scheme}://{host}/v2/{repository}/manifests/{digest}"
            return _distribution(client, image, url, host, token_services)
    except Exception as error:
        detail = " ".join(str(error).split())[:200]
        return ObservedArtifact(image=image, exists=False, error=f"{host}: {type(error).__name__}: {detail}")


def _is_no_registry(host: str) -> bool:
    """Whether a host can only be something else: the metadata service of a cloud, a multicast group."""
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    return address.is_link_local or address.is_multicast or address.is_unspecified or address.is_reserved


def _distribution(
    client: httpx2.Client, image: str, url: str, host: str, token_services: Collection[str]
) -> ObservedArtifact:
    headers = {"Accept": ", ".join(MEDIA_TYPES)} | _basic(host)
    status, data, challenge = _get(client, url, headers)
    if status == httpx2.codes.UNAUTHORIZED and challenge.lower().startswith("bearer"):
        headers["Authorization"] = f"Bearer {_token(client, challenge, host, token_services)}"
        status, data, _ = _get(client, url, headers)
    if status == httpx2.codes.NOT_FOUND:
        return ObservedArtifact(image=image, exists=False)
    if status != httpx2.codes.OK:
        return ObservedArtifact(image=image, exists=False, error=f"{host} answered {status}")
    return ObservedArtifact(image=image, exists=True, digest=_digest(data))


def _get(client: httpx2.Client, url: str, headers: dict[str, str]) -> tuple[int, bytes, str]:
    with client.stream("GET", url, headers=headers) as response:
        chunks, size = [], 0
        for chunk in response.iter_bytes():
            size += len(chunk)
            if size > LARGEST:
                raise ValueError(f"the manifest has more than {LARGEST} bytes")
            chunks.append(chunk)
        return response.status_code, b"".join(chunks), response.headers.get("WWW-Authenticate", "")


def _token(client: httpx2.Client, challenge: str, host: str, token_services: Collection[str]) -> str:
    """A token of the service that the registry names. The registry's credentials go to its own domain only, or where
    the configuration says; anywhere else the token is asked for without them."""
    parts = dict(_CHALLENGE.findall(challenge))
    realm = parts.pop("realm")
    if not realm.startswith("https://"):
        raise ValueError("the registry sends to a token service without TLS")
    service = httpx2.URL(realm).host
    trusted = service in token_services or _domain(service) == _domain(host)
    answer = client.get(realm, params=parts, headers=_basic(host) if trusted else {})
    if answer.status_code == httpx2.codes.UNAUTHORIZED and not trusted and _basic(host):
        raise ValueError(f"credentials are not sent to {service}; add it to artifact-integrity.tokenServices")
    answer.raise_for_status()
    body = answer.json()
    return str(body.get("token") or body["access_token"])


def _domain(host: str) -> str:
    """The last two labels of a host name, or the whole of an address."""
    name = host.partition(":")[0]
    return name if name.replace(".", "").isdigit() else ".".join(name.split(".")[-2:])


def _basic(host: str) -> dict[str, str]:
    """The credentials of the Docker configuration, where it holds some for this registry."""
    folder = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")
    try:
        entry = json.loads((folder / "config.json").read_text()).get("auths", {}).get(host, {})
        auth = str(entry.get("auth", ""))
        base64.b64decode(auth, validate=True)
    except (OSError, ValueError, AttributeError):
        return {}
    return {"Authorization": f"Basic {auth}"} if auth else {}


def _ecr(image: str, repository: str, digest: str, account: str, region: str) -> ObservedArtifact:
    try:
        import boto3  # type: ignore[import-untyped]
    except ModuleNotFoundError:
        missing = "Amazon ECR is asked by boto3, which is not installed: pip install 'slipway[aws]'"
        return ObservedArtifact(image=image, exists=False, error=missing)
    client: Any = boto3.client("ecr", region_name=region)
    found = client.batch_get_image(
        registryId=account,
        repositoryName=repository,
        imageIds=[{"imageDigest": digest}],
        acceptedMediaTypes=list(MEDIA_TYPES),
    )
    if not found.get("images"):
        failure = (found.get("failures") or [{}])[0]
        if failure.get("failureCode") in {None, "ImageNotFound"}:
            return ObservedArtifact(image=image, exists=False)
        return ObservedArtifact(image=image, exists=False, error=f"ECR: {failure['failureCode']}")
    described = client.describe_repositories(registryId=account, repositoryNames=[repository])["repositories"][0]
    return ObservedArtifact(
        image=image,
        exists=True,
        digest=_digest(found["images"][0]["imageManifest"].encode()),
        tag_immutable=described.get("imageTagMutability") == "IMMUTABLE",
    )


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"
