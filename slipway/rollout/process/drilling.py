"""Whether this process carries out a drill: `slipway drill` says so to the engine that it starts."""

from __future__ import annotations

import os
from typing import get_args

from slipway.release.records.journal import Drill

DRILL = "SLIPWAY_DRILL"
"""Names the procedure that is rehearsed."""


def drilled() -> Drill | None:
    """The procedure that is rehearsed; None of an update that is meant, and of a name that is no procedure."""
    named = os.environ.get(DRILL)
    return next((one for one in get_args(Drill) if one == named), None)
