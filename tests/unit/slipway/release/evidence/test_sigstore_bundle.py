from __future__ import annotations

import base64
import copy
import json
from datetime import timedelta
from typing import Any

import pytest

from slipway.release.evidence import make, receipts
from slipway.release.evidence.files import Content
from slipway.release.evidence.trust import Identity, TrustRoots
from slipway.release.evidence.verify import verify
from tests.unit.slipway.release.evidence.sigstore_world import ISSUER, SIGNED_AT, Sigstore
from tests.unit.slipway.release.evidence.support import DIGEST, refused

WORKFLOW = "https://forge.example/checkout/.github/workflows/release.yml"
SIGSTORE = Sigstore()
PAYLOAD = make.statement(DIGEST, "checkout", receipts.RESULTS, {"at": SIGNED_AT.isoformat(), "files": []})


def _roots(subject: str = "ci@example.com", issuer: str = ISSUER, root: str | None = None) -> TrustRoots:
    principal = {"name": "ci", "identities": [{"issuer": issuer, "subject": subject}], "may": ["tests"]}
    return TrustRoots.model_validate({"principals": [principal], "sigstoreRoot": root or SIGSTORE.root()})


def _content(bundle: dict[str, Any]) -> Content:
    return Content("ci.sigstore.json", json.dumps(bundle).encode(), "0" * 64)


def test_a_bundle_of_a_declared_identity_verifies_without_the_network() -> None:
    it = verify(_content(SIGSTORE.bundle(PAYLOAD, "ci@example.com")), _roots())
    assert (it.method, it.principals[0].name, it.digests) == ("sigstore", "ci", (DIGEST,))


def test_a_workflow_may_be_trusted_at_any_of_its_references() -> None:
    bundle = _content(SIGSTORE.bundle(PAYLOAD, f"{WORKFLOW}@refs/tags/v1"))
    assert verify(bundle, _roots(f"{WORKFLOW}@*")).principals[0].name == "ci"
    refused("untrusted", lambda: verify(bundle, _roots(f"{WORKFLOW}@refs/tags/v2")))


def test_a_reusable_workflow_is_told_apart_by_the_repository_that_called_it() -> None:
    def roots(repository: str | None) -> TrustRoots:
        identity = {"issuer": ISSUER, "subject": f"{WORKFLOW}@*", "repository": repository}
        principal = {"name": "ci", "identities": [identity], "may": ["tests"]}
        return TrustRoots.model_validate({"principals": [principal], "sigstoreRoot": SIGSTORE.root()})

    own, foreign = "https://forge.example/checkout", "https://forge.example/somebody"
    subject = f"{WORKFLOW}@refs/tags/v1"
    for caller in (own, foreign):
        bundle = _content(SIGSTORE.bundle(PAYLOAD, subject, repository=caller))
        assert verify(bundle, roots(caller)).principals[0].name == "ci"
        assert verify(bundle, roots(None)).principals[0].name == "ci", "without a repository any caller will do"
    refused("untrusted", lambda: verify(bundle, roots(own)), f"repository {foreign}")
    refused("untrusted", lambda: verify(_content(SIGSTORE.bundle(PAYLOAD, subject)), roots(own)))


def test_one_identity_belongs_to_one_principal_whatever_its_repository() -> None:
    def roots(first: str | None, second: str | None) -> TrustRoots:
        principals = [
            {"name": name, "may": ["tests"], "identities": [{"issuer": ISSUER, "subject": "a@b", "repository": of}]}
            for name, of in (("one", first), ("two", second))
        ]
        return TrustRoots.model_validate({"principals": principals, "sigstoreRoot": SIGSTORE.root()})

    assert len(roots("https://f/a", "https://f/b").principals) == 2
    for first, second in ((None, None), ("https://f/a", None), (None, "https://f/a"), ("https://f/a", "https://f/a")):
        with pytest.raises(ValueError, match="one and two have the same credential"):
            roots(first, second)


@pytest.mark.parametrize(
    "subject", ["*", "https://forge.example/*", "a*@example.com", "*@example.com", "a@*b*", "ci@*", "https://a@*b"]
)
def test_an_identity_is_open_only_after_the_at_sign(subject: str) -> None:
    with pytest.raises(ValueError, match="only a workflow's reference"):
        Identity(issuer=ISSUER, subject=subject)


