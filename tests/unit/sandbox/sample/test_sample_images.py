from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from sandbox import images
from sandbox.sample.images import VERSIONS, Faults, image, late_errors


@pytest.fixture
def binary(tmp_path: Path) -> Path:
    path = tmp_path / "sample"
    path.write_bytes(b"\x7fELF a program")
    return path


def manifest(built: images.Image) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(built.manifest)
    return document


def test_the_same_content_has_the_same_digest_wherever_and_whenever_it_is_built(binary: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    copy = elsewhere / "another-name"
    copy.write_bytes(binary.read_bytes())
    copy.chmod(0o700)
    first, second = image(binary, "v1", Faults()), image(copy, "v1", Faults())
    assert first.digest == second.digest
    assert first.blobs == second.blobs


def test_every_version_has_a_digest_of_its_own_and_shares_the_programs_layer(binary: Path) -> None:
    built = [image(binary, name, faults) for name, faults in VERSIONS.items()]
    assert len({one.digest for one in built}) == len(VERSIONS)
    programs = {manifest(one)["layers"][1]["digest"] for one in built}
    assert len(programs) == 1


def test_a_changed_program_changes_the_digest(binary: Path) -> None:
    before = image(binary, "v1", Faults()).digest
    binary.write_bytes(b"\x7fELF another program")
    assert image(binary, "v1", Faults()).digest != before


def test_an_image_holds_the_program_and_its_settings_and_names_every_blob_rightly(binary: Path) -> None:
    built = image(binary, "errors-5", VERSIONS["errors-5"])
    described = [manifest(built)["config"], *manifest(built)["layers"]]
    assert {item["digest"] for item in described} == set(built.blobs)
    for item in described:
        assert images.digest_of(built.blobs[item["digest"]]) == item["digest"]
        assert len(built.blobs[item["digest"]]) == item["size"]
    files = {}
    for layer in manifest(built)["layers"]:
        with tarfile.open(fileobj=io.BytesIO(built.blobs[layer["digest"]])) as archive:
            for member in archive.getmembers():
                content = archive.extractfile(member)
                assert content is not None
                files[member.name] = (member.mode, content.read())
                assert (member.mtime, member.uid, member.gid) == (0, 0, 0)
    assert files["sample"] == (0o755, binary.read_bytes())
    mode, settings = files["etc/sample.json"]
    assert mode == 0o644
    assert json.loads(settings) == {"version": "errors-5", "errorRatio": 0.05}


def test_the_container_runs_as_nobody_in_particular(binary: Path) -> None:
    built = image(binary, "v1", Faults())
    config = json.loads(built.blobs[manifest(built)["config"]["digest"]])
    assert config["config"]["User"] == "65532:65532"
    assert config["config"]["Entrypoint"] == ["/sample"]
    assert config["rootfs"]["diff_ids"] == [layer["digest"] for layer in manifest(built)["layers"]]


def test_late_errors_are_healthy_until_their_time() -> None:
    settings = json.loads(late_errors(30, error_ratio=0.2).settings("late"))
    assert settings == {
        "version": "late",
        "errorRatio": 0.2,
        "faultAfterSeconds": 30,
        "faultAfter": "first-request",
    }


def test_impossible_faults_are_refused() -> None:
    with pytest.raises(ValidationError):
        Faults(error_ratio=1.5)
    with pytest.raises(ValidationError):
        Faults.model_validate({"errorRation": 0.1})
