"""etcd: the cluster's store."""

from __future__ import annotations

from functools import partial

from sandbox import probes
from sandbox.context import Context
from sandbox.parts.part import Part

CLIENT_PORT = 2379
METRICS_PORT = 2381


def part(context: Context) -> Part:
    """One member. It does not sync to disk: what this store holds is worth nothing after a power cut."""
    client, peer = f"http://127.0.0.1:{CLIENT_PORT}", "http://127.0.0.1:2380"
    return Part(
        name="etcd",
        argv=[
            str(context.tools.kube("etcd")),
            "--name=slipway",
            f"--data-dir={context.paths.data / 'etcd'}",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=slipway={peer}",
            f"--listen-metrics-urls={context.url(METRICS_PORT)}",
            "--auto-compaction-retention=1h",
            "--unsafe-no-fsync",
            "--log-level=warn",
        ],
        ready=partial(probes.http_ok, context.url(METRICS_PORT, "/health")),
        niceness=-5,
        version=context.tools.version("etcd"),
        listens=client,
    )
