from __future__ import annotations

from datetime import timedelta

import pytest

from slipway.release.evidence import receipts
from slipway.release.evidence.trust import Principal
from slipway.release.readiness.settings import ApprovalSettings, QaSettings, Settings
from tests.unit.slipway.release.readiness.support import passes, refused
from tests.vouched import NOW, YESTERDAY, Vouched, key


def _qa(it: Vouched, **said: object) -> None:
    complete = {"at": YESTERDAY.isoformat(), "release": it.reference(), "recommendation": "go", "by": "quinn"}
    it.sign("qa.json", "quinn", receipts.QA, complete | said)


def _approve(it: Vouched, name: str = "olive", file: str = "approval.json", **said: object) -> None:
    complete = {"at": YESTERDAY.isoformat(), "release": it.reference(), "role": "service-owner", "by": name}
    it.sign(file, name, receipts.APPROVAL, complete | said)


def _trust(it: Vouched, name: str, *roles: str) -> None:
    new = Principal(name=name, keys=(key(name)[1].decode(),), may=("approval",), roles=roles)
    it.trust = it.trust.model_copy(update={"principals": (*it.trust.principals, new)})


@pytest.mark.parametrize("word", ["no-go", "conditional"])
def test_anything_but_go_sends_the_release_back(it: Vouched, word: str) -> None:
    it.manifest["qa"]["recommendation"] = word
    (finding,) = refused(it.gate_input(), "qa", "not-go")
    assert finding.turn == "development"


def test_a_manifest_that_says_go_where_qa_signed_no_go_is_refused(it: Vouched) -> None:
    _qa(it, recommendation="no-go", note="checkout loses the coupon")
    (finding,) = refused(it.gate_input(), "qa", "not-go")
    assert "loses the coupon" in finding.found


def test_a_release_without_a_word_of_qa_is_refused(it: Vouched) -> None:
    del it.manifest["qa"]
    (finding,) = refused(it.gate_input(), "qa", "missing")
    assert finding.turn == "qa"
    it.settings = Settings(qa=QaSettings(required=False))
    passes(it.gate_input())


def test_a_word_that_nobody_signed_is_none(it: Vouched) -> None:
    del it.manifest["qa"]["statement"]
    refused(it.gate_input(), "qa", "missing")


def test_a_word_in_the_name_of_somebody_else_is_refused(it: Vouched) -> None:
    it.manifest["qa"]["by"] = "oscar"
    refused(it.gate_input(), "qa", "mismatch")


def test_a_word_of_long_ago_is_stale(it: Vouched) -> None:
    it.people(at=NOW - timedelta(days=8))
    refused(it.gate_input(), "qa", "stale")


def test_a_word_about_another_version_of_the_manifest_is_refused(it: Vouched) -> None:
    _qa(it, release=it.reference() | {"fingerprint": "sha256:" + "0" * 64})
    refused(it.gate_input(), "qa", "wrong-release")


def test_a_release_that_nobody_approved_is_refused(it: Vouched) -> None:
    it.manifest["approvals"] = []
    (finding,) = refused(it.gate_input(), "approvals", "missing")
    assert finding.turn == "owner"


def test_the_author_does_not_approve_whatever_the_case_of_the_name(it: Vouched) -> None:
    it.manifest["scope"]["author"] = "Olive"
    it.people()
    refused(it.gate_input(), "approvals", "own-change")


def test_the_author_does_not_approve_whatever_the_case_of_the_approval(it: Vouched) -> None:
    it.manifest["scope"]["author"] = "olive"
    it.people()
    _approve(it, by="OLIVE")
    refused(it.gate_input(), "approvals", "own-change")


@pytest.mark.parametrize(
    ("author", "code", "shown"),
    [
        ("\u043elive", "author-unclear", "not printable ASCII"),
        ("olive\u200b", "author-unclear", "olive\\u200b"),
        ("olive@example", "author-unclear", "may be olive"),
        ("Olive Oyl <olive.o@example>", "author-unclear", "may be olive"),
        ("  OLIVE ", "own-change", "is the author"),
    ],
)
def test_nobody_approves_under_another_spelling(it: Vouched, author: str, code: str, shown: str) -> None:
    it.manifest["scope"]["author"] = author
    it.people()
    (finding,) = refused(it.gate_input(), "approvals", code)
    assert shown in finding.found


def test_compatible_letters_are_the_same_name(it: Vouched) -> None:
    it.manifest["scope"]["author"] = "\uff4flive"
    it.people()
    refused(it.gate_input(), "approvals", "author-unclear", "own-change")


def test_an_author_is_known_by_an_alias(it: Vouched) -> None:
    it.manifest["scope"]["author"] = "o.oyl@example"
    it.people()
    passes(it.gate_input())
    principals = [
        one.model_copy(update={"aliases": ("o.oyl@example",)}) if one.name == "olive" else one
        for one in it.trust.principals
    ]
    it.trust = it.trust.model_copy(update={"principals": tuple(principals)})
    refused(it.gate_input(), "approvals", "own-change")


