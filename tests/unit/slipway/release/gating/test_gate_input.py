"""What the gates look at is read from the project's own files."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from slipway.release.declared import read_manifest
from slipway.release.gating.configuration import Configuration
from slipway.release.gating.gate_input import gate_input_of
from slipway.release.release_inputs import Observed
from tests.manifests import text

NOW = datetime(2026, 11, 26, tzinfo=UTC)


@pytest.mark.parametrize(
    ("services", "kept_warm"),
    [
        ("{checkout: {manifest: releases/1.yaml, standby: releases/0.yaml}}", True),
        ("{checkout: {manifest: releases/1.yaml}}", False),
        ("{cart: {manifest: releases/1.yaml}}", None),
        ("[]", None),
    ],
)
def test_whether_a_version_is_kept_warm_is_what_the_stacks_file_says(
    tmp_path: Path, services: str, kept_warm: bool | None
) -> None:
    (tmp_path / "releases").mkdir()
    (tmp_path / "releases" / "1.yaml").write_text(text(service="checkout"))
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    (tmp_path / "Pulumi.prod.yaml").write_text(f"config:\n  releases:services: {services}\n")
    declared = read_manifest(tmp_path, "releases/1.yaml")
    gate_input = gate_input_of(tmp_path, "prod", declared, Configuration(), Observed(), NOW)
    assert gate_input.standby is kept_warm
