"""The plugin's start is asked for before the program's imports, and waited for by nobody."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace

import pytest
from pulumi.runtime import settings

from slipway.prestart import start_plugin
from slipway.release.tokens import START


def test_the_engine_is_asked_for_the_plugin_without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monitor = SimpleNamespace(Invoke=SimpleNamespace(future=lambda request: asked.append(request.tok)))
    monkeypatch.setattr(settings, "get_monitor", lambda: monitor)
    start_plugin()
    assert asked == [START]


def test_a_monitor_of_mocks_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr(settings, "get_monitor", lambda: SimpleNamespace(Invoke=asked.append))
    start_plugin()
    assert not asked


def test_it_imports_nothing_that_takes_long() -> None:
    program = "import sys, pulumi; import slipway.prestart; print(*(m for m in sys.modules if m.startswith('slipway')))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert sorted(done.stdout.split()) == ["slipway", "slipway.prestart", "slipway.release", "slipway.release.tokens"]
