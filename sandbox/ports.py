"""Ports of the loopback for servers that are started for a while."""

from __future__ import annotations

import socket


def free_port() -> int:
    """A port of the loopback that nobody has now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def free_address() -> str:
    """The same as `127.0.0.1:PORT`."""
    return f"127.0.0.1:{free_port()}"