def test_where_authors_must_be_known_a_name_in_the_trust_roots_is_enough(it: Vouched) -> None:
    it.settings = Settings(approvals=ApprovalSettings(known_authors=True))
    (finding,) = refused(it.gate_input(), "approvals", "author-unknown")
    assert "alice, who is no principal" in finding.found
    it.trust = it.trust.model_copy(update={"principals": (*it.trust.principals, Principal(name="alice"))})
    passes(it.gate_input())


def test_a_change_of_an_unknown_author_is_refused(it: Vouched) -> None:
    del it.manifest["scope"]["author"]
    it.people()
    refused(it.gate_input(), "approvals", "author-unknown")


def test_a_principal_approves_the_services_that_it_is_limited_to_and_no_other(it: Vouched) -> None:
    def limited(*services: str) -> None:
        principals = [
            one.model_copy(update={"services": services}) if one.name == "olive" else one for one in it.trust.principals
        ]
        it.trust = it.trust.model_copy(update={"principals": tuple(principals)})

    limited("ledger", "checkout")
    passes(it.gate_input())
    limited("ledger")
    found = " ".join(finding.found for finding in refused(it.gate_input(), "approvals", "missing", "not-allowed"))
    assert "olive (of ledger) signed it and may not vouch for approval of checkout" in found


def test_an_approval_expires(it: Vouched) -> None:
    _approve(it, expires=(NOW - timedelta(hours=1)).isoformat())
    refused(it.gate_input(), "approvals", "expired")
    _approve(it, expires=(NOW + timedelta(hours=1)).isoformat())
    passes(it.gate_input())
    _approve(it, at=(NOW - timedelta(days=15)).isoformat())
    refused(it.gate_input(), "approvals", "stale")


def test_an_approval_by_a_key_that_is_not_trusted_is_refused(it: Vouched) -> None:
    _approve(it, name="mallory")
    refused(it.gate_input(), "approvals", "untrusted", "missing")


def test_every_role_must_approve(it: Vouched) -> None:
    it.settings = Settings(approvals=ApprovalSettings(roles=("service-owner", "security")))
    (finding,) = refused(it.gate_input(), "approvals", "missing")
    assert "security" in finding.found


def test_one_person_does_not_fill_two_roles(it: Vouched) -> None:
    it.settings = Settings(approvals=ApprovalSettings(roles=("service-owner", "security")))
    at = YESTERDAY.isoformat()
    it.manifest["approvals"].append({"role": "security", "by": "sam", "at": at, "statement": "second.json"})
    _trust(it, "sam", "service-owner", "security")
    _approve(it, "sam", "second.json", role="security")
    passes(it.gate_input())
    _approve(it, "sam", "approval.json")
    it.manifest["approvals"][0]["by"] = "sam"
    refused(it.gate_input(), "approvals", "same-person")


@pytest.mark.parametrize(
    "shown",
    [{"role": "cto", "by": "bob"}, {"role": "cto"}, {"by": "bob"}, {"expires": "2027-01-01T00:00:00Z"}],
    ids=str,
)
def test_a_manifest_that_shows_another_approval_than_was_signed_is_refused(it: Vouched, shown: dict[str, str]) -> None:
    it.manifest["approvals"][0] |= shown
    (finding,) = refused(it.gate_input(), "approvals", "mismatch")
    assert finding.severity == "critical"
    assert "service-owner by olive" in finding.wanted


def test_an_approval_is_the_same_however_the_name_is_written(it: Vouched) -> None:
    it.manifest["approvals"][0]["by"] = "Olive"
    passes(it.gate_input())


def test_an_approval_that_is_only_written_down_is_refused(it: Vouched) -> None:
    it.manifest["approvals"].append({"role": "cto", "by": "bob", "at": YESTERDAY.isoformat()})
    (finding,) = refused(it.gate_input(), "approvals", "unsigned")
    assert finding.field == "approvals[1]"


def test_an_approval_may_be_signed_by_a_statement_that_is_listed_as_evidence(it: Vouched) -> None:
    del it.manifest["approvals"][0]["statement"]
    it.manifest["evidence"]["statements"].append("approval.json")
    passes(it.gate_input())


def test_approvals_are_not_judged_again_for_a_settled_release(it: Vouched) -> None:
    it.manifest["approvals"] = []
    passes(it.gate_input(settled=True))


@pytest.mark.parametrize("author", ["olive", " Olive ", "OLIVE"])
def test_nobody_approves_a_change_of_his_own_however_the_name_is_written(it: Vouched, author: str) -> None:
    it.manifest["scope"]["author"] = author
    it.people()
    refused(it.gate_input(), "approvals", "own-change")


@pytest.mark.parametrize(("expires", "codes"), [("9999-12-31T23:59:59Z", set()), ("0001-01-01T00:00:00Z", {"expired"})])
def test_an_approval_may_expire_at_the_end_of_time(it: Vouched, expires: str, codes: set[str]) -> None:
    _approve(it, expires=expires)
    if codes:
        refused(it.gate_input(), "approvals", *codes)
    else:
        passes(it.gate_input())
