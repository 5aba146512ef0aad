"""The way back after a breach: the traffic to the standby, then the journal. Everything here may be interrupted and
begun again; it is done under the Lease of the service, by the watch or by the next update."""

from __future__ import annotations

from collections.abc import Callable

from slipway.release.errors import ClusterError, LeaseLost
from slipway.release.records import journal
from slipway.release.records.journal import Attempt, Head, Outcome, Serving
from slipway.release.records.watch import WatchEntry, WatchPhase
from slipway.release.rollout_inputs import Backend
from slipway.rollout.adapters import Adapters
from slipway.rollout.record import Stored, leaving_with, save_head
from slipway.rollout.traffic.floors import leave_or_write_back, raise_for_return
from slipway.rollout.traffic.restore import put_back


def unfinished_return(head: Head) -> WatchEntry | None:
    """The watch whose breach was not acted on to the end."""
    watch = head.watching
    return watch if watch is not None and watch.phase is WatchPhase.BREACHED and not head.unfinished else None


def finish_return(adapters: Adapters, stored: Stored, tell: Callable[[str], None]) -> str:
    """Put the traffic back, where the watch does that, and write that it is. Returns what is true then, in words.

    Raises LeaseLost when another may write now, and ClusterError when it could not be done."""
    watch, serving = unfinished_return(stored.head), stored.head.serving
    if watch is None or serving is None:
        return "there is nothing to put back"
    leaving = stored.head.leaving
    if watch.standby is not None and not watch.only_escalates:
        enough = raise_for_return(adapters, stored, watch.standby, watch.backend)
        _put_back(adapters, watch, Serving(backend=watch.standby, route=serving.route), leaving, tell, enough)
        leaving = leaving_with(leaving, watch.backend, watch.standby)
    head = journal.returned_by_watch(stored.head, adapters.now())
    save_head(adapters, stored, head.model_copy(update={"leaving": leaving}))
    leave_or_write_back(adapters, stored, tell, tell)
    return describe_end(stored.head.watch or watch)


def describe_end(watch: WatchEntry) -> str:
    """Where the traffic is after a breach."""
    if watch.phase is WatchPhase.ROLLED_BACK and watch.standby is not None:
        return f"all traffic is on {watch.standby.label}, {watch.backend.label} is quarantined: {watch.reason}"
    return f"the traffic stays on {watch.backend.label} ({watch.only_escalates}): {watch.reason}"


def _put_back(
    adapters: Adapters,
    watch: WatchEntry,
    serving: Serving,
    leaving: tuple[Backend, ...],
    tell: Callable[[str], None],
    enough: int,
) -> None:
    """First as fast as replicas of the standby are ready, so that it is not overrun; where they do not all come, to
    those that did."""
    as_attempt = Attempt(
        id=watch.id,
        outcome=Outcome.RUNNING,
        kind="rollback",
        candidate=watch.backend,
        manifest=watch.manifest,
        began=watch.opened,
        old_replicas=enough,
    )
    try:
        put_back(adapters, serving, as_attempt, tell, leaving)
    except LeaseLost:
        raise
    except ClusterError as error:
        tell(str(error))
        put_back(adapters, serving, None, tell, (watch.backend, *leaving))
