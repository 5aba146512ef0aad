"""Stand-ins for parts that cannot be had offline; README.md says which and when they give way."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def bin_directory_for(environment: Mapping[str, str]) -> Path:
    """The folder to put first on PATH: see :func:`sandbox.standins.links.bin_directory_for`."""
    from sandbox.standins import links  # the plugin processes start without it

    return links.bin_directory_for(environment)
