"""The cache of tools: one folder a tool and key, complete or absent."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Entry:
    """A place in the cache, held under its lock. ``draft`` becomes ``folder`` in one rename, by ``commit``."""

    folder: Path
    draft: Path

    @property
    def ready(self) -> bool:
        return self.folder.is_dir()

    def commit(self) -> Path:
        self.draft.rename(self.folder)
        return self.folder


@dataclass(frozen=True)
class Store:
    """The folder ``tools`` of the cache."""

    root: Path

    def log(self, name: str) -> Path:
        return self.root / f"{name}.log"

    def path(self, name: str, key: str) -> Path:
        return self.root / f"{name}-{key}"

    @contextmanager
    def entry(self, name: str, key: str) -> Iterator[Entry]:
        """Hold the place of ``name`` at ``key``: two builders of one tool wait for each other.

        A draft that was not committed is removed, also one that an earlier, killed builder left.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        folder = self.path(name, key)
        draft = self.root / f".draft-{name}"
        with (self.root / f".{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            shutil.rmtree(draft, ignore_errors=True)
            try:
                if not folder.is_dir():
                    draft.mkdir()
                    draft.chmod(0o755)
                yield Entry(folder, draft)
            finally:
                shutil.rmtree(draft, ignore_errors=True)
