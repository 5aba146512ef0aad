"""The source that asks the proxies of the data plane themselves, at each look: no scrape has to be waited for.

A proxy that comes counts from zero, one that was there and is seen late from what it shows, one that restarted begins
anew, one that goes keeps what it had counted (slipway.rollout.metrics.counters). One that is ready and does not answer
is an error: its requests would be missing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlencode

import httpx2

from slipway.release.errors import ClusterError
from slipway.release.manifest.guardrails import Guardrail
from slipway.release.rollout_inputs import Backend
from slipway.rollout.metrics.base import Snapshot
from slipway.rollout.metrics.counted import Counted, CountedByProxies
from slipway.rollout.metrics.draft import Draft
from slipway.rollout.metrics.envoy import REQUESTS, Frame
from slipway.rollout.metrics.exposition import rows_of
from slipway.rollout.metrics.history import Ticks
from slipway.rollout.metrics.profiles import Lens
from slipway.rollout.metrics.prometheus import PrometheusSource
from slipway.rollout.metrics.readers import ReadRequest
from slipway.rollout.process import clock

PROXIES_MOST = 50
"""Proxies that are asked at each look; more are Prometheus' work."""
AT_ONCE = 8
TIMEOUT = httpx2.Timeout(2.0, connect=1.0)
_DIGITS = r"(_\d\d\d)?"


@dataclass(frozen=True, slots=True)
class Page:
    """What one proxy shows. `proxy` names it: another one has another name. `absent_at` is a time at which it was not
    there (Unix seconds), 0 where none is known."""

    proxy: str
    text: str
    absent_at: float = 0.0


class Proxies(Protocol):
    """The proxies of one data plane."""

    def read(self, query: str) -> Sequence[Page]:
        """The pages of all that are ready, asked with this query string. Raises ClusterError for one that does not
        answer, and where there are none."""
        ...

    def cost(self, tick: float) -> str:
        """What a look every `tick` seconds costs, in words. Raises ClusterError."""
        ...


