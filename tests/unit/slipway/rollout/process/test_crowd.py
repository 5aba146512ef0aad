from __future__ import annotations

import contextlib

import pytest

from slipway.rollout.process.crowd import LARGE, Crowd


def test_many_are_a_crowd_until_enough_have_ended() -> None:
    crowd = Crowd()
    with contextlib.ExitStack() as all_but_one:
        for _ in range(LARGE - 1):
            all_but_one.enter_context(crowd.one())
        assert not crowd.large
        with pytest.raises(ValueError, match="failed"), crowd.one():
            assert crowd.large
            raise ValueError("failed")
        assert not crowd.large
