"""JSON-like trees for property tests."""

from __future__ import annotations

from hypothesis import strategies as st

from sandbox.standins.kubernetes.values import UNKNOWN, Secret

KEYS = st.text("abcxyz./-_0", min_size=1, max_size=6)
SCALARS = st.one_of(st.text(max_size=5), st.integers(-(2**40), 2**40), st.booleans(), st.sampled_from([0.5, -2.25]))
TREES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=8
)
OBJECTS = st.dictionaries(KEYS, TREES, max_size=4)
MARKED = st.dictionaries(KEYS, st.one_of(TREES, TREES.map(Secret), st.just(UNKNOWN)), max_size=4)
