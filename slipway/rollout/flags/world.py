"""What the writer of a set of flags works on."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from slipway.release.flags.effective import EffectiveFlags
from slipway.release.flags.flagd import flagd_document
from slipway.rollout.platforms.base import DocumentStore


@dataclass(frozen=True, slots=True)
class FlagWorld:
    """One set of flags: its journal and its document. `render` says what the document holds for flags in force."""

    name: str
    journal: DocumentStore
    document: DocumentStore
    render: Callable[[EffectiveFlags], dict[str, Any]] = flagd_document
    now: Callable[[], float] = time.time
    """Unix seconds, for records that people read."""
