from __future__ import annotations

from typing import Any

import pytest

from sandbox.standins.errors import InvalidInputError
from sandbox.standins.kubernetes import directives
from sandbox.standins.kubernetes.values import UNKNOWN


def noted(**annotations: Any) -> dict[str, Any]:
    return {"metadata": {"annotations": {f"pulumi.com/{name}": value for name, value in annotations.items()}}}


def test_an_object_without_notes_is_awaited_for_ten_minutes() -> None:
    assert not directives.skip_await({})
    assert directives.timeout({}, 0.0) == 600.0


def test_the_resource_option_wins_over_the_annotation() -> None:
    assert directives.timeout(noted(timeoutSeconds="30"), 0.0) == 30.0
    assert directives.timeout(noted(timeoutSeconds="30"), 5.0) == 5.0


def test_only_true_skips_waiting_and_forces() -> None:
    assert directives.skip_await(noted(skipAwait="true"))
    assert not directives.skip_await(noted(skipAwait="false"))
    assert directives.patch_force(noted(patchForce="true"))


def test_deletes_wait_for_what_an_object_owns_where_there_can_be_something() -> None:
    assert directives.propagation({"kind": "Deployment"}) == "Foreground"
    assert directives.propagation({"kind": "ConfigMap"}) == "Background"
    assert directives.propagation(noted(deletionPropagationPolicy="orphan")) == "Orphan"


@pytest.mark.parametrize(
    ("notes", "path"),
    [
        ({"timeoutSeconds": "0"}, "timeoutSeconds"),
        ({"timeoutSeconds": "soon"}, "timeoutSeconds"),
        ({"deletionPropagationPolicy": "later"}, "deletionPropagationPolicy"),
        ({"waitFor": "condition=Ready"}, "waitFor"),
    ],
)
def test_a_note_that_cannot_be_obeyed_is_named(notes: dict[str, str], path: str) -> None:
    (problem,) = directives.problems(noted(**notes))
    assert problem[0] == f'metadata.annotations["pulumi.com/{path}"]'


def test_an_unknown_note_is_left_for_the_update() -> None:
    assert directives.problems(noted(timeoutSeconds=UNKNOWN)) == []


def test_a_note_must_be_text() -> None:
    with pytest.raises(InvalidInputError, match="must be a string"):
        directives.skip_await(noted(skipAwait=True))