class ProxiesSource(CountedByProxies):
    """See slipway.rollout.metrics.base.Source. Guardrails that are not counted by proxies are read from Prometheus,
    where there is one, and are errors else."""

    def __init__(
        self,
        proxies: Proxies,
        lens: Lens,
        prometheus: PrometheusSource | None,
        *,
        filtered: bool,
        now: Callable[[], float] = clock.now,
    ) -> None:
        super().__init__(lens.reading_pages() if filtered else lens)
        self._proxies, self._prometheus, self._filtered, self._now = proxies, prometheus, filtered, now

    def snapshot(
        self,
        guardrails: Sequence[Guardrail],
        candidate: Backend,
        baseline: Backend | None,
        max_age: float = 0.0,
        *,
        copied: bool = False,
    ) -> Snapshot:
        """All of them; the time is that of the proxies, which are asked now."""
        look = ReadRequest(candidate, baseline, max_age, copied)
        counted: list[Counted] = [one for one in guardrails if isinstance(one, Counted)]
        others = [one for one in guardrails if not isinstance(one, Counted)]
        draft = Draft() if self._prometheus is None or not others else self._prometheus.read_others(others, look)
        if self._prometheus is None:
            draft.fail([one.name for one in others], "it is not counted by the proxies; write metrics.url for it")
        self._read_counted(counted, look, draft)
        return draft.finish()

    def history(
        self, guardrails: Sequence[Guardrail], backend: Backend, seconds: float, tick: float
    ) -> Mapping[str, Ticks]:
        """That of Prometheus: a proxy knows no past."""
        return {} if self._prometheus is None else self._prometheus.history(guardrails, backend, seconds, tick)

    def reached(self) -> dict[str, Any]:
        """How far what is handed on once was read."""
        return {} if self._prometheus is None else self._prometheus.reached()

    def go_on(self, reached: Mapping[str, Any]) -> None:
        """From where another process was. Raises ValueError when it is something else."""
        if self._prometheus is not None:
            self._prometheus.go_on(reached)

    def unseen(self, backend: Backend) -> str | None:
        """Why nothing is known to have been sent to it; see the protocol."""
        try:
            frame, cluster = self._frame((REQUESTS,), [backend]), self._cluster(backend)
        except ClusterError as error:
            return str(error)
        # Envoy shows what it has endpoints of before the first request; others show nothing until then.
        found = frame.having(cluster) if self._filtered else any(one.total for one in frame.requests(cluster).values())
        if found:
            return None
        return f"the proxies do not show {backend.entry}, which serves; correct metrics.profile ({self._lens.name})"

    def spacing(self) -> float | None:
        """None: each look has its own samples."""
        return None

    def notes(self, tick: float) -> tuple[str, ...]:
        """What a look costs."""
        try:
            return (f"errors and latency are read from the proxies themselves: {self._proxies.cost(tick)}",)
        except ClusterError as error:
            return (f"warning: nothing will move: {error}",)

    def _frame(
        self, names: Sequence[str], backends: Sequence[Backend], max_age: float = 0.0, copied: Backend | None = None
    ) -> Frame:
        now, wanted = self._now(), self._lens.metrics(names)  # no sample is older
        pages = self._proxies.read(self._query(backends, copied=copied is not None))
        rows = [row for page in pages for row in rows_of(page.text, wanted, page.proxy, now)]
        frame = self._framed(rows, backends, copied, {page.proxy: page.absent_at for page in pages})
        if not frame.emitters:
            raise ClusterError(
                f"no proxy shows {self._lens.plane.alive.metric}; check metrics.profile ({self._lens.name}) and the "
                "path of metrics.proxies"
            )
        return frame

    def _query(self, backends: Sequence[Backend], *, copied: bool) -> str:
        """Envoy compares the filter with each name that it has, and skips those that were never used before."""
        if not self._filtered:
            return ""
        sides = "|".join(pattern for one in self._lens.sides(backends, copied=copied) for pattern in one.values())
        counted = f"upstream_rq({_DIGITS}|_active|_time)|membership_total"
        names = rf"^(server\.uptime|cluster\.({sides})\.({counted}))$"
        return "usedonly&" + urlencode({"filter": names})


class AddressedProxies:
    """Proxies at fixed addresses."""

    def __init__(self, addresses: Sequence[str], path: str, transport: httpx2.BaseTransport | None = None) -> None:
        self._addresses, self._path = tuple(addresses), path
        self._client = httpx2.Client(timeout=TIMEOUT, transport=transport)

    def read(self, query: str) -> Sequence[Page]:
        """Each of them."""
        return read_pages({one: f"{one.rstrip('/')}{self._path}" for one in self._addresses}, query, self._get)

    def cost(self, tick: float) -> str:
        """Requests to the proxies alone."""
        return f"{len(self._addresses)} of them at fixed addresses, each once in {tick:g}s"

    def _get(self, url: str) -> str:
        response = self._client.get(url)
        if not response.is_success:
            raise ClusterError(f"HTTP {response.status_code}")
        return response.text


def read_pages(urls: Mapping[str, str], query: str, get: Callable[[str], str]) -> list[Page]:
    """The pages of some proxies, by their names, several at once. Raises ClusterError that names one which did not
    answer."""
    if len(urls) > PROXIES_MOST:
        raise ClusterError(
            f"there are {len(urls)} proxies, more than {PROXIES_MOST} are not asked themselves; write kind: prometheus"
        )

    def one(item: tuple[str, str]) -> Page:
        name, url = item
        try:
            return Page(name, get(f"{url}?{query}" if query else url))
        except (ClusterError, httpx2.HTTPError) as error:
            text = " ".join(str(error).split()) or type(error).__name__
            raise ClusterError(f"the proxy {name} did not show its statistics ({text})") from error

    with ThreadPoolExecutor(max_workers=max(1, min(AT_ONCE, len(urls)))) as pool:
        return list(pool.map(one, urls.items()))
