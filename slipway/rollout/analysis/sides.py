"""What there is for either side of a comparison."""

from __future__ import annotations

from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")


class Sides(NamedTuple, Generic[T]):
    """One of each, the candidate's first: also a plain pair, where both are treated alike."""

    candidate: T
    baseline: T

    def of(self, on_candidate: bool) -> T:
        """That of the side on which something happened."""
        return self.candidate if on_candidate else self.baseline
