"""Lists the pods that want to be scraped. Run as a program: ``targets.py API CA TOKEN-FILE OUT``.

OUT is a file of Prometheus' file discovery, replaced in one rename and only when something changed.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import ssl
import sys
import time
import urllib.request
from typing import Any

LOOK_SECONDS = 1.0
WITHIN = 5.0
ANNOTATION = "prometheus.io/"
LABELS = {"service": "slipway.dev/service", "revision": "slipway.dev/revision"}


def targets(pods: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One group for each running pod with the annotation ``prometheus.io/scrape: "true"`` and a port."""
    found = [_target(pod) for pod in pods]
    return sorted((one for one in found if one is not None), key=lambda one: str(one["labels"]["pod"]))


def _target(pod: dict[str, Any]) -> dict[str, Any] | None:
    metadata, status = pod["metadata"], pod.get("status", {})
    annotations, labels = metadata.get("annotations") or {}, metadata.get("labels") or {}
    address, port = status.get("podIP"), annotations.get(f"{ANNOTATION}port", "")
    wanted = annotations.get(f"{ANNOTATION}scrape") == "true" and port.isdecimal()
    if not wanted or not address or status.get("phase") != "Running":
        return None
    own = {name: labels[label] for name, label in LABELS.items() if label in labels}
    path = annotations.get(f"{ANNOTATION}path", "/metrics")
    named = {"namespace": metadata["namespace"], "pod": metadata["name"], "__metrics_path__": path}
    return {"targets": [f"{address}:{port}"], "labels": {**named, **own}}


def main() -> None:
    """Look until the process is ended. An API server that does not answer leaves the list as it is."""
    api, authority, token_file, out = sys.argv[1:]
    trust = ssl.create_default_context(cafile=authority)
    os.makedirs(os.path.dirname(out), exist_ok=True)  # noqa: PTH103, PTH120 - quick to start
    written = ""
    while True:
        with contextlib.suppress(OSError, ValueError, http.client.HTTPException):
            text = json.dumps(targets(_pods(api, trust, token_file)))
            if text != written:
                _replace(out, text)
                written = text
        time.sleep(LOOK_SECONDS)


def _pods(api: str, trust: ssl.SSLContext, token_file: str) -> list[dict[str, Any]]:
    with open(token_file, encoding="utf-8") as file:  # noqa: PTH123
        headers = {"Authorization": f"Bearer {file.read().strip()}"}
    request = urllib.request.Request(f"{api}/api/v1/pods?resourceVersion=0", headers=headers)  # noqa: S310 - our own
    with urllib.request.urlopen(request, timeout=WITHIN, context=trust) as answer:  # noqa: S310
        return list(json.load(answer).get("items") or [])


def _replace(out: str, text: str) -> None:
    draft = f"{out}.draft"
    with open(draft, "w", encoding="utf-8") as file:  # noqa: PTH123
        file.write(text)
    os.rename(draft, out)  # noqa: PTH104


if __name__ == "__main__":
    main()
