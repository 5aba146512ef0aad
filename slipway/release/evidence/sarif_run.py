"""Did a SARIF run get to its end? What the tool says of its own execution and configuration (3.20, 3.58).

A tool that could not read a file may still say that its execution was successful, and say so only in a notification
of level `error`. Such a run has not seen everything, so the absence of results proves nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from slipway.release.evidence.facts import MOST_NAMES
from slipway.release.evidence.sarif_model import Invocation, Log, Notification, Run
from slipway.release.evidence.sarif_rules import Rules
from slipway.release.findings import plain


def complaints(log: Log) -> tuple[str, ...]:
    """Why the runs did not get to their ends, with the places, the first few; empty when all of them did."""
    return tuple(islice((plain(one, 200) for run in log.runs for one in _of_run(run)), MOST_NAMES))


def warnings(log: Log) -> int:
    """How many notifications of level `warning` there are: a part that was perhaps not analysed whole."""
    return sum(1 for run in log.runs for level, _ in _notifications(run) if level == "warning")


def _of_run(run: Run) -> Iterator[str]:
    for invocation in run.invocations:
        yield from _ending(invocation)
    for level, notification in _notifications(run):
        if level == "error":
            yield _shown(notification)


def _ending(invocation: Invocation) -> Iterator[str]:
    if not invocation.execution_successful:
        yield "executionSuccessful is false"
    if invocation.exit_signal_name:
        yield f"it was ended by the signal {invocation.exit_signal_name}"
    if invocation.process_start_failure_message:
        yield f"it could not be started: {invocation.process_start_failure_message}"


def _notifications(run: Run) -> Iterator[tuple[str, Notification]]:
    rules = Rules(run) if run.invocations else None
    for number, invocation in enumerate(run.invocations):
        for notification in (
            *invocation.tool_execution_notifications,
            *invocation.tool_configuration_notifications,
        ):
            if rules is not None:
                yield rules.level_of(notification, number), notification


def _shown(notification: Notification) -> str:
    message = notification.message
    said = message.text or message.markdown or message.id or ""
    if notification.exception is not None:
        said = said or notification.exception.message or notification.exception.kind or ""
    if not said and notification.descriptor is not None:
        said = notification.descriptor.id or ""
    where = next((location.shown() for location in notification.locations), "")
    return f"it reports an error of its own: {said or 'no text'}{f' ({where})' if where else ''}"
