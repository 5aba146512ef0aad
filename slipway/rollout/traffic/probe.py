"""A bounded probe as the traffic of a stack without users. Its verdicts are the data plane's counters."""

from __future__ import annotations

import threading

import httpx2

from slipway.release.manifest.route import Route
from slipway.release.rollout_inputs import TrafficProbe

TIMEOUT = 2.0


class Probe:
    """Sends `probe.rate` requests a second to the service through its gateway until it is stopped."""

    def __init__(self, probe: TrafficProbe, url: str, route: Route) -> None:
        self._probe = probe
        self._url = url
        self._host = route.hostnames[0].removeprefix("*.")
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
                try:
                    client.get(self._probe.path)
                except httpx2.HTTPError:
                    # The data plane counts it either way, or the source shows that no traffic came.
                    continue
