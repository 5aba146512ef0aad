"""Which clients count where there are more than can be remembered. Pure.

A key is a hash with a secret salt: it says nothing of its client, of the side that it is on, or of whether it fails. So
those whose keys come first are a fair sample, the same on both sides, and it stays the same sample as others come.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Sample(NamedTuple):
    """Clients whose keys are below `below`, about `share` of all; without it all of them. A sample only gets smaller:
    who was left out once is never counted again, so nothing has to be remembered of them."""

    below: str | None = None
    share: float = 1.0

    def has(self, key: str) -> bool:
        """Whether this client counts."""
        return self.below is None or key < self.below

    def of_first(self, keys: Iterable[str], most: int) -> Sample:
        """Such that at most so many of these clients are left: those whose keys come first."""
        ordered = sorted(key for key in keys if self.has(key))
        if len(ordered) <= most:
            return self
        return Sample(ordered[most], self.share * most / len(ordered))

    def to_json(self) -> list[str | float | None]:
        """Plain JSON values."""
        return [self.below, self.share]

    @classmethod
    def from_json(cls, data: Iterable[str | float | None]) -> Sample:
        """The inverse of `to_json`. Raises ValueError or TypeError for anything else."""
        below, share = data
        return cls(None if below is None else str(below), float(share or 0.0))


ALL = Sample()
