"""The catalogue of gates: each function speaks for its own row."""

from __future__ import annotations

from pathlib import Path

import pytest

from slipway.release.gating.catalog import CATALOG, RELEASE_GATES, UNCONDITIONAL, WITHOUT_EXEMPTION, evaluate
from slipway.release.gating.configuration import Configuration
from slipway.release.gating.settings import NoSettings
from slipway.release.readiness.gate_input import GateInput
from slipway.release.readiness.settings import Settings
from tests.vouched import Vouched


@pytest.fixture
def bare(tmp_path: Path) -> GateInput:
    """A release whose evidence is missing: named in its manifest, and in no file."""
    return Vouched(tmp_path).gate_input()


def test_every_row_has_a_name_of_its_own() -> None:
    assert list(CATALOG) == [gate.name for gate in CATALOG.values()]
    assert len({gate.title for gate in CATALOG.values()}) == len(CATALOG)


def test_every_threshold_belongs_to_a_gate_of_its_name() -> None:
    with_settings = {name.replace("-", "_") for name, gate in RELEASE_GATES.items() if gate.settings is not NoSettings}
    assert with_settings == set(Settings.model_fields)


def test_what_the_others_rest_on_is_always_mandatory_and_never_exempted() -> None:
    assert {"manifest", "evidence", "artifact-integrity", "images"} == UNCONDITIONAL
    assert {"gated", "enforced", "provenance"} == WITHOUT_EXEMPTION - UNCONDITIONAL
    assert all(Configuration().section(name).level == "mandatory" for name in CATALOG)


def test_every_finding_is_of_the_gate_whose_function_found_it(bare: GateInput) -> None:
    found = {name: {finding.gate for finding in gate.evaluate(bare)} for name, gate in RELEASE_GATES.items()}
    assert all(gates <= {name} for name, gates in found.items())
    assert {"evidence", "qa", "approvals", "provenance"} <= {name for name, gates in found.items() if gates}
    assert len(evaluate(bare)) == sum(len(gate.evaluate(bare)) for gate in RELEASE_GATES.values())
