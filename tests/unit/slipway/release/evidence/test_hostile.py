"""Fuzzing of every reader: whatever the bytes are, the answer is facts or an EvidenceError, and garbage is no evidence.

Nothing here looks at a clock; a reader that hangs is stopped by the suite's own time limit. FUZZ_EXAMPLES in the
environment sets how many examples each test tries.
"""

from __future__ import annotations

import copy
import json
import os
import tempfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from slipway.release.evidence import dsse, jsontext, make, reports
from slipway.release.evidence.collect import collect
from slipway.release.evidence.errors import EvidenceError
from slipway.release.evidence.facts import Kind
from slipway.release.evidence.files import Content
from slipway.release.evidence.references import Sources
from slipway.release.evidence.statement import Statement
from slipway.release.evidence.verify import read_predicate, verify
from slipway.release.findings import plain
from slipway.release.manifest.base import FrozenModel
from tests.unit.slipway.release.evidence.sigstore_world import Sigstore
from tests.unit.slipway.release.evidence.support import DIGEST, data
from tests.unit.slipway.release.evidence.test_predicates import COMPLETE
from tests.vouched import REPORTS, key, trust_roots, vouch

COUNT = int(os.environ.get("FUZZ_EXAMPLES", "100"))
EXAMPLES = settings(max_examples=COUNT, suppress_health_check=list(HealthCheck))
FEW = settings(max_examples=max(1, COUNT // 4), suppress_health_check=list(HealthCheck))

FIXTURES: list[tuple[Kind, str]] = [
    ("tests", "junit-pytest.xml"),
    ("tests", "junit-surefire.xml"),
    ("tests", "junit-gtest.xml"),
    ("coverage", "cobertura-coveragepy.xml"),
    ("coverage", "cobertura-jvm.xml"),
    ("static-analysis", "sarif-lint.sarif"),
    ("security-scan", "sarif-scan.sarif"),
    ("vex", "openvex.json"),
    ("vex", "cyclonedx-vex.json"),
    ("migration-lint", "squawk.json"),
]
KINDS: list[Kind] = ["tests", "coverage", "static-analysis", "security-scan", "vex", "migration-lint"]

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def _read(read: Callable[[], object]) -> object:
    """Facts or None when refused; anything but an EvidenceError fails the test."""
    try:
        return read()
    except EvidenceError as error:
        assert plain(error.detail, 300) == error.detail
        return None


@st.composite
def _mutations(draw: st.DrawFn, original: bytes) -> bytes:
    """The original with up to four pieces removed, repeated, flipped or replaced."""
    content = bytearray(original)
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, max(0, len(content) - 1)))
        end = min(len(content), start + draw(st.integers(1, 40)))
        piece = bytes(content[start:end])
        content[start:end] = draw(
            st.sampled_from(
                [b"", piece * 3, bytes(byte ^ 1 for byte in piece), b"<", b'"', b"]]>", b"\x00", b"\xff", b"&x;"]
            )
            | st.binary(max_size=12)
        )
    return bytes(content)


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for name, inner in below for place in _places(inner, (*path, name)))]


def _replaced(document: Any, place: tuple[Any, ...], value: Any) -> Any:
    if not place:
        return value
    changed = copy.deepcopy(document)
    target = changed
    for part in place[:-1]:
        target = target[part]
    target[place[-1]] = value
    return changed


@pytest.mark.parametrize("kind", KINDS)
@EXAMPLES
@given(content=st.binary(max_size=400))
def test_bytes_at_random_are_never_evidence(kind: Kind, content: bytes) -> None:
    with pytest.raises(EvidenceError):
        reports.parse(kind, content, DIGEST)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "migration-lint"])
@EXAMPLES
@given(value=JSON)
def test_json_at_random_is_never_evidence(kind: Kind, value: Any) -> None:
    with pytest.raises(EvidenceError):
        reports.parse(kind, json.dumps(value).encode(), DIGEST)


@pytest.mark.parametrize(("kind", "fixture"), FIXTURES)
@EXAMPLES
@given(draw=st.data())
def test_a_mutated_document_is_read_or_refused_and_never_crashes(kind: Kind, fixture: str, draw: st.DataObject) -> None:
    facts = _read(lambda: reports.parse(kind, draw.draw(_mutations(data(fixture))), DIGEST))
    if facts is not None:
        assert isinstance(facts, FrozenModel)
        assert len(facts.model_dump_json()) < 64 * 1024


@pytest.mark.parametrize(("kind", "fixture"), FIXTURES)
@EXAMPLES
@given(draw=st.data())
def test_a_truncated_document_is_refused(kind: Kind, fixture: str, draw: st.DataObject) -> None:
    whole = data(fixture).strip()
    cut = whole[: draw.draw(st.integers(0, len(whole) - 1))]
    with pytest.raises(EvidenceError):
        reports.parse(kind, cut, DIGEST)


