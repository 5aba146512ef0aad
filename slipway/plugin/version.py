"""The version of the plugin, which is the project's."""

from __future__ import annotations

from typing import Final

VERSION: Final = "0.1.0"
