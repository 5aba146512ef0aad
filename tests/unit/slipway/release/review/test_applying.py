"""What the items of a review come to: a patch with its reason, valid, and never to what was released."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from slipway.release.errors import InputError
from slipway.release.gating.configuration import load_below
from slipway.release.manifest.guardrails import ErrorRatio
from slipway.release.manifest.load import load
from slipway.release.review.applying import Patch, patches_of
from slipway.release.review.model import Done, FileChange, Review, ReviewItem

ROOT = Path(__file__).parents[5]
GATES = "policies/config/prod.json"
MANIFEST = "releases/checkout/2026.11.23-1.yaml"
DONE = Done(by="ada", at=date(2026, 12, 1), how="done by hand before")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The example's gates and one of its manifests."""
    for name in (GATES, MANIFEST):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        text = (ROOT / name).read_text()
        (tmp_path / name).write_text(text.replace('    "trust": "trust.example.yaml",\n', ""))
    return tmp_path


def item(file: str, place: str, to: Any, **more: Any) -> ReviewItem:
    values: dict[str, Any] = {"id": "r1/left", "what": "Hold errors to less", "owner": "payments", **more}
    return ReviewItem(due=date(2026, 12, 5), change=FileChange(file=file, set=place, to=to), **values)


def patches(project: Path, *items: ReviewItem, released: tuple[str, ...] = ()) -> tuple[Patch, ...]:
    review = Review(api_version="slipway/v1", kind="Review", service="checkout", version="1", rollout="r1", items=items)
    return patches_of(project, review, released)


def written(project: Path, patch: Patch) -> None:
    (project / patch.path).write_text(patch.after)


def test_gate_settings_get_the_value_and_the_reason_and_keep_their_order(project: Path) -> None:
    (patch,) = patches(project, item(GATES, "drill.maxAge", "30d"), item(GATES, "drill.procedures[+]", "deploy"))
    changed = [line for line in patch.diff.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    assert changed[0] == '-  "drill": {"procedures": ["rollback"], "maxAge": "90d"},'
    assert (
        '"drill": {"procedures": ["rollback", "deploy"], "maxAge": "30d", "reason": "Hold errors to less' in changed[1]
    )
    assert len(changed) == 2
    written(project, patch)
    assert load_below(project, GATES).settings.drill.max_age == 30 * 86400
    assert list(json.loads(patch.after)) == list(json.loads(patch.before))


def test_a_guardrail_of_the_next_manifest_gets_a_comment(project: Path) -> None:
    (patch,) = patches(project, item(MANIFEST, "guardrails[0].objective", "0.2%"))
    assert "  # Hold errors to less (r1/left)\n  - {name: errors, " in patch.after
    written(project, patch)
    errors = load(project / MANIFEST).guardrails[0]
    assert isinstance(errors, ErrorRatio)
    assert errors.objective == pytest.approx(0.002)


def test_what_was_released_never_changes(project: Path) -> None:
    with pytest.raises(InputError, match=r"what was released never changes\. Name the manifest of the next release"):
        patches(project, item(MANIFEST, "guardrails[0].objective", "0.2%"), released=(MANIFEST,))


def test_what_its_reader_would_refuse_is_refused_with_every_problem(project: Path) -> None:
    with pytest.raises(InputError) as error:
        patches(project, item(GATES, "drill.maxAge", "soon"), item(MANIFEST, "guardrails[0].kind", "luck"))
    assert {problem.path.partition(":")[0] for problem in error.value.problems} == {GATES, MANIFEST}


def test_other_files_and_those_outside_are_left_to_people(project: Path) -> None:
    (project / "notes.yaml").write_text("a: 1\n")
    for file in ("notes.yaml", "../elsewhere.yaml", "missing.yaml"):
        with pytest.raises(InputError):
            patches(project, item(file, "a", 2))


def test_an_item_that_is_done_and_one_that_was_applied_before_change_nothing(project: Path) -> None:
    assert patches(project, item(GATES, "drill.maxAge", "30d", done=DONE)) == ()
    (patch,) = patches(project, item(GATES, "drill.procedures[+]", "deploy"))
    written(project, patch)
    (again,) = patches(project, item(GATES, "drill.procedures[+]", "deploy"))
    assert again.diff == ""
