"""Against the registry that the sandbox runs, on loopback."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
import yaml

from sandbox import images, probes
from sandbox.ports import free_address
from sandbox.progress import SilentReporter
from sandbox.sample.binaries import Binaries
from sandbox.sample.images import VERSIONS, Faults, image, publish
from sandbox.toolchain import debian, store

PUBLISH = """
import sys
from pathlib import Path
from sandbox.sample.images import publish
print(sorted(publish(sys.argv[1], Path(sys.argv[2])).values()))
"""


@dataclass(frozen=True)
class Registry:
    address: str
    log: Path

    def uploads(self) -> int:
        return self.log.read_text(encoding="utf-8").count('"PUT /v2/sample/blobs/')

    def get(self, path: str) -> httpx2.Response:
        accept = {"Accept": images.MANIFEST_TYPE}
        return httpx2.get(f"http://{self.address}/v2/sample/{path}", headers=accept, trust_env=False).raise_for_status()


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    address = free_address()
    config = tmp_path / "config.yaml"
    storage = {"filesystem": {"rootdirectory": str(tmp_path / "data")}}
    config.write_text(yaml.safe_dump({"version": "0.1", "storage": storage, "http": {"addr": address}}))
    binary = debian.unpack(store(), SilentReporter()) / "usr" / "bin" / "docker-registry"
    log = tmp_path / "registry.log"
    with log.open("wb") as sink:
        process = subprocess.Popen([binary, "serve", config], stdout=sink, stderr=sink)
    try:
        deadline = time.monotonic() + 30
        while not probes.http_ok(f"http://{address}/v2/"):
            assert process.poll() is None and time.monotonic() < deadline, log.read_text()
            time.sleep(0.02)
        yield Registry(address, log)
    finally:
        process.kill()
        process.wait()


def test_every_version_can_be_had_by_its_digest(registry: Registry, binaries: Binaries) -> None:
    published = publish(registry.address, binaries.sample)
    assert set(published) == set(VERSIONS)
    for name, reference in published.items():
        repository, _, digest = reference.partition("@")
        assert repository == f"{registry.address}/sample"
        manifest = registry.get(f"manifests/{digest}").content
        assert images.digest_of(manifest) == digest == image(binaries.sample, name, VERSIONS[name]).digest
        document = json.loads(manifest)
        for item in (document["config"], *document["layers"]):
            assert images.digest_of(registry.get(f"blobs/{item['digest']}").content) == item["digest"]


def test_what_the_registry_has_is_not_sent_again(registry: Registry, binaries: Binaries) -> None:
    first = publish(registry.address, binaries.sample, {"v1": Faults()})
    sent = registry.uploads()
    assert sent == 3  # the program, the settings, the image's configuration
    assert publish(registry.address, binaries.sample, {"v1": Faults()}) == first
    assert registry.uploads() == sent
    publish(registry.address, binaries.sample, {"v1": Faults(), "v2": Faults()})
    assert registry.uploads() == sent + 2  # all but the program


def test_publishers_at_the_same_time_wait_for_each_other(registry: Registry, binaries: Binaries) -> None:
    command = [sys.executable, "-c", PUBLISH, registry.address, str(binaries.sample)]
    publishers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    answers = {publisher.communicate()[0] for publisher in publishers}
    assert [publisher.returncode for publisher in publishers] == [0] * 4
    assert len(answers) == 1
    assert registry.uploads() == 1 + 2 * len(
        VERSIONS
    )  # the program once, and of each version settings and configuration


def test_a_registry_that_cannot_be_reached_is_an_error(binaries: Binaries) -> None:
    with pytest.raises(httpx2.HTTPError):
        publish("127.0.0.1:1", binaries.sample, {"v1": Faults()})
