"""Files that others read while they are written."""

from __future__ import annotations

import os
from pathlib import Path


def replace_file(path: Path, text: str, mode: int | None = None) -> None:
    """Put `text` in the file's place in one rename: a reader sees the former content or the new one, never a part. Its
    permissions are `mode`, those of the process when left out. Raises OSError, and leaves no draft then."""
    draft = path.with_name(f".{path.name}.draft")
    try:
        draft.write_text(text, encoding="utf-8")
        if mode is not None:
            draft.chmod(mode)
        os.replace(draft, path)  # noqa: PTH105 - atomic on every system
    except OSError:
        draft.unlink(missing_ok=True)
        raise
