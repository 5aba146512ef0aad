"""Debian's Prometheus behind a certificate, a client certificate and a password; Debian's VictoriaMetrics, which takes
the place of Prometheus. Both scrape an emitter of the test."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml

from sandbox import toolchain
from sandbox.progress import SilentReporter
from sandbox.toolchain.debian import unpack
from slipway.release.errors import ClusterError
from slipway.release.http_access import QueryAccess
from slipway.release.manifest.guardrails import AlertFiring, ErrorRatio
from slipway.rollout.metrics import prometheus_at
from slipway.rollout.metrics.counters import deltas
from slipway.rollout.metrics.prometheus import PrometheusSource
from tests.certificates import Authority
from tests.integration.rollout.own_prometheus import Emitter, OwnPrometheus, OwnVictoriaMetrics
from tests.integration.rollout.stage import eventually
from tests.integration.rollout.test_prometheus_server import NEW, OLD, exposition

ERRORS = ErrorRatio(name="errors", kind="error-ratio")
USER, PASSWORD = "releases", "geheim"
HASHED = "$2y$05$abcdefghijklmnopqrstuuVWu8RjbNovPZWAMRdd7iqaaG0mI53Uu"


@pytest.fixture
def emitter() -> Iterator[Emitter]:
    made = Emitter()
    made.text = exposition(100, 1000, 10)
    yield made
    made.close()


def access(folder: Path, **changes: Any) -> QueryAccess:
    names = {"caFile": "ca.crt", "certFile": "client.crt", "keyFile": "client.key"}
    http = {
        "basicAuth": {"username": USER, "passwordFile": str(folder / "password")},
        "tls": {name: str(folder / file) for name, file in names.items()},
        **changes,
    }
    return QueryAccess.model_validate({"http": {key: value for key, value in http.items() if value}})


def test_a_prometheus_behind_certificates_and_a_password_is_read(emitter: Emitter, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    authority.sign("client")
    crt, key = authority.sign("prometheus.example")
    (tmp_path / "password").write_text(PASSWORD)
    (tmp_path / "wrong").write_text("falsch")
    files = {"cert_file": str(crt), "key_file": str(key), "client_ca_file": str(authority.path)}
    web = {
        "tls_server_config": {**files, "client_auth_type": "RequireAndVerifyClientCert"},
        "basic_auth_users": {USER: HASHED},
    }
    (tmp_path / "web.yml").write_text(yaml.safe_dump(web))
    given = access(tmp_path)
    binary = toolchain.ensure(SilentReporter()).daemon("prometheus")
    with OwnPrometheus(binary, tmp_path, [emitter], [], web=tmp_path / "web.yml", access=given) as server:
        source = PrometheusSource(prometheus_at(server.url, given), "shop")
        assert eventually(lambda: seen(source), lambda total: total == 1010)
        wrong = {"username": USER, "passwordFile": str(tmp_path / "wrong")}
        with pytest.raises(ClusterError, match=r"refused these credentials \(HTTP 401\)"):
            prometheus_at(server.url, access(tmp_path, basicAuth=wrong)).query("up")
        with pytest.raises(ClusterError, match="cannot be reached"):
            prometheus_at(server.url, access(tmp_path, tls={"caFile": str(authority.path)})).query("up")


@pytest.fixture
def victoria(emitter: Emitter, tmp_path: Path) -> Iterator[OwnVictoriaMetrics]:
    if not shutil.which("apt-get"):
        pytest.skip("Debian's package is needed")
    folder = unpack(toolchain.store(), SilentReporter(), "debian-victoria-metrics", ("victoria-metrics",))
    binary = folder / "usr/bin/victoria-metrics"
    with OwnVictoriaMetrics(binary, tmp_path, [emitter], user=USER, password=PASSWORD) as server:
        yield server


def test_victoria_metrics_takes_the_place_of_prometheus(
    victoria: OwnVictoriaMetrics, emitter: Emitter, tmp_path: Path
) -> None:
    (tmp_path / "password").write_text(PASSWORD)
    source = PrometheusSource(prometheus_at(victoria.url, access(tmp_path, tls=None)), "shop")
    eventually(lambda: seen(source), lambda total: total == 1010)
    before = source.snapshot([ERRORS], NEW, OLD)
    emitter.text = exposition(110, 1100, 15)
    eventually(lambda: seen(source), lambda total: total == 1115)
    counts = deltas(before, source.snapshot([ERRORS], NEW, OLD))["errors"]
    assert (counts.candidate.total, counts.candidate.bad) == (105, 5)
    assert source.in_flight(NEW) == 0
    spacing = source.spacing()
    assert spacing is not None
    assert 0.1 < spacing < 5


def test_an_alert_that_victoria_metrics_does_not_evaluate_is_an_error(
    victoria: OwnVictoriaMetrics, tmp_path: Path
) -> None:
    (tmp_path / "password").write_text(PASSWORD)
    source = PrometheusSource(prometheus_at(victoria.url, access(tmp_path, tls=None)), "shop")
    calm = AlertFiring(name="calm", kind="alert", alert="Calm")
    assert "there is no alerting rule Calm" in source.snapshot([calm], NEW, OLD).errors["calm"]
    answer = httpx2.get(f"{victoria.url}/api/v1/query", params={"query": "up"})
    assert (answer.status_code, json.dumps(PASSWORD) in answer.text) == (401, False)


def seen(source: PrometheusSource) -> float:
    try:
        return source.requests((NEW,))[NEW.revision]
    except ClusterError:
        return -1.0
