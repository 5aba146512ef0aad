"""The plugin's process, started while the program still imports what it declares.

The engine starts a plugin at the first request for one of its resources, and a plugin in Python needs about as long to
start as the program to import its modules. So the program asks for it first. This module imports no more than that.
"""

from __future__ import annotations

from google.protobuf import struct_pb2
from pulumi.runtime import settings
from pulumi.runtime.proto import resource_pb2

from slipway.release.tokens import START


def start_plugin() -> None:
    """Ask the engine for the plugin and do not wait. Whether it can be had, the first resource tells."""
    monitor = settings.get_monitor()
    ask = None if monitor is None else getattr(monitor.Invoke, "future", None)
    if ask is not None:  # pulumi's mocks have no processes to start
        _asked.append(ask(resource_pb2.ResourceInvokeRequest(tok=START, args=struct_pb2.Struct())))


_asked: list[object] = []
"""Kept until the program ends: a call whose future is dropped is cancelled."""
