"""A Prometheus, an Alertmanager and a webhook of the test's own, on free ports of the loopback."""

from __future__ import annotations

import contextlib
import http.server
import json
import queue
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import yaml

from sandbox.parts.alertmanager import command, with_files
from sandbox.ports import free_address
from slipway.release.slo.alertmanager import configuration
from slipway.release.slo.delivery import FileRules, RuleGroupInputs
from slipway.release.slo.rules import RuleGroup
from slipway.rollout.rules import apply as rules
from tests.integration.rollout.own_prometheus import Emitter
from tests.integration.rollout.stage import eventually
from tests.unit.slipway.release.slo.examples import routing

WITHIN = 60.0
SEVERITIES = ("page", "ticket")


class Hook:
    """Takes what Alertmanager sends."""

    def __init__(self) -> None:
        self.messages: queue.Queue[tuple[str, dict[str, Any]]] = queue.Queue()
        hook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                hook.messages.put((self.path, body))
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                return

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@dataclass
class Monitoring:
    """The two servers, what they scrape, who is told, and where rule files go."""

    prometheus: str
    emitter: Emitter
    hook: Hook
    rules: Path

    def bring(self, group: RuleGroup, within: float = WITHIN) -> RuleGroupInputs:
        target = FileRules(kind="file", folder=str(self.rules))
        wanted = RuleGroupInputs.of(group, target, self.prometheus, within)
        rules.apply(wanted, rules.connect(wanted), lambda _: None, threading.Event())
        return wanted

    def count(self, good: int, bad: int) -> None:
        self.emitter.text = f'requests_total{{code="200"}} {good}\nrequests_total{{code="503"}} {bad}\n'


@contextlib.contextmanager
def monitoring(packages: Path, alerting: Path, tmp_path: Path) -> Iterator[Monitoring]:
    """Both servers, from the unpacked packages, for the length of the block."""
    emitter, hook, folder = Emitter(), Hook(), tmp_path / "rules"
    folder.mkdir()
    addresses = [free_address(), free_address()]
    config = tmp_path / "alertmanager" / "alertmanager.yml"
    config.parent.mkdir()
    config.write_text(yaml.safe_dump(_routes(hook.url)))
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(_prometheus(folder, emitter, addresses[1])))
    servers = [
        [
            str(packages / "usr" / "bin" / "prometheus"),
            f"--config.file={tmp_path / 'prometheus.yml'}",
            f"--storage.tsdb.path={tmp_path / 'data'}",
            f"--web.listen-address={addresses[0]}",
            "--web.enable-lifecycle",
            "--rules.alert.resend-delay=1s",
            "--log.level=error",
        ],
        [*with_files(alerting), *command(alerting, config, addresses[1])],
    ]
    with contextlib.ExitStack() as stack:
        stack.callback(emitter.close)
        stack.callback(hook.close)
        for argv, address in zip(servers, addresses, strict=True):
            process = subprocess.Popen(argv)
            stack.callback(process.wait, 20)
            stack.callback(process.terminate)
            eventually(partial(_ready, address), bool)
        yield Monitoring(f"http://{addresses[0]}", emitter, hook, folder)


def _routes(hook: str) -> dict[str, Any]:
    owners = {
        f"team-{team}": {severity: {"kind": "webhook", "url": f"{hook}/{team}/{severity}"} for severity in SEVERITIES}
        for team in ("checkout", "platform")
    }
    return configuration(routing(owners=owners, groupWait="0s", groupInterval="1m"))


def _prometheus(folder: Path, emitter: Emitter, alertmanager: str) -> dict[str, Any]:
    return {
        "global": {"scrape_interval": "200ms", "scrape_timeout": "200ms", "evaluation_interval": "1s"},
        "rule_files": [f"{folder}/*.yaml"],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]},
        "scrape_configs": [{"job_name": "service", "static_configs": [{"targets": [emitter.address]}]}],
    }


def _ready(address: str) -> bool:
    try:
        return httpx2.get(f"http://{address}/-/ready", timeout=2.0).status_code == 200
    except httpx2.HTTPError:
        return False
