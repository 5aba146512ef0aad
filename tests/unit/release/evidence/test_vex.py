from __future__ import annotations

import json
from typing import Any

import pytest

from release.evidence import vex
from release.evidence.facts import MOST_VEX
from tests.unit.release.evidence.support import DIGEST, OTHER, data, refused

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


def test_the_latest_openvex_statement_counts_for_the_name_and_its_aliases() -> None:
    assert _statuses(data("openvex.json")) == {
        "CVE-2026-10001": "not_affected",
        "GHSA-zzzz-zzzz-zzzz": "not_affected",
        "CVE-2026-10002": "affected",
    }


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
