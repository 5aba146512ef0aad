"""Whether flags are still evaluated by anybody. Pure: who asks a metrics system is slipway.rollout.gate_inputs."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from slipway.release.flags.journal import Head
from slipway.release.http_access import QueryAccess
from slipway.release.manifest.base import FlagKey, FrozenModel
from slipway.release.units import Seconds
from slipway.release.urls import ServerUrl


class FlagUse(QueryAccess):
    """Where the evaluations of flags are counted, and how long a flag may go without any."""

    url: ServerUrl
    """A Prometheus server."""
    query: Annotated[str, Field(pattern=r"\{flag\}")]
    """PromQL for the evaluations of `{flag}` within `{within}`."""
    within: Annotated[Seconds, Field(gt=0)] = 30 * 86400.0

    def asked(self, flag: str) -> str:
        """The query for one flag."""
        return self.query.replace("{flag}", flag).replace("{within}", f"{round(self.within)}s")


class ObservedFlags(FrozenModel):
    """What a check found out about the flags of a set; a program cannot give it."""

    unused: dict[FlagKey, str] = {}
    """Flag -> why it does not count as used."""


def is_young(head: Head, flag: str, now: float, within: float) -> bool:
    """Whether a flag was declared for the first time less than `within` seconds ago, or never yet: no client can have
    evaluated it for that long. A flag whose first declaration is no longer recorded is old."""
    if flag not in head.declared.flags:
        return True
    for record in head.records:
        before = record.before if isinstance(record.before, dict) else {}
        after = record.after if isinstance(record.after, dict) else {}
        if record.what == "declare" and flag in after and flag not in before and now - record.at < within:
            return True
    return False
