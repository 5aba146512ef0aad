"""Files that are replaced while others read them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from slipway.rollout.process.whole_file import replace_file


def test_who_has_the_former_file_open_reads_it_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "a.prom"
    replace_file(path, "former\n")
    with path.open() as reader:
        replace_file(path, "new\n", 0o640)
        assert reader.read() == "former\n"
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("new\n", 0o640)
    assert list(tmp_path.iterdir()) == [path]


def test_what_cannot_be_put_in_place_leaves_no_draft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "replace", refused)
    with pytest.raises(PermissionError):
        replace_file(tmp_path / "a.prom", "new\n")
    assert list(tmp_path.iterdir()) == []
