from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.toolchain.store import Store


def test_an_entry_appears_only_when_it_is_complete(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with store.entry("tool", "k1") as entry:
        (entry.draft / "half").touch()
        assert not entry.ready
        assert not store.path("tool", "k1").exists()
        assert entry.commit() == store.path("tool", "k1")
    assert (store.path("tool", "k1") / "half").exists()


def test_an_interrupted_build_leaves_no_draft(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with pytest.raises(KeyboardInterrupt), store.entry("tool", "k1") as entry:
        (entry.draft / "half").touch()
        raise KeyboardInterrupt
    assert not entry.draft.exists()
    assert not entry.folder.exists()


def test_the_draft_of_a_killed_builder_is_thrown_away(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with store.entry("tool", "k1") as killed:
        stale = killed.draft
    stale.mkdir()
    (stale / "stale").touch()
    with store.entry("tool", "k2") as entry:
        assert list(entry.draft.iterdir()) == []


def test_two_keys_of_one_tool_live_side_by_side(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for key in ("k1", "k2"):
        with store.entry("tool", key) as entry:
            entry.commit()
    assert store.path("tool", "k1").is_dir()
    assert store.path("tool", "k2").is_dir()
