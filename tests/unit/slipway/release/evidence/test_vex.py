from __future__ import annotations

import json
from typing import Any

import pytest

from slipway.release.evidence import vex
from slipway.release.evidence.facts import MOST_VEX
from tests.unit.slipway.release.evidence.support import DIGEST, OTHER, data, refused

PRODUCT = {"@id": f"pkg:oci/checkout@{DIGEST.replace(':', '%3A')}"}


def _openvex(*statements: dict[str, Any], **document: Any) -> bytes:
    complete = {
        "@context": "https://openvex.dev/ns/v0.2.0",
        "author": "a",
        "timestamp": "2026-11-22T07:00:00Z",
        "version": 1,
        "statements": list(statements),
    } | document
    return json.dumps(complete).encode()


def _about(name: str, status: str, **more: Any) -> dict[str, Any]:
    return {"vulnerability": {"name": name}, "products": [PRODUCT], "status": status} | more


def _statuses(content: bytes) -> dict[str, str]:
    return {entry.vulnerability: entry.status for entry in vex.parse(content, DIGEST).entries}


def _said(content: bytes) -> set[tuple[str, str, tuple[str, ...]]]:
    return {(entry.vulnerability, entry.status, entry.components) for entry in vex.parse(content, DIGEST).entries}


def test_the_latest_openvex_statement_counts_for_the_name_and_its_aliases() -> None:
    assert _said(data("openvex.json")) == {
        ("CVE-2026-10001", "under_investigation", ()),
        ("CVE-2026-10001", "not_affected", ("pkg:deb/debian/openssl@3.0.1",)),
        ("GHSA-zzzz-zzzz-zzzz", "not_affected", ("pkg:deb/debian/openssl@3.0.1",)),
        ("CVE-2026-10002", "affected", ()),
    }


DPKG, ZLIB = "pkg:deb/debian/dpkg@1.18.25", "pkg:generic/zlib@1.2.3"
WHY = "component_not_present"


def _of(*components: str) -> dict[str, Any]:
    return {"products": [PRODUCT | {"subcomponents": [{"@id": one} for one in components]}]}


def test_openvex_of_a_subcomponent_says_nothing_of_the_rest() -> None:
    entries = vex.parse(data("openvex-subcomponent.json"), DIGEST).entries
    assert [(e.vulnerability, e.status, e.components) for e in entries] == [
        ("CVE-2026-1000", "not_affected", ("pkg:deb/debian/dpkg@1.18.25",))
    ]


@pytest.mark.parametrize(
    "part",
    [
        {"identifiers": {"purl": DPKG}},
        {"@id": "https://example.com/parts/7", "identifiers": {"purl": DPKG}},
        {"@id": DPKG},
    ],
    ids=str,
)
def test_a_subcomponent_is_named_by_its_package_url_where_it_has_one(part: dict[str, Any]) -> None:
    content = _openvex(_about("CVE-1", "fixed", products=[PRODUCT | {"subcomponents": [part]}]))
    assert _said(content) == {("CVE-1", "fixed", (DPKG,))}


def test_a_subcomponent_without_a_name_is_refused() -> None:
    content = _openvex(_about("CVE-1", "fixed", products=[PRODUCT | {"subcomponents": [{}]}]))
    refused("malformed", lambda: vex.parse(content, DIGEST), "subcomponent")


def test_a_product_without_subcomponents_beside_one_with_some_is_the_whole_artifact() -> None:
    products = [PRODUCT, *_of(DPKG)["products"]]
    assert _said(_openvex(_about("CVE-1", "fixed", products=products))) == {("CVE-1", "fixed", ())}


def test_a_later_statement_about_the_whole_artifact_is_about_each_component() -> None:
    earlier = _about("CVE-1", "not_affected", justification=WHY, timestamp="2026-11-20T00:00:00Z", **_of(DPKG))
    later = _about("CVE-1", "affected", timestamp="2026-11-21T00:00:00Z")
    assert _said(_openvex(earlier, later)) == {("CVE-1", "affected", ()), ("CVE-1", "affected", (DPKG,))}


def test_components_with_the_same_status_share_an_entry() -> None:
    one = _about("CVE-1", "fixed", **_of(ZLIB))
    assert _said(_openvex(one, _about("CVE-1", "fixed", **_of(DPKG)))) == {("CVE-1", "fixed", (DPKG, ZLIB))}


def test_openvex_0_0_1_is_read_with_its_subcomponents() -> None:
    old = {"vulnerability": "CVE-1", "products": [PRODUCT["@id"]], "subcomponents": [DPKG], "status": "fixed"}
    content = _openvex(old, **{"@context": "https://openvex.dev/ns", "version": "1"})
    assert _said(content) == {("CVE-1", "fixed", (DPKG,))}


