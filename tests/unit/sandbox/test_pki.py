from __future__ import annotations

import csv
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from sandbox import pki


def certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_the_server_is_trusted_under_its_addresses_and_names(tmp_path: Path) -> None:
    made = pki.ensure(tmp_path, ["10.213.1.2", "127.0.0.1"])
    server, authority = certificate(made.server[0]), certificate(made.ca)
    key = authority.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert server.signature_hash_algorithm is not None
    key.verify(server.signature, server.tbs_certificate_bytes, ec.ECDSA(server.signature_hash_algorithm))
    names = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(item) for item in names.get_values_for_type(x509.IPAddress)] == ["10.213.1.2", "127.0.0.1"]
    assert "kubernetes.default.svc" in names.get_values_for_type(x509.DNSName)


def test_keys_are_kept_while_the_addresses_stay(tmp_path: Path) -> None:
    first = pki.ensure(tmp_path, ["10.213.1.2"]).ca.read_bytes()
    assert pki.ensure(tmp_path, ["10.213.1.2"]).ca.read_bytes() == first
    assert pki.ensure(tmp_path, ["10.213.9.2"]).ca.read_bytes() != first


def test_files_that_an_interruption_left_incomplete_are_made_anew(tmp_path: Path) -> None:
    made = pki.ensure(tmp_path, ["10.213.1.2"])
    (tmp_path / "addresses").unlink()
    made.tokens.unlink()
    assert pki.ensure(tmp_path, ["10.213.1.2"]).tokens.exists()


def test_the_token_file_knows_every_user_by_the_token_that_it_was_given(tmp_path: Path) -> None:
    made = pki.ensure(tmp_path, ["10.213.1.2"])
    with made.tokens.open() as handle:
        rows = {row[1]: row for row in csv.reader(handle)}
    for user, (name, groups) in pki.USERS.items():
        assert rows[name][0] == made.token(user)
        assert [group for group in rows[name][3].split(",") if group] == list(groups)


def test_a_user_who_was_added_gets_a_token_and_the_others_keep_theirs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = pki.ensure(tmp_path, ["10.213.1.2"]).token("admin")
    monkeypatch.setitem(pki.USERS, "new", ("somebody", ()))
    made = pki.ensure(tmp_path, ["10.213.1.2"])
    assert made.token("admin") == before
    assert made.token("new") in made.tokens.read_text()
    assert before in made.tokens.read_text()


def test_private_files_are_private(tmp_path: Path) -> None:
    made = pki.ensure(tmp_path, ["10.213.1.2"])
    for path in (made.server[1], made.service_account_key, made.tokens):
        assert path.stat().st_mode & 0o077 == 0
