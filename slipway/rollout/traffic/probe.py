"""A bounded probe as the traffic of a stack without users. In a rollout its verdicts are the data plane's counters; a
drill asks the probe itself what it saw."""

from __future__ import annotations

import threading

import httpx2

from slipway.release.manifest.route import Route
from slipway.release.rollout_inputs import TrafficProbe

TIMEOUT = 2.0
SERVER_ERROR = 500


class Probe:
    """Sends `probe.rate` requests a second to the service through its gateway until it is stopped."""

    def __init__(self, probe: TrafficProbe, url: str, route: Route) -> None:
        self._probe = probe
        self._url = url
        self._host = route.hostnames[0].removeprefix("*.")
        self.sent = 0
        """Requests so far."""
        self.failed = 0
        """Those without an answer, or with a status of 500 or above."""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="probe", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def stop(self) -> None:
        """Send no more."""
        self._stop.set()
        self._thread.join(TIMEOUT + 1)

    def _run(self) -> None:
        with httpx2.Client(base_url=self._url, headers={"Host": self._host}, timeout=TIMEOUT) as client:
            while not self._stop.wait(1 / self._probe.rate):
                self.sent += 1
                try:
                    if client.get(self._probe.path).status_code >= SERVER_ERROR:
                        self.failed += 1
                except httpx2.HTTPError:
                    self.failed += 1
