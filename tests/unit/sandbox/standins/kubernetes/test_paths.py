from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sandbox.standins.kubernetes import paths

PARTS = st.lists(st.text('ab."\\/[] é', min_size=1, max_size=5) | st.integers(0, 12), min_size=1, max_size=4)


@given(PARTS)
def test_what_is_rendered_can_be_parsed(parts: list[str | int]) -> None:
    path = tuple(parts)
    assert paths.parse(paths.render(path)) == path


def test_plain_keys_read_as_one_writes_them() -> None:
    assert paths.render(("spec", "containers", 0, "image")) == "spec.containers[0].image"
    assert paths.render(("metadata", "labels", "a.b/c")) == 'metadata.labels["a.b/c"]'


def test_a_path_is_under_its_own_beginnings_only() -> None:
    assert paths.under(("spec", "selector", "app"), ("spec", "selector"))
    assert paths.under(("spec", "containers", 1, "image"), ("spec", "containers", "*"))
    assert not paths.under(("spec",), ("spec", "selector"))
    assert not paths.under(("spec", "selectors"), ("spec", "selector"))
