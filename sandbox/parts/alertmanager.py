"""Alertmanager, which tells the owners of alarms. Its configuration is that of the last stack that wrote one."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import yaml

from sandbox import probes
from sandbox.context import ALERTMANAGER_PORT, Context
from sandbox.parts.part import Part

NO_RECEIVER = {"route": {"receiver": "none"}, "receivers": [{"name": "none"}]}
"""What it begins with."""


def part(context: Context) -> Part:
    """Its configuration lies beside its data and is never overwritten: write it, then `POST /-/reload`."""
    config = context.paths.alertmanager
    if not config.exists():
        config.parent.mkdir(parents=True, exist_ok=True)
        config.write_text(yaml.safe_dump(NO_RECEIVER), encoding="utf-8")
    return Part(
        name="alertmanager",
        argv=command(context.tools.alertmanager, config, f"0.0.0.0:{ALERTMANAGER_PORT}"),
        wrapper=with_files(context.tools.alertmanager),
        ready=partial(probes.http_ok, context.url(ALERTMANAGER_PORT, "/-/ready")),
        version=context.tools.version("prometheus-alertmanager"),
        listens=context.url(ALERTMANAGER_PORT),
    )


def command(package: Path, config: Path, address: str) -> list[str]:
    """The program out of the unpacked package, alone and without a cluster of its like."""
    return [
        str(package / "usr" / "bin" / "prometheus-alertmanager"),
        f"--config.file={config}",
        f"--storage.path={config.parent / 'data'}",
        f"--web.listen-address={address}",
        "--cluster.listen-address=",
        "--log.level=warn",
    ]


def with_files(package: Path) -> list[str]:
    """Debian's program reads its templates from /usr/share by a path that is compiled in, and ends without them: so
    /usr/share is that of the package, in a mount namespace that only this program sees."""
    script = 'mount --bind "$0" /usr/share && exec "$@"'
    return ["unshare", "--mount", "--propagation", "private", "/bin/sh", "-c", script, str(package / "usr" / "share")]
