from __future__ import annotations

import hashlib
import json
import os
import tarfile
from pathlib import Path

import pytest

from sandbox import images


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    (folder / "opt" / "a").mkdir(parents=True)
    (folder / "opt" / "a" / "program").write_bytes(b"program")
    (folder / "opt" / "a" / "program").chmod(0o755)
    (folder / "opt" / "b").write_text("text")
    (folder / "tmp").mkdir()
    (folder / "tmp").chmod(0o1777)
    return folder


def test_a_layer_of_a_folder_has_its_modes_and_neither_times_nor_owners(root: Path, tmp_path: Path) -> None:
    made = images.write_layer(root, tmp_path / "layer.tar")
    content = made.file.read_bytes()
    assert (made.digest, made.size) == (f"sha256:{hashlib.sha256(content).hexdigest()}", len(content))
    with tarfile.open(made.file) as archive:
        modes = {member.name: member.mode for member in archive.getmembers()}
        assert {(member.mtime, member.uid, member.uname) for member in archive.getmembers()} == {(0, 0, "")}
    assert modes["opt/a/program"] == 0o755
    assert modes["tmp"] == 0o1777
    os.utime(root / "opt" / "b", (1, 1))
    assert images.write_layer(root, tmp_path / "again.tar").digest == made.digest


def test_an_image_lies_on_its_base_layers_in_their_order(root: Path, tmp_path: Path) -> None:
    one = images.write_layer(root / "opt", tmp_path / "one.tar")
    two = images.write_layer(root, tmp_path / "two.tar")
    built = images.build({"/service.py": b"pass"}, ["/python", "/service.py"], base=[one, two])
    manifest = json.loads(built.manifest)
    digests = [layer["digest"] for layer in manifest["layers"]]
    assert digests[:2] == [one.digest, two.digest]
    assert [layer["size"] for layer in manifest["layers"][:2]] == [one.size, two.size]
    config = json.loads(built.blobs[manifest["config"]["digest"]])
    assert config["rootfs"]["diff_ids"] == digests
