from __future__ import annotations

import subprocess

from sandbox.sample.binaries import MODULE
from sandbox.toolchain.golang import find_go


def test_the_go_tests_of_the_service_and_of_the_generator_pass() -> None:
    go = find_go(MODULE.source)
    ended = subprocess.run(
        [str(go.executable), "test", "-vet=all", "./..."],
        cwd=MODULE.source,
        env=go.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "ok  \tslipway/sandbox/sample/internal/load" in ended.stdout
    assert "ok  \tslipway/sandbox/sample/internal/service" in ended.stdout
