"""Waiting for objects to become ready, or to be gone."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

from sandbox.standins.errors import StandInError
from sandbox.standins.kubernetes.client import Api, ApiError, Object
from sandbox.standins.kubernetes.failure import NotReadyError
from sandbox.standins.kubernetes.readiness import Needs, Rule, Verdict
from sandbox.standins.kubernetes.state import identity

_FIRST_PAUSE, _LONGEST_PAUSE, _GROWTH = 0.2, 2.0, 1.25  # seconds, seconds, factor

Say = Callable[[str], None]


class Waiter:
    """Waits on one cluster, until ``cancelled`` is set."""

    def __init__(self, api: Api, cancelled: threading.Event) -> None:
        self._api = api
        self._cancelled = cancelled

    def until_ready(self, path: str, live: Object, rule: Rule, timeout: float, say: Say) -> Object:
        """The object as it is once ready; ``say`` is told each time what it waits for.

        Raises:
            NotReadyError: it failed for good, the time was up, or the operation was cancelled.
            ApiError: it was deleted meanwhile.
        """
        verdict = self.judge(live, rule)
        for elapsed in self._pauses():
            if verdict.ready:
                if elapsed:
                    say("ready")
                return live
            if verdict.failed or elapsed is None or elapsed >= timeout:
                raise NotReadyError(live, _reasons(live, verdict, elapsed, timeout))
            say(_status(verdict))
            live = self._api.get(path)
            verdict = self.judge(live, rule)
        raise AssertionError("unreachable")

    def judge(self, live: Object, rule: Rule) -> Verdict:
        """The verdict now; what belongs to the object is looked up only when the object alone is not ready."""
        verdict = rule.judge(live, ())
        if verdict.ready or rule.needs is Needs.NOTHING:
            return verdict
        return rule.judge(live, self._list_related(live, rule.needs))

    def until_gone(self, path: str, uid: str, timeout: float, say: Say) -> None:
        """Until the API no longer has the object with this uid.

        Raises:
            StandInError: the time was up, or the operation was cancelled; the object is still being deleted.
        """
        for elapsed in self._pauses():
            try:
                live = self._api.get(path)
            except ApiError as error:
                if error.not_found:
                    return
                raise
            if live["metadata"].get("uid") != uid:
                return
            if elapsed is None or elapsed >= timeout:
                raise StandInError(_still_there(live, elapsed, timeout))
            if elapsed >= 1:
                say(_leaving(live))

    def _pauses(self) -> Iterator[float | None]:
        """The seconds since the start, ever more seldom; None once cancelled."""
        start, pause = time.monotonic(), _FIRST_PAUSE
        yield 0.0
        while not self._cancelled.wait(pause):
            yield time.monotonic() - start
            pause = min(pause * _GROWTH, _LONGEST_PAUSE)
        yield None

    def _list_related(self, live: Object, needs: Needs) -> list[Object]:
        metadata = live["metadata"]
        root = f"namespaces/{metadata.get('namespace')}"
        if needs is Needs.PODS:
            selector = label_selector(live["spec"].get("selector") or {})
            return self._list(f"/api/v1/{root}/pods", selector) if selector else []
        if needs is Needs.ENDPOINTS:
            selector = f"kubernetes.io/service-name={metadata['name']}"
            return self._list(f"/apis/discovery.k8s.io/v1/{root}/endpointslices", selector)
        name = live["spec"].get("storageClassName")
        return self._list("/apis/storage.k8s.io/v1/storageclasses", None, name) if name else []

    def _list(self, path: str, selector: str | None, name: str | None = None) -> list[Object]:
        """Relatives give reasons, no more: without the right to read them there are none."""
        params = {"labelSelector": selector} if selector else {"fieldSelector": f"metadata.name={name}"}
        try:
            return list(self._api.get(path, params).get("items") or [])
        except ApiError:
            return []


def label_selector(selector: Object) -> str:
    """A LabelSelector object as a query."""
    terms = [f"{key}={value}" for key, value in sorted((selector.get("matchLabels") or {}).items())]
    for each in selector.get("matchExpressions") or []:
        key, operator, values = each["key"], each["operator"], ",".join(each.get("values") or [])
        forms = {"In": f"{key} in ({values})", "NotIn": f"{key} notin ({values})", "Exists": key}
        terms.append(forms.get(operator, f"!{key}"))
    return ",".join(terms)


def _status(verdict: Verdict) -> str:
    text = f"waiting for {verdict.waiting_for}"
    return f"{text}; {verdict.reasons[0]}" if verdict.reasons else text


def _reasons(live: Object, verdict: Verdict, elapsed: float | None, timeout: float) -> list[str]:
    name = f"{live['kind']} {identity(live)}"
    if verdict.failed:
        first = f"{name} failed"
    elif elapsed is None:
        first = f"cancelled while {name} was not ready, waiting for {verdict.waiting_for}"
    else:
        first = f"{name} was not ready within {timeout:g} s, waiting for {verdict.waiting_for}"
    return [first, *verdict.reasons]


def _leaving(live: Object) -> str:
    finalizers = ", ".join(live["metadata"].get("finalizers") or [])
    return f"being deleted; held by {finalizers}" if finalizers else "being deleted"


def _still_there(live: Object, elapsed: float | None, timeout: float) -> str:
    finalizers = ", ".join(live["metadata"].get("finalizers") or []) or "none"
    when = "when the operation was cancelled" if elapsed is None else f"after {timeout:g} s"
    return f"{live['kind']} {identity(live)} was still being deleted {when} (finalizers: {finalizers})"
