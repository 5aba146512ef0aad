"""Every statement that the strictest gates ask for, made by one call."""

from __future__ import annotations

from pathlib import Path

import pytest

from slipway.release.errors import InputError
from slipway.release.evidence.files import Content
from slipway.release.evidence.references import Sources
from slipway.release.evidence.verify import verify
from slipway.release.evidence.vouch import vouch
from tests.vouched import BUILD, NOW, Vouched, keys, trust_roots
from tests.vouched import vouch as complete


@pytest.fixture
def it(tmp_path: Path) -> Vouched:
    return complete(tmp_path)


def made(it: Vouched) -> dict[str, bytes | None]:
    signed = vouch(it.release(), Sources(it.root), NOW, keys(), BUILD)
    return {name: getattr(signed, name) for name in ("provenance", "results", "qa", "approval", "drill", "migration")}


def test_each_is_signed_by_whom_the_trust_roots_name_for_it(it: Vouched) -> None:
    said = {}
    for name, data in made(it).items():
        assert data is not None
        (signer,) = verify(Content(f"{name}.json", data, "0" * 64), trust_roots()).principals
        said[name] = signer.name
    assert said == {
        "provenance": "builder",
        "results": "ci",
        "qa": "quinn",
        "approval": "olive",
        "drill": "stage",
        "migration": "ci",
    }


def test_a_release_without_migrations_has_no_receipt_of_them(it: Vouched) -> None:
    it.manifest["migrations"] = []
    assert made(it)["migration"] is None


@pytest.mark.parametrize("section", ["qa", "approvals"])
def test_words_that_the_manifest_does_not_name_are_asked_for(it: Vouched, section: str) -> None:
    del it.manifest[section]
    with pytest.raises(InputError, match=rf"{section}: is missing"):
        made(it)
