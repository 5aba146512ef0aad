"""The text of a first trust file is what its readers take."""

from __future__ import annotations

from pathlib import Path

import pytest

from slipway.release.errors import InputError
from slipway.release.evidence.trust_file import Entry, as_text, load_trust
from tests.vouched import BUILDER, key

QA = Entry("quinn", "QA", may=("qa",), public_key=key("quinn")[1].decode())
OWNER = Entry(
    "olive",
    "owner of cart",
    may=("approval",),
    roles=("service-owner",),
    services=("cart",),
    public_key=key("olive")[1].decode(),
)


def test_what_is_written_is_read_back_as_it_was_meant(tmp_path: Path) -> None:
    text = as_text("Whose word counts.\nAnd for what.", [QA, OWNER, Entry("alice", "writes changes")], [BUILDER])
    (tmp_path / "trust.yaml").write_text(text)
    quinn, olive, alice = load_trust(tmp_path / "trust.yaml").principals
    assert (quinn.name, quinn.may, quinn.roles) == ("quinn", ("qa",), ())
    assert (olive.roles, olive.services, olive.may) == (("service-owner",), ("cart",), ("approval",))
    assert olive.keys[0].strip() == key("olive")[1].decode().strip()
    assert (alice.name, alice.may, alice.keys) == ("alice", (), ())
    assert text.startswith("# Whose word counts.\n# And for what.\nprincipals:\n  - name: quinn  # QA\n")


def test_names_that_mean_something_in_yaml_stay_names(tmp_path: Path) -> None:
    names = ["null", "42", "team: shop # 1", 'al"ice']
    (tmp_path / "trust.yaml").write_text(as_text("", [Entry(name, "writes changes") for name in names], [BUILDER]))
    assert [principal.name for principal in load_trust(tmp_path / "trust.yaml").principals] == names


def test_one_key_under_two_names_is_not_written() -> None:
    twice = Entry("olive", "QA under another name", may=("qa",), public_key=QA.public_key)
    with pytest.raises(InputError, match="have the same credential"):
        as_text("", [QA, twice], [BUILDER])


def test_a_builder_that_would_trust_a_whole_forge_is_not_written() -> None:
    with pytest.raises(InputError, match="can match no builder"):
        as_text("", [QA], ["https://forge.example/*"])
