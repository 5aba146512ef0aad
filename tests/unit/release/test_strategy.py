from __future__ import annotations

import pytest

from release.errors import InputError
from release.manifest.strategy import Canary
from release.strategy import chosen, resolve
from tests.manifests import release


def test_a_declared_strategy_stays_as_it_is() -> None:
    declared = release()
    assert resolve(declared) is declared
    assert isinstance(chosen(declared), Canary)


def test_auto_is_refused_with_a_remedy_while_nobody_recommends() -> None:
    with pytest.raises(InputError, match=r"strategy\.kind: auto .*Choose canary, blue-green or rolling"):
        resolve(release(strategy={"kind": "auto"}))
