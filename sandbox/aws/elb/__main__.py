"""The server. `python -m sandbox.aws.elb PORT FOLDER STATS-URL CLOUDWATCH-ENDPOINT`, by the local AWS's packages.

FOLDER takes Envoy's configuration, and may hold `settings.json`.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from functools import partial
from pathlib import Path

from moto.backends import get_backend
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple

from sandbox.aws import ACCOUNT, REGION, settings
from sandbox.aws.elb import overlay, plane, view
from sandbox.aws.elb.health import Health
from sandbox.aws.elb.minutes import NAMESPACE, points
from sandbox.aws.minutes import Minutes, sender

LOOK_SECONDS = 0.1


class _Loop:
    """Looks at moto's model again and again."""

    def __init__(self, folder: Path, stats: str, health: Health, send: Minutes) -> None:
        self._settings = folder / "settings.json"
        self._stats = stats
        self._health = health
        self._plane = plane.Plane(folder, health)
        self._minutes = send

    def run(self) -> None:
        """Until the process is ended."""
        while True:
            try:
                self.look()
            except Exception:  # one look that fails, whatever moto was asked for meanwhile, ends no load balancer
                logging.getLogger(__name__).exception("a look at the load balancers failed")
            time.sleep(LOOK_SECONDS)

    def look(self) -> None:
        """Once: health, rules, counters. Envoy may be away for a while."""
        known = view.of(get_backend("elbv2")[ACCOUNT][REGION])
        slowness = settings.read(self._settings)
        self._health.look(known)
        self._plane.write(known, slowness.propagation)
        try:
            self._minutes.look(partial(points, known), lambda: plane.counters(self._stats), slowness.lateness)
        except OSError as error:
            sys.stderr.write(f"elb: {error}\n")


def main() -> None:
    """Serve until the process is ended."""
    port, folder, stats, cloudwatch = sys.argv[1:]
    health = Health(lambda: plane.in_flight(stats))
    overlay.install(health)
    loop = _Loop(Path(folder), stats, health, Minutes(sender(cloudwatch, NAMESPACE)))
    loop.look()
    threading.Thread(target=loop.run, daemon=True).start()
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    application = DomainDispatcherApplication(create_backend_app)
    run_simple("0.0.0.0", int(port), application, threaded=True)  # noqa: S104 - of the sandbox's own namespace


if __name__ == "__main__":
    main()
