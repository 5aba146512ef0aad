"""Sends one escalation until nothing of it is left to tell: at least once to each receiver, always with its id."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, as_completed

from slipway.release.errors import ClusterError
from slipway.release.escalation.model import Escalation
from slipway.release.escalation.outbox import Closed, Entry, Outcome, after_try, due, next_due
from slipway.release.escalation.receivers import Receiver, shown
from slipway.rollout.escalation.outbox import Outbox, add, change
from slipway.rollout.escalation.telling import tell as tell_once

LIFE = 24 * 3600.0
"""Seconds for which a process sends; what is left then is for `slipway escalations send`."""
LOOK_EVERY = 5.0
"""Seconds between two looks at the outbox, where the escalation may have been closed."""
REPORTED = 3
"""So many failures in a row, and then each time their number doubles, are worth a line."""

Post = Callable[[Receiver, Escalation, Closed | None, float], Outcome]
Tell = Callable[[str], None]


class Sender:
    """Of one entry. An outbox that cannot be reached stops nothing: then the entry is sent as it was known last, and
    what came of it is written as soon as that works."""

    def __init__(self, outbox: Outbox, entry: Entry, tell: Tell = lambda _: None, send: Post = tell_once) -> None:
        self._outbox = outbox
        self._known = entry
        """As the outbox has it; where that cannot be reached, as it had it last."""
        self._tell = tell
        self._send = send
        self._unwritten: list[tuple[int, Outcome, float, bool]] = []

    @property
    def entry(self) -> Entry:
        """As it is, with what could not be written yet."""
        return self._with_unwritten(self._known)

    def run(self, now: Callable[[], float], pause: Callable[[float], None], life: float = LIFE) -> None:
        """Send until nothing is left, or for `life` seconds."""
        began = now()
        while (at := self.once(now())) is not None and now() - began < life:
            pause(min(LOOK_EVERY, max(0.0, at - now())))

    def once(self, now: float) -> float | None:
        """Try everything that is due. When the next try is due, Unix seconds; None when nothing is left."""
        self._catch_up()
        closing = self.entry.closed
        indices = due(self.entry, now)
        if indices:
            with ThreadPoolExecutor(max_workers=len(indices)) as pool:
                tries: dict[Future[Outcome], int] = {
                    pool.submit(self._try, index, closing, now): index for index in indices
                }
                for done in as_completed(tries):
                    self._note(tries[done], done.result(), now, closing=closing is not None)
        return next_due(self.entry)

    def _try(self, index: int, closing: Closed | None, now: float) -> Outcome:
        try:
            return self._send(self._known.deliveries[index].receiver, self._known.escalation, closing, now)
        except Exception as error:  # one receiver must not keep the others from being told
            return Outcome("again", f"unexpected {type(error).__name__}")

    def _note(self, index: int, outcome: Outcome, now: float, *, closing: bool) -> None:
        before = self.entry.deliveries[index]
        self._unwritten.append((index, outcome, now, closing))
        self._write()
        self._report(index, outcome, before.failed, before.delivered is None)

    def _catch_up(self) -> None:
        """Read what others wrote meanwhile, and write what is not written yet."""
        with contextlib.suppress(ClusterError):
            held = self._outbox.load(self._known.id)
            if held is None:
                add(self._outbox, self._known)
            else:
                self._known = held.entry
        if self._unwritten:
            self._write()

    def _write(self) -> None:
        with contextlib.suppress(ClusterError):
            written = change(self._outbox, self._known.id, self._with_unwritten)
            if written is not None:
                self._known, self._unwritten = written, []

    def _with_unwritten(self, entry: Entry) -> Entry:
        for index, outcome, now, closing in self._unwritten:
            entry = after_try(entry, index, outcome, now, closing=closing)
        return entry

    def _report(self, index: int, outcome: Outcome, failed: int, first: bool) -> None:
        receiver, name = shown(self._known.deliveries[index].receiver), self._known.id
        if outcome.result == "refused":
            self._tell(f"ESCALATION {name} WAS REFUSED by {receiver}: {outcome.why}; it is not tried again there")
        elif outcome.result == "again" and (failed < REPORTED or (failed & (failed - 1)) == 0):
            self._tell(f"escalation {name}: {receiver}: {outcome.why}; it is tried again")
        elif outcome.result == "delivered" and first:
            self._tell(f"escalation {name}: {receiver} has it")
