"""Fixtures of this room."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.slipway.cli.project import Project


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project on a world in memory."""
    made = Project(tmp_path)
    monkeypatch.setattr("slipway.cli.entry_plan.connect_adapters", lambda service, target: made.adapters_of(service))
    return made
