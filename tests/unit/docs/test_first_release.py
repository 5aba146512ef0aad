"""The commands of docs/first-release.md, run as they stand there as far as no cluster is needed."""

from __future__ import annotations

import hashlib
import os
import re
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.shell import run_script

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docs" / "first-release.md").read_text()
NEEDS_A_CLUSTER = ("pulumi ", "slipway status")
IMAGE_MANIFEST = b'{"schemaVersion": 2}'
DIGEST = f"sha256:{hashlib.sha256(IMAGE_MANIFEST).hexdigest()}"


class Registry(BaseHTTPRequestHandler):
    """Knows one image."""

    def do_GET(self) -> None:
        known = self.path == f"/v2/shop/cart/manifests/{DIGEST}"
        self.send_response(200 if known else 404)
        self.end_headers()
        self.wfile.write(IMAGE_MANIFEST if known else b"")

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing."""


@pytest.fixture
def image() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Registry) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.server_port}/shop/cart@{DIGEST}"
        server.shutdown()
        thread.join()


def script(image: str) -> str:
    """All blocks one after the other, without the lines that need a cluster."""
    blocks = re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines() if not line.startswith(NEEDS_A_CLUSTER)]
    assert sum("IMAGE=" in line for line in lines) == sum("SLIPWAY=" in line for line in lines) == 1
    lines = [f"export IMAGE={image}" if "IMAGE=" in line else line for line in lines]
    return "\n".join(f"export SLIPWAY={ROOT}" if "SLIPWAY=" in line else line for line in lines)


def test_from_an_empty_folder_to_a_release_that_production_takes(tmp_path: Path, image: str) -> None:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = run_script(script(image), tmp_path, {**os.environ, "PATH": path})
    assert done.returncode == 0, done.stdout
    shown = re.findall(r"```text\n(.*?)```", TEXT, re.DOTALL)
    assert len(shown) == 2
    for text in shown:
        assert text in done.stdout
    assert [line for line in done.stdout.splitlines() if line.startswith("todo: ")]
    committed = [path for path in (tmp_path / "cart").rglob("*") if path.is_file()]
    assert len(committed) >= 20
