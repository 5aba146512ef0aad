"""The configuration file of a stack as bytes: replaced whole, and put back exactly as it was."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from slipway.release.errors import EngineError

ABANDONED = 3600.0
"""Seconds after which a draft is taken away whose process does not run here: it was killed."""


@dataclass(slots=True)
class StackFile:
    """One stack's file with the bytes that it had at first."""

    path: Path
    before: bytes
    written: bytes | None = None

    @classmethod
    def read(cls, path: Path) -> StackFile:
        """Raises EngineError when there is none."""
        try:
            return cls(path, path.read_bytes())
        except OSError as error:
            raise EngineError(f"{path.name} cannot be read: {error.strerror}") from None

    @contextmanager
    def draft(self, kind: str = "draft") -> Iterator[Path]:
        """A copy beside it, with its rights, that is gone after the block unless it took the file's place. Drafts of
        several kinds may exist at once; what a killed command left is taken away."""
        self._sweep()
        draft = self.path.with_name(f".{self.path.stem}.{kind}.{os.getpid()}{self.path.suffix}")
        try:
            draft.touch(mode=0o600)
            draft.write_bytes(self.before)
            draft.chmod(self.path.stat().st_mode & 0o777)
            yield draft
        finally:
            with suppress(FileNotFoundError):
                draft.unlink()

    def _sweep(self) -> None:
        for left in self.path.parent.glob(f".{self.path.stem}.*{self.path.suffix}"):
            owner = left.stem.rpartition(".")[2]
            with suppress(FileNotFoundError):
                if owner.isdigit() and time.time() - left.stat().st_mtime > ABANDONED and not _runs(int(owner)):
                    left.unlink()

    def replace_by(self, draft: Path) -> None:
        """Put the draft in the file's place. Raises EngineError when the file was edited in between."""
        if self.path.read_bytes() != self.before:
            raise EngineError(f"{self.path.name} was edited in between; run the command again")
        self.written = draft.read_bytes()
        draft.replace(self.path)

    def put_back(self) -> bool:
        """Restore the first bytes, if the file still is what `replace_by` wrote; whether it did."""
        if self.written is None or self.path.read_bytes() != self.written:
            return False
        with self.draft() as draft:
            draft.replace(self.path)
        self.written = None
        return True


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it runs as another user
        return True
    return True
