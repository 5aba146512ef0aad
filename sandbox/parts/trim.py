"""Empties a file whenever it has grown beyond a size. Run as a program: ``trim.py FILE BYTES``."""

from __future__ import annotations

import os
import sys
import time

LOOK_SECONDS = 2.0


def trim(path: str, most: int) -> bool:
    """Empty the file if it has more than ``most`` bytes; whether it was emptied. A file that is not there is small."""
    try:
        if os.stat(path).st_size <= most:  # noqa: PTH116 - without site-packages and quick to start
            return False
        os.truncate(path, 0)
    except FileNotFoundError:
        return False
    return True


def main() -> None:
    """Look until the process is ended."""
    path, most = sys.argv[1], int(sys.argv[2])
    while True:
        trim(path, most)
        time.sleep(LOOK_SECONDS)


if __name__ == "__main__":
    main()
