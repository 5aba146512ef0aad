"""Who runs this process, for records that people read."""

from __future__ import annotations

import getpass
import os
import socket


def operator() -> str:
    """User and host."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"