def test_another_subject_or_another_issuer_is_not_trusted() -> None:
    bundle = _content(SIGSTORE.bundle(PAYLOAD, "ci@example.com"))
    refused("untrusted", lambda: verify(bundle, _roots("somebody@example.com")), "ci@example.com")
    refused("untrusted", lambda: verify(bundle, _roots(issuer="https://other.example")), ISSUER)


def test_a_bundle_of_another_instance_is_not_trusted() -> None:
    bundle = _content(Sigstore().bundle(PAYLOAD, "ci@example.com"))
    refused("untrusted", lambda: verify(bundle, _roots()))


def test_without_a_sigstore_root_no_bundle_is_trusted() -> None:
    refused("untrusted", lambda: verify(_content(SIGSTORE.bundle(PAYLOAD, "ci@example.com")), TrustRoots()), "root")


@pytest.mark.parametrize("root", ["{}", "[]", "no JSON", '{"mediaType": "x"}'])
def test_a_trusted_root_that_cannot_be_read_is_an_error_of_the_configuration(root: str) -> None:
    with pytest.raises(ValueError, match="sigstoreRoot"):
        _roots(root=root)


def _altered(path: str, value: object) -> dict[str, Any]:
    bundle: dict[str, Any] = copy.deepcopy(SIGSTORE.bundle(PAYLOAD, "ci@example.com"))
    target: Any = bundle
    *parents, last = path.split("/")
    for part in parents:
        target = target[int(part)] if part.isdigit() else target[part]
    if value is None:
        del target[last]
    else:
        target[last] = value(target[last]) if callable(value) else value
    return bundle


def _flipped(text: str) -> str:
    raw = bytearray(base64.b64decode(text))
    raw[len(raw) // 2] ^= 1
    return base64.b64encode(bytes(raw)).decode()


ENTRY = "verificationMaterial/tlogEntries/0"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("dsseEnvelope/payload", _flipped),
        ("dsseEnvelope/payloadType", "text/plain"),
        ("dsseEnvelope/signatures", []),
        ("dsseEnvelope", None),
        ("verificationMaterial/certificate/rawBytes", _flipped),
        ("verificationMaterial/tlogEntries", []),
        (f"{ENTRY}/inclusionPromise/signedEntryTimestamp", _flipped),
        (f"{ENTRY}/inclusionProof/rootHash", _flipped),
        (f"{ENTRY}/inclusionProof/checkpoint/envelope", lambda text: text.replace("log.example\n1", "log.example\n2")),
        (f"{ENTRY}/canonicalizedBody", _flipped),
        (f"{ENTRY}/integratedTime", "1"),
        (f"{ENTRY}/inclusionPromise", None),
        ("mediaType", "application/vnd.dev.sigstore.bundle+json;version=9.9"),
    ],
)
def test_a_bundle_that_was_altered_anywhere_is_refused(path: str, value: object) -> None:
    content = _content(_altered(path, value))
    with pytest.raises(Exception, match=r"untrusted|malformed|unsupported"):
        verify(content, _roots())


def test_a_certificate_that_had_expired_when_the_log_saw_it_is_refused() -> None:
    early, late = (
        SIGSTORE.bundle(PAYLOAD, "ci@example.com"),
        SIGSTORE.bundle(PAYLOAD, "ci@example.com", at=SIGNED_AT + timedelta(hours=1)),
    )
    early["verificationMaterial"]["tlogEntries"] = late["verificationMaterial"]["tlogEntries"]
    refused("untrusted", lambda: verify(_content(early), _roots()))


def test_a_bundle_that_signs_a_bare_file_names_no_artifact() -> None:
    bundle = _altered("dsseEnvelope", None)
    bundle["messageSignature"] = {
        "messageDigest": {"algorithm": "SHA2_256", "digest": base64.b64encode(b"0" * 32).decode()},
        "signature": base64.b64encode(b"0" * 70).decode(),
    }
    refused("unsupported", lambda: verify(_content(bundle), _roots()), "statement")


def test_a_bundle_signed_with_a_declared_key_is_verified_by_that_key() -> None:
    private, public = make.generate_key()
    envelope = json.loads(make.sign(PAYLOAD, private))
    bundle = {
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {"publicKey": {"hint": "whatever"}},
        "dsseEnvelope": envelope,
    }
    roots = TrustRoots.model_validate({"principals": [{"name": "k", "keys": [public.decode()], "may": ["tests"]}]})
    assert verify(_content(bundle), roots).method == "key"
    refused("untrusted", lambda: verify(_content(bundle), _roots()))
