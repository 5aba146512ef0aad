"""A stack that declares a flag, and pods that read it through the real OpenFeature provider."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Mapping

import pytest

from sandbox.stage.project import Stage
from sandbox.stage.shop import Shop

_numbers = itertools.count()


@pytest.fixture(scope="module")
def shop(variables: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A namespace, a stack and two pods a module. The flag lies in a FeatureFlag resource and is on for all users."""
    folder = tmp_path_factory.mktemp("shop")
    (folder / "backend").mkdir()
    # Of its own in each module: the namespace of the one before may still be going.
    name = f"flags-{os.getpid()}-{next(_numbers)}"
    own = {**variables, "PULUMI_BACKEND_URL": f"file://{folder / 'backend'}"}
    stage = Stage(folder / "project", "test", f"slipway-{name}", own)
    with Shop.open(stage, f"{name}.example", document="feature-flag") as made:
        made.declare(100, "on for all users", guarded=False)
        stage.checked("up", "--yes", "--skip-preview")
        made.place(0.0)
        yield made
