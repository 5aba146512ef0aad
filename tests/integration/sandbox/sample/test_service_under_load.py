from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import pytest

from sandbox import process
from sandbox.errors import SandboxError
from sandbox.sample.binaries import Binaries
from sandbox.sample.images import VERSIONS
from sandbox.sample.load import Load, LoadOptions
from tests.integration.sandbox.sample.server import serving

QUICK = LoadOptions(duration=60, every=0.1)


def test_a_healthy_service_answers_every_request(binaries: Binaries, tmp_path: Path) -> None:
    with serving(binaries, tmp_path, version="v1") as server:
        with Load(server.url, "", 300, tmp_path / "load.jsonl", QUICK, binaries.loadgen) as load:
            load.await_counts(lambda counts: counts.count("v1") >= 300, 30, "fewer than 300 responses")
        total = load.stop()
    assert total.failed() == 0
    assert total.count("v1", "200") == total.count() == total.sent


def test_faults_are_counted_by_the_client_as_the_service_counts_them(binaries: Binaries, tmp_path: Path) -> None:
    with serving(binaries, tmp_path, version="errors-5", errorRatio=0.05) as server:
        with Load(server.url, "", 400, tmp_path / "load.jsonl", QUICK, binaries.loadgen) as load:
            load.await_counts(lambda counts: counts.failed("errors-5") >= 10, 30, "fewer than 10 failures")
        total = load.stop()
        metrics = httpx2.get(f"{server.url}metrics", trust_env=False).text
    assert total.failed() == total.count("errors-5", "500") >= 10
    assert f'code="500"}} {total.count("errors-5", "500")}\n' in metrics
    assert f'code="200"}} {total.count("errors-5", "200")}\n' in metrics
    first = total.first_failure()
    assert first is not None
    assert 0 <= time.monotonic() - first < 120  # the generator's instants are those of this machine's clock


def test_a_service_told_to_stop_answers_all_that_still_comes_and_ends_in_order(
    binaries: Binaries, tmp_path: Path
) -> None:
    with serving(binaries, tmp_path, version="v1", delayMs=20, drainSeconds=600) as server:
        with Load(server.url, "", 300, tmp_path / "load.jsonl", QUICK, binaries.loadgen) as load:
            load.await_counts(lambda counts: counts.count("v1") >= 100, 30, "no responses")
            server.terminate()
            before = load.await_counts(lambda _: not ready(server.url), 30, "still ready").count("v1")
            load.await_counts(lambda counts: counts.count("v1") >= before + 200, 30, "no responses while draining")
        server.terminate()  # a second signal ends the drain
        assert server.process.wait(30) == 0
    total = load.stop()
    assert total.failures == ()
    assert total.count("v1", "200") == total.sent


def ready(url: str) -> bool:
    return httpx2.get(f"{url}readyz", trust_env=False).is_success


def test_a_service_that_ends_shows_as_failures_of_no_version(binaries: Binaries, tmp_path: Path) -> None:
    with (
        serving(binaries, tmp_path, version="v1") as server,
        Load(server.url, "", 100, tmp_path / "load.jsonl", QUICK, binaries.loadgen) as load,
    ):
        load.await_counts(lambda counts: counts.count("v1") >= 10, 30, "no responses")
        server.process.kill()
        counts = load.await_counts(lambda counts: counts.count("none", "refused") >= 10, 30, "no failures")
        last = counts.last_response("v1")
        first = counts.first_failure("none")
    assert last is not None
    assert first is not None
    assert last < first + 0.1


def test_the_load_ends_with_the_process_that_started_it(binaries: Binaries, tmp_path: Path) -> None:
    program = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from sandbox.sample.load import Load, LoadOptions\n"
        "load = Load(sys.argv[1], '', 20, Path(sys.argv[2]), LoadOptions(), Path(sys.argv[3]))\n"
        "load.start()\n"
        "print(load.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    records = tmp_path / "load.jsonl"
    with serving(binaries, tmp_path, version="v1") as server:
        parent = subprocess.Popen(
            [sys.executable, "-c", program, server.url, str(records), str(binaries.loadgen)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert parent.stdout is not None
        generator = int(parent.stdout.readline())
        parent.send_signal(signal.SIGKILL)
        parent.communicate()
        assert process.wait_gone(generator, 15)
    assert b'"kind":"total"' in records.read_bytes()


def test_a_load_on_another_machine_is_refused_with_the_reason(binaries: Binaries, tmp_path: Path) -> None:
    load = Load("http://192.0.2.1/", "", 10, tmp_path / "load.jsonl", QUICK, binaries.loadgen)
    with pytest.raises(SandboxError) as refused:
        load.start()
    assert "only to an address of this machine" in refused.value.render()


def test_a_load_that_was_killed_is_not_taken_for_a_result(binaries: Binaries, tmp_path: Path) -> None:
    with serving(binaries, tmp_path, version="v1") as server:
        load = Load(server.url, "", 50, tmp_path / "load.jsonl", QUICK, binaries.loadgen)
        load.start()
        os.kill(load.pid, signal.SIGKILL)
        with pytest.raises(SandboxError, match="no total"):
            load.stop()


@pytest.mark.parametrize("name", VERSIONS)
def test_the_service_accepts_the_settings_of_every_version(binaries: Binaries, tmp_path: Path, name: str) -> None:
    settings = json.loads(VERSIONS[name].settings(name))
    if settings.get("crashAfterSeconds") is not None:
        settings["crashAfterSeconds"] = 3600  # long enough to be asked before
    with serving(binaries, tmp_path, **settings) as server:
        answer = httpx2.get(server.url, trust_env=False)
        assert answer.headers["x-sample-version"] == name
        assert ready(server.url) == (name != "never-ready")
