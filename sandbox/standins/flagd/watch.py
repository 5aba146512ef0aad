"""Follows one object of the API server. While that is away, the latest document stays in force."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx2
from lightkube.config import client_adapter
from lightkube.config.kubeconfig import KubeConfig
from lightkube.config.models import User

from sandbox.standins.errors import StandInError
from sandbox.standins.flagd.flags import Flags
from sandbox.standins.flagd.source import Source

REWATCH_SECONDS = 30
"""The API server ends a watch after so long. A watch that lasts longer is of a server that is dead without a word."""
RETRY_SECONDS = 0.25


def connect(kubeconfig: Path | None = None) -> httpx2.Client:
    """The cluster of a kubeconfig: of this one, else of the one that KUBECONFIG names, else of the pod that this runs
    in."""
    found = KubeConfig.from_env() if kubeconfig is None else KubeConfig.from_file(kubeconfig)
    config = found.get()
    if config is None:
        raise StandInError("the kubeconfig has no current context")
    config = config._replace(user=config.user or User())
    params = client_adapter.ConnectionParams(timeout=httpx2.Timeout(5.0)).httpx_params(config)
    return httpx2.Client(**params)


class Watch:
    """A thread that publishes every document of ``source``.

    Each watch begins without a resource version: the API server then sends the object as it is first. So a version that
    is too old, a lost connection and a new API server all need nothing but the next watch.
    """

    def __init__(self, http: httpx2.Client, source: Source, flags: Flags) -> None:
        self._http = http
        self._source = source
        self._flags = flags
        self._stopping = threading.Event()
        self._said = ""

    def run(self) -> None:
        """Watch until ``stop`` is called."""
        while not self._stopping.is_set():
            try:
                self._watch()
            except (httpx2.HTTPError, ValueError, StandInError) as error:
                self._say(f"{self._source}: {' '.join(str(error).split()) or type(error).__name__}; the flags stay")
                self._stopping.wait(RETRY_SECONDS)

    def stop(self) -> None:
        """Begin no further watch."""
        self._stopping.set()

    def _watch(self) -> None:
        params = {
            "watch": "true",
            "fieldSelector": f"metadata.name={self._source.name}",
            "timeoutSeconds": str(REWATCH_SECONDS),
        }
        timeout = httpx2.Timeout(5.0, read=REWATCH_SECONDS + 5.0)
        with self._http.stream("GET", self._source.collection, params=params, timeout=timeout) as answer:
            if answer.is_error:
                answer.read()
                raise StandInError(f"the API server answers {answer.status_code} {_reason(answer)}")
            for line in answer.iter_lines():
                self._take(json.loads(line))

    def _take(self, event: Mapping[str, Any]) -> None:
        kind, found = event["type"], event["object"]
        if kind == "ERROR":
            raise StandInError(f"the watch ends: {found.get('message')}")
        if kind == "DELETED":
            self._say(f"{self._source} is deleted; the flags stay")  # as with flagd
            return
        try:
            document = self._source.document(found)
        except StandInError as error:
            self._say(f"{error}; the flags stay")
            return
        if self._flags.publish(document):
            self._say(f"{self._source} at {found['metadata']['resourceVersion']}")

    def _say(self, line: str) -> None:
        """One line on stderr, the same one only once in a row."""
        if line != self._said:
            self._said = line
            sys.stderr.write(f"{line}\n")
            sys.stderr.flush()


def _reason(answer: httpx2.Response) -> str:
    try:
        return str(answer.json().get("message") or "")
    except (ValueError, AttributeError):
        return ""