def _cyclonedx(*affects: str, **more: Any) -> bytes:
    document = json.loads(data("cyclonedx-vex.json")) | more
    analysis = {"state": "not_affected", "justification": "code_not_present"}
    document["vulnerabilities"] = [{"id": "CVE-1", "analysis": analysis, "affects": [{"ref": ref} for ref in affects]}]
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("affects", "components"),
    [
        (("pkg:npm/x@1",), ("pkg:npm/x@1",)),
        (("urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/1#pkg%3Anpm%2Fx%401",), ("pkg:npm/x@1",)),
        (("part-7",), ("pkg:npm/y@2",)),
        (("checkout",), ()),
        (("urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/1#checkout",), ()),
        ((PRODUCT["@id"],), ()),
        (("pkg:npm/x@1", "checkout"), ()),
        ((), ()),
    ],
    ids=str,
)
def test_cyclonedx_is_about_what_it_says_is_affected(affects: tuple[str, ...], components: tuple[str, ...]) -> None:
    below = [{"type": "library", "name": "y", "bom-ref": "part-7", "purl": "pkg:npm/y@2"}]
    outer = [{"type": "framework", "name": "outer", "components": below}]
    assert _said(_cyclonedx(*affects, components=outer)) == {("CVE-1", "not_affected", components)}


def test_a_cyclonedx_document_that_is_too_large_is_refused_before_its_schema_is_looked_at() -> None:
    many = [{"id": f"CVE-{n}", "affects": [{"ref": 7 if n else "checkout"}]} for n in range(2)]
    refused(
        "malformed",
        lambda: vex.parse(
            json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.5", "vulnerabilities": many}).encode(), DIGEST
        ),
    )
    document = json.loads(data("cyclonedx-vex.json"))
    document["vulnerabilities"] = [
        {"id": "CVE-1", "affects": [{"ref": "x", "status": "no word of the schema"}] * 900}
    ] * 5
    refused("too-large", lambda: vex.parse(json.dumps(document).encode(), DIGEST))


def test_ids_of_vulnerabilities_are_compared_whatever_their_case() -> None:
    assert _said(_openvex(_about("cve-2026-1", "fixed"))) == {("CVE-2026-1", "fixed", ())}


def test_of_two_openvex_statements_of_the_same_time_the_worse_counts() -> None:
    content = _openvex(_about("CVE-1", "fixed"), _about("CVE-1", "affected"), _about("CVE-1", "fixed"))
    assert _statuses(content) == {"CVE-1": "affected"}


def test_openvex_statements_about_other_products_do_not_count() -> None:
    other = {"vulnerability": {"name": "CVE-1"}, "products": [{"hashes": {"sha-256": "b" * 64}}], "status": "fixed"}
    assert _statuses(_openvex(other, _about("CVE-2", "fixed"))) == {"CVE-2": "fixed"}
    refused("wrong-digest", lambda: vex.parse(_openvex(other), DIGEST))


def test_openvex_that_is_about_another_artifact_is_refused() -> None:
    refused("wrong-digest", lambda: vex.parse(data("openvex.json"), OTHER))


def test_not_affected_needs_a_justification() -> None:
    refused("malformed", lambda: vex.parse(_openvex(_about("CVE-1", "not_affected")), DIGEST), "justification")
    content = _openvex(_about("CVE-1", "not_affected", justification="because I say so"))
    refused("malformed", lambda: vex.parse(content, DIGEST))


def test_cyclonedx_states_are_read_and_a_missing_analysis_is_open() -> None:
    assert _statuses(data("cyclonedx-vex.json")) == {
        "CVE-2026-10001": "not_affected",
        "CVE-2026-10002": "affected",
        "GHSA-abcd-ef12-gh34": "under_investigation",
    }


def test_cyclonedx_about_another_artifact_is_refused() -> None:
    refused("wrong-digest", lambda: vex.parse(data("cyclonedx-vex.json"), OTHER))


def test_cyclonedx_is_validated_against_its_schema() -> None:
    document = json.loads(data("cyclonedx-vex.json"))
    document["vulnerabilities"][0]["analysis"]["state"] = "quite_fine"
    refused("malformed", lambda: vex.parse(json.dumps(document).encode(), DIGEST), "schema")


def test_cyclonedx_not_affected_needs_a_justification() -> None:
    document = json.loads(data("cyclonedx-vex.json"))
    document["vulnerabilities"][0]["analysis"] = {"state": "not_affected"}
    refused("malformed", lambda: vex.parse(json.dumps(document).encode(), DIGEST), "justification")


def test_documents_that_say_nothing_are_refused() -> None:
    refused("empty", lambda: vex.parse(_openvex(), DIGEST))
    document = json.loads(data("cyclonedx-vex.json")) | {"vulnerabilities": []}
    refused("empty", lambda: vex.parse(json.dumps(document).encode(), DIGEST))


def test_more_entries_than_are_recorded_are_refused_and_not_dropped() -> None:
    many = _openvex(*(_about(f"CVE-{n}", "fixed") for n in range(MOST_VEX + 1)))
    refused("too-large", lambda: vex.parse(many, DIGEST))


@pytest.mark.parametrize(
    "content",
    [
        b"[]",
        b"{}",
        b'{"bomFormat": "SPDX"}',
        _openvex(timestamp="yesterday"),
        _openvex(timestamp="2026-11-22T07:00:00"),
        _openvex(author=""),
        _openvex(_about("CVE-1", "harmless")),
        _openvex(_about("", "fixed")),
        b'{"bomFormat": "CycloneDX", "specVersion": "0.9"}',
        b'{"@context": "https://openvex.dev/ns", "statements": ' + b'{"a":' * 50_000 + b"1" + b"}" * 50_000 + b"}",
    ],
)
def test_what_is_not_vex_is_refused(content: bytes) -> None:
    refused("malformed", lambda: vex.parse(content, DIGEST))
