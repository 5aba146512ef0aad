"""The server, by the local AWS's packages: `python -m sandbox.aws.rest PORT COUNTERS-PORT URLS-PORT FOLDER API CA
TOKEN-FILE`.

FOLDER may hold `settings.json`; the rest of ministack's settings are in the environment.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from functools import partial
from pathlib import Path

from ministack.app import main as serve  # type: ignore[import-not-found]

from sandbox.aws import settings
from sandbox.aws.ecs.pods import Pods
from sandbox.aws.minutes import Minutes, sender
from sandbox.aws.rest import overlay
from sandbox.aws.rest.counts import NAMESPACE, Counters, points
from sandbox.aws.rest.scraped import CountersServer
from sandbox.aws.rest.urls import Urls
from sandbox.aws.rest.versions import NAMESPACE as PODS
from sandbox.aws.rest.versions import Versions

LOOK_SECONDS = 0.5


def _send_minutes(counters: Counters, minutes: Minutes, file: Path) -> None:
    while True:
        try:
            minutes.look(points, counters.read, settings.read(file).lateness)
        except Exception:  # minutes that are lost end no function
            logging.getLogger(__name__).exception("a minute of functions was not sent")
        time.sleep(LOOK_SECONDS)


def main() -> None:
    """Serve until the process is ended."""
    port, counters_port, urls_port, folder, api, authority, token = sys.argv[1:]
    del sys.argv[1:]  # ministack reads its own
    pods = Pods(api, Path(authority), Path(token), PODS)
    pods.prepare()
    counters, runs = Counters(), Versions(pods, overlay.published)
    overlay.install(runs, counters)
    minutes = Minutes(sender(f"http://127.0.0.1:{port}", NAMESPACE))
    server = CountersServer(("127.0.0.1", int(counters_port)), counters)
    urls = Urls(partial(overlay.led_by_url, runs), counters)
    for work in (server.serve_forever, runs.run, partial(urls.run, int(urls_port))):
        threading.Thread(target=work, daemon=True).start()
    settled = (counters, minutes, Path(folder) / "settings.json")
    threading.Thread(target=_send_minutes, args=settled, daemon=True).start()
    serve()


if __name__ == "__main__":
    main()
