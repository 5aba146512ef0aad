"""Every request of the adaptors to AWS: reads are tried again while AWS is away; writes ask the fence before each
sending. Whether a write may be sent again is said by the one who writes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from slipway.rollout.platforms.aws.calls import failure_of, failures
from slipway.rollout.platforms.trying import Failure, Kind, Patience, Tries
from slipway.rollout.process.fence import UNFENCED, Fence

T = TypeVar("T")


class AwsRequests:
    """The requests of one adaptor. Safe for several threads."""

    def __init__(self, fence: Fence = UNFENCED, patience: Patience | None = None) -> None:
        self.fence = fence
        self.patience = patience or Patience()

    def ask(self, what: str, call: Callable[[], T]) -> T:
        """A read. Raises ClusterError, also for what is not there."""
        found = self._ask(what, call)
        if isinstance(found, Failure):
            raise found.error
        return found

    def find(self, what: str, call: Callable[[], T]) -> T | None:
        """A read; None for what is not there. Raises ClusterError."""
        found = self._ask(what, call)
        if isinstance(found, Failure):
            if found.kind is Kind.ABSENT:
                return None
            raise found.error
        return found

    def repeat(self, what: str, call: Callable[[], T]) -> T:
        """A write that may be sent twice without harm: it says what is wanted, whatever is there. Raises ClusterError,
        LeaseLost and LeaseStale."""
        tries = Tries(self.patience)
        while True:
            self.fence.check()
            done = self.once(what, call)
            if not isinstance(done, Failure):
                return done
            if done.kind is Kind.GARBLED or not tries.another(done):
                raise done.error

    @staticmethod
    def once(what: str, call: Callable[[], T]) -> T | Failure:
        """One sending."""
        try:
            return call()
        except failures() as error:
            failed = failure_of(what, error)
            failed.error.__cause__ = error
            return failed

    def _ask(self, what: str, call: Callable[[], T]) -> T | Failure:
        tries = Tries(self.patience)
        while True:
            done = self.once(what, call)
            if not isinstance(done, Failure) or done.kind is Kind.GARBLED or not tries.another(done):
                return done
