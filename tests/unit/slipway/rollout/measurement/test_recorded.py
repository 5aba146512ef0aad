"""What the journal holds of a tick."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest

from slipway.rollout.analysis.sides import Sides
from slipway.rollout.analysis.types import Counts, GuardrailCounts, GuardrailResult, Verdict
from slipway.rollout.measurement.recorded import OF_WATCHES, fields_of

SIDES = Counts(10, 1, (0.1, 0.25), (5, 1)), Counts(20, 2)
FINDING = GuardrailResult("errors", Verdict.PASS, 1.0, 20.0, 10, 1, 20, 2, None, "because")


@pytest.mark.parametrize(
    "value",
    [
        SIDES[0],
        FINDING,
        GuardrailCounts(*SIDES),
        GuardrailCounts(*SIDES, firing=True, first_failures=(("k", True),), alive=True, judged=Sides(*SIDES)),
    ],
)
def test_a_record_has_every_field_with_its_value(value: Counts | GuardrailCounts | GuardrailResult) -> None:
    found = fields_of(value)
    wanted = {name: field for name, field in asdict(value).items() if name not in OF_WATCHES}
    assert found == wanted
    assert json.dumps(found) == json.dumps(wanted)
