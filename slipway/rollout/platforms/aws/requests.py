"""Every request of the adaptors to AWS: reads are tried again while AWS is away; writes ask the fence before each
sending, and a conditional one whose answer was lost is recognised when it is sent again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from slipway.release.errors import ClusterError
from slipway.rollout.platforms.aws.calls import failure_of, failures
from slipway.rollout.platforms.trying import DOUBTFUL, Failure, Kind, Patience, Tries, unseen
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

    def remove(self, what: str, call: Callable[[], object]) -> None:
        """A deletion, of what may be gone already. Raises ClusterError, LeaseLost and LeaseStale."""
        tries = Tries(self.patience)
        while True:
            self.fence.check()
            done = self.once(what, call)
            if not isinstance(done, Failure) or done.kind is Kind.ABSENT:
                return
            if not tries.another(done):
                raise done.error

    def write(
        self,
        what: str,
        send: Callable[[], object],
        look: Callable[[], T | None],
        is_done: Callable[[T | None], bool],
    ) -> None:
        """A conditional write, sent until it stands or another has written. After an answer that was lost `look` finds
        what is there, and `is_done` tells whether that is this write. Raises Conflict, ClusterError, LeaseLost and
        LeaseStale."""
        tries, unknown = Tries(self.patience), False
        while True:
            self.fence.check()
            failed = self.once(what, send)
            if not isinstance(failed, Failure):
                return
            if failed.kind is Kind.CONFLICT:
                self._judge_conflict(what, failed.error, look, is_done, unknown=unknown)
                return
            unknown = unknown or failed.kind in DOUBTFUL
            if failed.kind is Kind.GARBLED or not tries.another(failed):
                break
        if not unknown:
            raise failed.error
        try:
            there = self.once(what, look)
        except ClusterError:  # of several requests, each of which was tried
            raise unseen(failed.error) from failed.error
        if isinstance(there, Failure):
            raise unseen(failed.error) from failed.error
        if not is_done(there):
            raise failed.error

    def _judge_conflict(
        self,
        what: str,
        conflict: ClusterError,
        look: Callable[[], T | None],
        is_done: Callable[[T | None], bool],
        *,
        unknown: bool,
    ) -> None:
        """After a condition that failed: return when an earlier sending is what stands."""
        try:
            there = self.ask(what, look)
        except ClusterError as error:
            raise (unseen(error) if unknown else error) from error
        if not (unknown and is_done(there)):
            raise conflict

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
