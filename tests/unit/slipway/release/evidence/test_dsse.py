from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from slipway.release.evidence import dsse, make
from slipway.release.evidence.files import Content
from slipway.release.evidence.trust import TrustRoots
from slipway.release.evidence.verify import is_signed, verify
from tests.unit.slipway.release.evidence.support import DIGEST, refused
from tests.vouched import key

PAYLOAD = make.statement(DIGEST, "checkout", "urn:test", {"a": 1})


def _roots(*names: str) -> TrustRoots:
    principals = [{"name": name, "keys": [key(name)[1].decode()], "may": ["tests"]} for name in names]
    return TrustRoots.model_validate({"principals": principals})


def _envelope(*signers: str, payload: bytes = PAYLOAD) -> dict[str, Any]:
    envelopes: list[dict[str, Any]] = [json.loads(make.sign(payload, key(name)[0])) for name in signers]
    return envelopes[0] | {"signatures": [each["signatures"][0] for each in envelopes]}


@pytest.mark.parametrize("name", ["even", "odd"])
def test_an_envelope_verifies_by_an_ed25519_or_an_ecdsa_key(name: str) -> None:
    payload, signers = dsse.verify(_envelope(name), _roots(name))
    assert (payload, [signer.name for signer in signers]) == (PAYLOAD, [name])


def test_every_declared_signer_of_an_envelope_is_found() -> None:
    _, signers = dsse.verify(_envelope("even", "odd", "stranger"), _roots("odd", "even"))
    assert [signer.name for signer in signers] == ["odd", "even"]


def test_a_key_that_is_not_declared_is_not_trusted() -> None:
    refused("untrusted", lambda: dsse.verify(_envelope("stranger"), _roots("even", "odd")))
    refused("untrusted", lambda: dsse.verify(_envelope("even"), TrustRoots()))


def test_the_key_id_is_a_hint_and_never_trusted() -> None:
    envelope = _envelope("even")
    envelope["signatures"][0]["keyid"] = "that of somebody else"
    assert dsse.verify(envelope, _roots("even"))[1][0].name == "even"
    del envelope["signatures"][0]["keyid"]
    assert dsse.verify(envelope, _roots("even"))[1][0].name == "even"
    stranger = _envelope("stranger")
    stranger["signatures"][0]["keyid"] = _envelope("even")["signatures"][0]["keyid"]
    refused("untrusted", lambda: dsse.verify(stranger, _roots("even")))


def test_another_payload_under_the_same_signature_is_refused() -> None:
    envelope = _envelope("even")
    envelope["payload"] = base64.b64encode(PAYLOAD + b" ").decode()
    refused("untrusted", lambda: dsse.verify(envelope, _roots("even")))


def test_the_payload_type_is_signed_too() -> None:
    envelope = _envelope("even") | {"payloadType": "text/plain"}
    refused("unsupported", lambda: dsse.verify(envelope, _roots("even")))


@pytest.mark.parametrize(
    "change",
    [
        {"signatures": []},
        {"signatures": [{"keyid": "a"}]},
        {"signatures": [{"sig": "not base64!"}]},
        {"signatures": [{"sig": "AA"}] * 17},
        {"payload": "\u0430bc"},
        {"payload": 7},
        {"signatures": None},
    ],
    ids=str,
)
def test_a_malformed_envelope_is_refused(change: dict[str, Any]) -> None:
    refused("malformed", lambda: dsse.verify(_envelope("even") | change, _roots("even")))


def test_pre_authentication_encoding_is_that_of_the_protocol() -> None:
    assert dsse.pae("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


def test_a_report_is_not_mistaken_for_an_envelope() -> None:
    assert is_signed(Content("a", json.dumps(_envelope("even")).encode(), ""))
    assert not is_signed(Content("a", b'{"version": "2.1.0", "runs": []}', ""))
    assert not is_signed(Content("a", b"<testsuite/>", ""))
    assert not is_signed(Content("a", b"{ broken", ""))


@pytest.mark.parametrize("content", [b"{}", b"[]", b"<a/>", b"", b'{"payloadType": 1}'])
def test_what_carries_no_signature_is_no_statement(content: bytes) -> None:
    with pytest.raises(Exception, match=r"unsigned|malformed|empty"):
        verify(Content("a", content, ""), _roots("even"))


@pytest.mark.parametrize(
    "change",
    [
        {"_type": "https://in-toto.io/Statement/v9"},
        {"subject": []},
        {"subject": [{"name": "a"}]},
        {"predicate": []},
        {"predicateType": ""},
    ],
    ids=str,
)
def test_a_signed_payload_that_is_no_statement_is_refused(change: dict[str, Any]) -> None:
    payload = json.dumps(json.loads(PAYLOAD) | change).encode()
    content = Content("a", json.dumps(_envelope("even", payload=payload)).encode(), "")
    refused("malformed", lambda: verify(content, _roots("even")))


def test_a_statement_about_something_without_a_sha256_is_bound_to_nothing() -> None:
    payload = json.dumps(json.loads(PAYLOAD) | {"subject": [{"digest": {"gitCommit": "a" * 40}}]}).encode()
    content = Content("a", json.dumps(_envelope("even", payload=payload)).encode(), "")
    refused("unbound", lambda: verify(content, _roots("even")))
