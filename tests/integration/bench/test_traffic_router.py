from __future__ import annotations

import subprocess

from bench.peers.toolchain import argo
from sandbox.toolchain.gomodule import go_environment


def test_the_go_tests_of_the_traffic_router_for_argo_rollouts_pass() -> None:
    ended = subprocess.run(
        ["go", "test", "-vet=all", "./internal/..."],
        cwd=argo().source,
        env=go_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "ok  \tslipway.local/bench/peers/argo/internal/route" in ended.stdout
