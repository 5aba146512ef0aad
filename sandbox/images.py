"""Container images of a few files, built reproducibly and pushed to the sandbox's registry.

The formats are the OCI image specification's (layer, config, manifest) and the calls its distribution specification's.
Written here because the builders that one would use want a daemon, a network or another language's toolchain.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import json
import os
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from sandbox.paths import cache_dir

MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar"
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def digest_of(content: bytes) -> str:
    """``sha256:`` and 64 hex digits."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@dataclass(frozen=True)
class Layer:
    """A layer that lies in a file, because it is large and many images share it."""

    file: Path
    digest: str
    size: int


@dataclass(frozen=True)
class Image:
    """An image: its manifest and, by digest, the blobs in memory that it names; ``base`` are the other layers."""

    manifest: bytes
    blobs: Mapping[str, bytes]
    base: Sequence[Layer] = ()

    @property
    def digest(self) -> str:
        return digest_of(self.manifest)


def build(
    files: Mapping[str, Path | bytes],
    entrypoint: Sequence[str],
    environment: Mapping[str, str] | None = None,
    labels: Mapping[str, str] | None = None,
    user: str = "65532:65532",
    base: Sequence[Layer] = (),
) -> Image:
    """An image from ``base`` and ``files``: path inside to a program here, or to the bytes of a plain file.

    Each file is a layer of its own, so images that share a program share its layer. The same input gives the same
    digest everywhere: no time, no owner and no compressor's work is in it.
    """
    layers = [_layer(name, source) for name, source in sorted(files.items())]
    machine = os.uname().machine
    config: dict[str, Any] = {
        "architecture": ARCHITECTURES.get(machine, machine),
        "os": "linux",
        "config": {
            "Entrypoint": list(entrypoint),
            "Env": [f"{name}={value}" for name, value in sorted((environment or {}).items())],
            "Labels": dict(sorted((labels or {}).items())),
            "User": user,
        },
        "rootfs": {"type": "layers", "diff_ids": [*(layer.digest for layer in base), *map(digest_of, layers)]},
    }
    config_blob = encode(config)
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": _descriptor(CONFIG_TYPE, config_blob),
        "layers": [
            *({"mediaType": LAYER_TYPE, "digest": layer.digest, "size": layer.size} for layer in base),
            *(_descriptor(LAYER_TYPE, layer) for layer in layers),
        ],
    }
    return Image(encode(manifest), {digest_of(blob): blob for blob in (config_blob, *layers)}, base)


def write_layer(root: Path, file: Path) -> Layer:
    """Everything below ``root`` as a layer in ``file``; modes are kept, times and owners are not."""
    with tarfile.open(file, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for path in sorted(root.rglob("*")):
            archive.add(path, str(path.relative_to(root)), recursive=False, filter=_plain)
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    return Layer(file, f"sha256:{digest}", file.stat().st_size)


def _plain(info: tarfile.TarInfo) -> tarfile.TarInfo:
    info.mtime, info.uid, info.gid, info.uname, info.gname = 0, 0, 0, "", ""
    return info


def _layer(name: str, source: Path | bytes) -> bytes:
    content, mode = (source.read_bytes(), 0o755) if isinstance(source, Path) else (source, 0o644)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        info = tarfile.TarInfo(name.lstrip("/"))
        info.size, info.mode = len(content), mode
        archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def encode(document: Mapping[str, Any]) -> bytes:
    """JSON of which there is only one spelling."""
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


def _descriptor(media_type: str, content: bytes) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest_of(content), "size": len(content)}


def push(image: Image, registry: str, repository: str, tag: str | None = None) -> str:
    """Push what the registry lacks; the reference by digest, ``registry/repository@sha256:...``.

    One process of this machine pushes at a time: a registry on the file system refuses a manifest with
    400 while another client is uploading the same blobs. Raises ``httpx2.HTTPError`` when the registry cannot be
    reached or refuses.
    """
    base = f"http://{registry}/v2/{repository}"
    with _one_pusher(), httpx2.Client(timeout=30, trust_env=False) as client:
        contents: dict[str, bytes | Path] = {**image.blobs, **{layer.digest: layer.file for layer in image.base}}
        for digest, content in contents.items():
            if client.head(f"{base}/blobs/{digest}").status_code != httpx2.codes.OK:
                _upload(client, base, digest, content if isinstance(content, bytes) else content.read_bytes())
        for reference in filter(None, (image.digest, tag)):
            client.put(
                f"{base}/manifests/{reference}", content=image.manifest, headers={"Content-Type": MANIFEST_TYPE}
            ).raise_for_status()
    return f"{registry}/{repository}@{image.digest}"


@contextmanager
def _one_pusher() -> Iterator[None]:
    cache_dir().mkdir(parents=True, exist_ok=True)
    with (cache_dir() / ".push.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _upload(client: httpx2.Client, base: str, digest: str, blob: bytes) -> None:
    started = client.post(f"{base}/blobs/uploads/").raise_for_status()
    location = httpx2.URL(base).join(started.headers["Location"])
    client.put(
        location.copy_merge_params({"digest": digest}),
        content=blob,
        headers={"Content-Type": "application/octet-stream"},
    ).raise_for_status()
