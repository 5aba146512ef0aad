"""The beginning of a watch: what is watched and the counters at the commit, for the process that will watch."""

from __future__ import annotations

from slipway.release.errors import ClusterError, Conflict, SlipwayError
from slipway.release.records.watch import WatchEntry
from slipway.release.rollout_inputs import RolloutInputs
from slipway.rollout.adapters import Adapters
from slipway.rollout.analysis.watching import begin_watch
from slipway.rollout.measurement.overdispersion import Past
from slipway.rollout.measurement.snapshots import snapshot_to_json
from slipway.rollout.metrics.base import Resumable
from slipway.rollout.watching.document import WatchDocument, read_document

TRIES = 3


def open_document(adapters: Adapters, wanted: RolloutInputs, watch: WatchEntry) -> str | None:
    """Write the document of this watch unless it is there; the counts since then are not lost, however late its process
    begins. Raises nothing: why it could not be written."""
    if adapters.watch is None or wanted.watch is None:
        return "this platform watches nothing after 100%"
    try:
        for _ in range(TRIES):
            stored = adapters.watch.document.read()
            found = read_document(stored)
            if found is not None and found.watch == watch.id:
                return None
            try:
                content = new_document(adapters, wanted, watch).to_document()
                adapters.watch.document.write(content, stored.version if stored is not None else None)
            except Conflict:
                continue
            return None
    except SlipwayError as error:
        return str(error)
    return "others keep writing its document"


def forget_clients(adapters: Adapters, watch: WatchEntry) -> str | None:
    """After the end of a watch whose process may be gone: the salt of its clients' keys is kept no longer. A process
    that is still there loses its turn and finds the end. Raises nothing: why it could not be removed."""
    if adapters.watch is None:
        return None
    try:
        for _ in range(TRIES):
            stored = adapters.watch.document.read()
            found = read_document(stored)
            if stored is None or found is None or found.watch != watch.id or found.reached is None:
                return None
            try:
                content = found.model_copy(update={"reached": None}).to_document()
                adapters.watch.document.write(content, stored.version)
            except Conflict:
                continue
            return None
    except SlipwayError as error:
        return f"the salt of the clients' keys could not be removed: {error}"
    return "the salt of the clients' keys could not be removed: others keep writing its document"


def new_document(adapters: Adapters, wanted: RolloutInputs, watch: WatchEntry) -> WatchDocument:
    """With the counters as they are now, where they can be read, and what the past says of them."""
    document = WatchDocument(watch=watch.id, stack=adapters.stack, wanted=wanted)
    plan, source = wanted.watch, adapters.source
    if plan is None or source is None:
        return document
    baseline = watch.standby
    try:
        seen = source.snapshot(plan.guardrails, wanted.candidate, baseline)
        counters = snapshot_to_json(seen) if seen.traffic_error is None else None
    except ClusterError:
        counters = None
    counted = adapters.now() if counters is not None else 0.0
    judged = wanted.model_copy(update={"guardrails": plan.guardrails})
    known = Past(source, judged, baseline).known() if baseline is not None else None
    state = begin_watch(plan, wanted.analysis, known).to_json()
    # What was logged until now, or whom the rollout saw fail, is none of the watch's.
    reached = {"source": source.reached()} if isinstance(source, Resumable) else None
    found = {"counters": counters, "counted": counted, "state": state, "reached": reached}
    return document.model_copy(update=found)
