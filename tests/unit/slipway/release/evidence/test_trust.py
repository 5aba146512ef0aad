from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import ValidationError

from slipway.release.errors import InputError
from slipway.release.evidence.trust import TrustRoots
from slipway.release.evidence.trust_file import load_trust
from tests.vouched import key


def _principal(name: str = "ci", **more: Any) -> dict[str, Any]:
    return {"name": name, "keys": [key(name)[1].decode()], "may": ["tests"]} | more


def _short_rsa() -> str:
    public = rsa.generate_private_key(65537, 1024).public_key()  # noqa: S505
    return public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


def test_one_key_cannot_speak_under_two_names() -> None:
    shared = [key("ci")[1].decode()]
    with pytest.raises(ValidationError, match="the same credential"):
        TrustRoots.model_validate({"principals": [_principal("ci"), _principal("olive", keys=shared)]})


def test_one_name_has_one_entry_whatever_its_case() -> None:
    with pytest.raises(ValidationError, match="one entry"):
        TrustRoots.model_validate({"principals": [_principal("ci"), _principal("CI")]})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"keys": []}, "neither keys nor identities"),
        ({"keys": ["no key"]}, "public key in PEM"),
        ({"keys": [key("ci")[0].decode()]}, "public key in PEM"),
        ({"keys": [_short_rsa()]}, "2048 bits"),
        ({"may": []}, "at least 1"),
        ({"may": ["everything"]}, "tests"),
        ({"may": ["approval"]}, "needs roles"),
        ({"identities": [{"issuer": "https://i.example", "subject": "a@b"}]}, "sigstoreRoot"),
        ({"admin": True}, "Extra inputs"),
    ],
    ids=["no way", "no key", "private key", "short key", "no word", "every word", "no role", "no root", "unknown"],
)
def test_a_principal_that_could_not_be_held_to_its_word_is_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        TrustRoots.model_validate({"principals": [_principal(**change)]})


@pytest.mark.parametrize("name", ["\u043elive", "olive ", "ol\u200bive", ""])
def test_a_principal_has_a_name_that_can_be_told_from_others(name: str) -> None:
    with pytest.raises(ValidationError, match=r"printable ASCII|at least 1"):
        TrustRoots.model_validate({"principals": [_principal(name=name)]})


def test_no_name_or_alias_belongs_to_two_principals() -> None:
    author = {"name": "olive", "aliases": ["CI", "olive@example"]}
    with pytest.raises(ValidationError, match="ci: each name belongs to one principal"):
        TrustRoots.model_validate({"principals": [_principal(), author]})
    roots = TrustRoots.model_validate({"principals": [_principal(), author | {"aliases": ["olive@example"]}]})
    assert [getattr(roots.principal_of(name), "name", None) for name in ("Olive", "OLIVE@example", "o")] == [
        "olive",
        "olive",
        None,
    ]


def test_trust_roots_are_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "roots.yaml"
    path.write_text(yaml.safe_dump({"principals": [_principal()], "builders": ["https://builder.example"]}))
    roots = load_trust(path)
    assert roots.principals[0].name == "ci"
    assert roots.builders == ("https://builder.example",)


def test_every_problem_of_a_file_is_listed_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "roots.yaml"
    path.write_text("principals: [{name: ci, may: [tests, all]}, {keys: [x], may: [qa]}]\nrootz: 1\n")
    with pytest.raises(InputError) as caught:
        load_trust(path)
    places = {problem.path for problem in caught.value.problems}
    assert {"principals[0].may[1]", "principals[1].name", "principals[1].keys", "rootz"} <= places
    with pytest.raises(InputError, match="cannot be read"):
        load_trust(tmp_path / "none.yaml")


def test_a_builder_that_can_match_nothing_is_an_error_of_the_trust_file(tmp_path: Path) -> None:
    path = tmp_path / "roots.yaml"
    path.write_text(yaml.safe_dump({"principals": [_principal()], "builders": ["https://*/release.yml@refs/tags/v1"]}))
    with pytest.raises(InputError) as caught:
        load_trust(path)
    (problem,) = caught.value.problems
    assert problem.path == "builders"
    assert "@refs/tags/*" in problem.message
