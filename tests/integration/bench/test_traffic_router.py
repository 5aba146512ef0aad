from __future__ import annotations

import subprocess

from bench.peers.toolchain import argo
from sandbox.toolchain.golang import find_go


def test_the_go_tests_of_the_traffic_router_for_argo_rollouts_pass() -> None:
    go = find_go(argo().source)
    ended = subprocess.run(
        [str(go.executable), "test", "-vet=all", "./internal/..."],
        cwd=argo().source,
        env=go.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "ok  \tslipway.local/bench/peers/argo/internal/route" in ended.stdout
