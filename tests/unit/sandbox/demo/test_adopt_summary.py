"""The summary of the story of an adoption."""

from __future__ import annotations

from sandbox.demo.adopt.summary import ACTS, Act, AdoptSummary


def test_it_is_well_only_when_every_act_was_played_without_a_failed_request() -> None:
    summary = AdoptSummary([Act(name, 1.0, 300, 0) for name in ACTS])
    assert summary.ok
    assert not AdoptSummary(summary.acts[:-1]).ok
    assert not AdoptSummary([*summary.acts[:-1], Act(ACTS[-1], 1.0, 300, 1)]).ok
    assert not AdoptSummary(summary.acts, ["the route was deleted"]).ok