@pytest.mark.parametrize(("kind", "fixture"), [pair for pair in FIXTURES if not pair[1].endswith(".xml")])
@EXAMPLES
@given(draw=st.data())
def test_a_document_with_any_value_replaced_is_read_or_refused(kind: Kind, fixture: str, draw: st.DataObject) -> None:
    document = json.loads(data(fixture))
    place = draw.draw(st.sampled_from(_places(document)))
    changed = _replaced(document, place, draw.draw(JSON))
    facts = _read(lambda: reports.parse(kind, json.dumps(changed).encode(), DIGEST))
    if facts is not None:
        assert isinstance(facts, FrozenModel)
        assert type(facts).model_validate_json(facts.model_dump_json(by_alias=True)) == facts


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "cp037"])
@pytest.mark.parametrize(("kind", "fixture"), [pair for pair in FIXTURES if not pair[1].endswith(".xml")])
def test_json_in_another_encoding_is_refused(kind: Kind, fixture: str, encoding: str) -> None:
    content = data(fixture).decode().encode(encoding)
    with pytest.raises(EvidenceError):
        reports.parse(kind, content, DIGEST)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("unit", [b"[", b'{"a":', b"<a>", b"<a ", b"<!--", b"<![CDATA[", b'"', b"(", b"\x00"])
def test_endless_nesting_and_endless_tokens_are_refused(kind: Kind, unit: bytes) -> None:
    for prefix in (b"", b'{"version": "2.1.0", "runs": ', b"<testsuite>", b"<coverage>"):
        with pytest.raises(EvidenceError):
            reports.parse(kind, prefix + unit * 200_000, DIGEST)


@EXAMPLES
@given(content=st.binary(max_size=300) | JSON.map(lambda value: json.dumps(value).encode()))
def test_nothing_at_random_is_a_signed_statement(content: bytes) -> None:
    with pytest.raises(EvidenceError):
        verify(Content("a", content, ""), trust_roots())


@lru_cache
def _signed(name: str) -> tuple[bytes, bytes]:
    """A payload and its envelope; the same in every example, for signatures differ from run to run."""
    payload = make.statement(DIGEST, "checkout", "urn:test", {"a": 1})
    return payload, make.sign(payload, key(name)[0])


@pytest.mark.parametrize("name", ["even", "odd"])
@EXAMPLES
@given(draw=st.data())
def test_a_mutated_envelope_never_carries_another_payload(name: str, draw: st.DataObject) -> None:
    payload, envelope = _signed(name)
    roots = trust_roots().model_copy(
        update={"principals": (trust_roots().principals[0].model_copy(update={"keys": (key(name)[1].decode(),)}),)}
    )

    def read() -> bytes:
        mutated = jsontext.load_object(draw.draw(_mutations(envelope)), "envelope")
        return dsse.verify(mutated, roots)[0]

    assert _read(read) in {None, payload}


SIGSTORE = Sigstore()
BUNDLE = json.dumps(SIGSTORE.bundle(make.statement(DIGEST, "checkout", "urn:test", {"a": 1}), "ci@example.com"))


@FEW
@given(draw=st.data())
def test_a_mutated_bundle_never_carries_another_payload(draw: st.DataObject) -> None:
    principal = {
        "name": "ci",
        "identities": [{"issuer": "https://issuer.example", "subject": "ci@example.com"}],
        "may": ["tests"],
    }
    roots = type(trust_roots()).model_validate({"principals": [principal], "sigstoreRoot": SIGSTORE.root()})
    if draw.draw(st.booleans()):
        content = draw.draw(_mutations(BUNDLE.encode()))
    else:
        document = json.loads(BUNDLE)
        changed = _replaced(document, draw.draw(st.sampled_from(_places(document)[1:])), draw.draw(JSON))
        content = json.dumps(changed).encode()
    it = _read(lambda: verify(Content("a", content, ""), roots).statement.predicate)
    assert it in (None, {"a": 1})


@pytest.mark.parametrize("kind", COMPLETE)
@EXAMPLES
@given(draw=st.data())
def test_a_predicate_with_any_value_replaced_is_read_or_refused(kind: str, draw: st.DataObject) -> None:
    place = draw.draw(st.sampled_from(_places(COMPLETE[kind])[1:]))
    predicate = _replaced(COMPLETE[kind], place, draw.draw(JSON))
    statement = Statement.model_validate(
        {
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{"digest": {"sha256": "a" * 64}}],
            "predicateType": kind,
            "predicate": predicate,
        },
        strict=False,
    )
    _read(lambda: read_predicate(statement, DIGEST))


@FEW
@given(draw=st.data())
def test_a_signed_report_that_was_changed_by_a_single_byte_is_never_evidence(draw: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        it = vouch(Path(folder))
        kind = draw.draw(st.sampled_from(sorted(REPORTS)))
        path = it.root / REPORTS[kind][2]
        content = bytearray(path.read_bytes())
        content[draw.draw(st.integers(0, len(content) - 1))] ^= draw.draw(st.integers(1, 255))
        path.write_bytes(content)
        dossier = collect(it.release(), Sources(it.root), it.trust)
        assert kind not in {item.facts.kind for item in dossier.items}
        assert [entry.kind for entry in dossier.rejected] == [kind]


@EXAMPLES
@given(reference=st.text(max_size=40))
def test_no_reference_ever_leaves_the_project(reference: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "project"
        root.mkdir()
        (Path(folder) / "outside").write_text("outside")
        content = _read(lambda: Sources(root).read(reference, 100))
        assert content is None
