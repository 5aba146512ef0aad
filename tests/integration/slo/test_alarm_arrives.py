"""From an objective to a message at its owner: the real Prometheus and the real Alertmanager, on the loopback."""

from __future__ import annotations

import contextlib
import http.server
import json
import queue
import socket
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml

from sandbox import toolchain
from sandbox.parts.alertmanager import command, with_files
from sandbox.progress import SilentReporter
from sandbox.toolchain import debian
from slipway.release.errors import ClusterError, QueryRefused
from slipway.release.slo.alertmanager import configuration
from slipway.release.slo.delivery import FileRules, RuleGroupInputs
from slipway.release.slo.rules import NO_DATA, PAGE, RuleGroup, budget_query, slo_group
from slipway.rollout.gate_inputs import error_budget
from slipway.rollout.metrics.prometheus_api import Prometheus
from slipway.rollout.rules import apply as rules
from tests.integration.rollout.own_prometheus import Emitter
from tests.integration.rollout.stage import eventually
from tests.unit.slipway.release.slo.examples import routing, slo

WITHIN = 20.0
SLO = slo(events={"total": "requests_total", "bad": 'requests_total{code="503"}'})


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
class World:
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


@pytest.fixture
def world(packages: Path, tmp_path: Path) -> Iterator[World]:
    alerting = debian.unpack_alertmanager(toolchain.store(), SilentReporter())
    emitter, hook, folder = Emitter(), Hook(), tmp_path / "rules"
    folder.mkdir()
    addresses = [_free(), _free()]
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
        yield World(f"http://{addresses[0]}", emitter, hook, folder)


def _routes(hook: str) -> dict[str, Any]:
    owners = {
        "team-checkout": {"page": {"kind": "webhook", "url": f"{hook}/checkout/page"}},
        "team-platform": {"page": {"kind": "webhook", "url": f"{hook}/platform/page"}},
    }
    return configuration(routing(owners=owners, groupWait="0s", groupInterval="1s"))


def _prometheus(folder: Path, emitter: Emitter, alertmanager: str) -> dict[str, Any]:
    return {
        "global": {"scrape_interval": "200ms", "scrape_timeout": "200ms", "evaluation_interval": "1s"},
        "rule_files": [f"{folder}/*.yaml"],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]},
        "scrape_configs": [{"job_name": "service", "static_configs": [{"targets": [emitter.address]}]}],
    }


def _free() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{free.getsockname()[1]}"


def _ready(address: str) -> bool:
    try:
        return httpx2.get(f"http://{address}/-/ready", timeout=2.0).status_code == 200
    except httpx2.HTTPError:
        return False


def _quick(group: RuleGroup) -> RuleGroup:
    """Evaluated each second."""
    return group._replace(interval=1)


def test_a_burning_objective_pages_its_owner_by_the_owners_route(world: World) -> None:
    world.count(good=1000, bad=0)
    world.bring(_quick(slo_group(SLO)))
    server = Prometheus(world.prometheus)
    eventually(lambda: server.query("requests_total"), bool)
    world.count(good=1000, bad=100)
    path, message = world.hook.messages.get(timeout=WITHIN)
    (alert,) = message["alerts"]
    assert path == "/checkout/page"
    assert alert["labels"]["alertname"] == PAGE
    assert (alert["labels"]["owner"], alert["labels"]["slo"]) == ("team-checkout", "checkout-availability")
    assert alert["annotations"]["runbook_url"] == SLO.runbook
    spent = error_budget.observe(world.prometheus, budget_query(SLO), "checkout")
    assert spent.remaining == 0, spent


def test_before_any_event_the_budget_is_absent_and_said_so_in_words(world: World) -> None:
    world.bring(_quick(slo_group(SLO)))
    found = error_budget.observe(world.prometheus, budget_query(SLO), "checkout")
    assert found.remaining is None
    assert "0 series where one number was asked for" in found.problem


def test_a_rule_that_the_server_cannot_read_never_reaches_it(world: World) -> None:
    world.count(good=1, bad=0)
    world.bring(_quick(slo_group(SLO)))
    newer = RuleGroup("newer", ({"record": "a:b", "expr": "limitk(2, requests_total)"},))
    with pytest.raises(QueryRefused, match=r"a:b of group newer: .*; nothing was written"):
        world.bring(newer)
    assert [path.name for path in world.rules.iterdir()] == ["slo-checkout-availability.yaml"]
    world.bring(RuleGroup("sound", ({"record": "a:b", "expr": "sum(requests_total)"},), 1))


def test_a_broken_file_of_others_is_named_as_the_reason_and_ours_is_put_back(world: World) -> None:
    (world.rules / "others.yaml").write_text("groups: [{name: g, rules: [{record: 'a', expr: 'sum('}]}]")
    with pytest.raises(ClusterError, match=r"did not reload \(HTTP 500\)"):
        world.bring(_quick(slo_group(SLO)))
    assert [path.name for path in world.rules.iterdir()] == ["others.yaml"]


def test_rules_that_nobody_loads_fail_with_the_servers_own_word_on_its_reload(world: World) -> None:
    (world.rules / "others.yaml").write_text("groups: [{name: g, rules: [{record: 'a', expr: 'sum('}]}]")
    with pytest.raises(ClusterError, match="did not reload"):
        Prometheus(world.prometheus).reload()
    elsewhere = RuleGroupInputs.of(slo_group(SLO), FileRules(kind="file", folder="/x"), world.prometheus, 1.0)
    waiting = elsewhere.model_copy(update={"file": None})
    with pytest.raises(ClusterError, match="prometheus_config_last_reload_successful 0"):
        rules.apply(waiting, rules.connect(waiting), lambda _: None, threading.Event())


def test_the_alarm_for_missing_data_is_evaluated_and_does_not_fire_at_once(world: World) -> None:
    world.bring(_quick(slo_group(SLO)))
    found = Prometheus(world.prometheus).alert_rules([NO_DATA])
    assert [rule["health"] for rule in found] == ["ok"]
    assert world.hook.messages.empty()
