from __future__ import annotations

import json
from typing import Any

import pytest

from slipway.release.evidence.components import covers
from slipway.release.evidence.facts import Vulnerability
from tests.manifests import DIGEST
from tests.unit.slipway.release.readiness.support import passes, refused
from tests.vouched import REPORTS, Vouched

DPKG = "pkg:deb/debian/dpkg@1.18.25"
PRODUCT = f"pkg:oci/checkout@{DIGEST.replace(':', '%3A')}"


def _scan(it: Vouched, *results: tuple[str, str]) -> None:
    """Of CVE-2026-1000 with 9.8: place and message of each result."""
    run = {
        "tool": {"driver": {"name": "t"}},
        "results": [
            {
                "ruleId": "CVE-2026-1000",
                "message": {"text": text},
                "locations": [{"physicalLocation": {"artifactLocation": {"uri": uri}}}],
                "properties": {"security-severity": "9.8"},
            }
            for uri, text in results
        ],
    }
    it.write("scan.sarif", json.dumps({"version": "2.1.0", "runs": [run]}).encode())
    it.bind({kind: name for kind, (_, _, name) in REPORTS.items()})


def _vex(it: Vouched, *components: str, status: str = "not_affected", **more: Any) -> None:
    product = {"@id": PRODUCT, "subcomponents": [{"@id": one} for one in components]}
    statement = {
        "vulnerability": {"name": "cve-2026-1000"},
        "products": [product],
        "status": status,
        "justification": "component_not_present",
    }
    document = {
        "@context": "https://openvex.dev/ns/v0.2.0",
        "author": "a",
        "timestamp": "2026-11-22T07:00:00Z",
        "version": 1,
        "statements": [statement, *more.get("statements", [])],
    }
    it.write("vex.json", json.dumps(document).encode())
    it.bind({kind: name for kind, (_, _, name) in REPORTS.items()})


def test_vex_of_one_component_excuses_it_and_nothing_else(it: Vouched) -> None:
    places = [("dpkg", "m"), ("app/vendor/zlib", "m")]
    _scan(it, *places)
    _vex(it, DPKG)
    (finding,) = refused(it.gate_input(), "vulnerabilities", "exploitable")
    assert "app/vendor/zlib" in finding.found
    assert f"VEX speaks only of {DPKG}" in finding.found
    _scan(it, places[0])
    passes(it.gate_input())


def test_vex_of_the_whole_artifact_excuses_every_place(it: Vouched) -> None:
    _scan(it, ("dpkg", "m"), ("app/vendor/zlib", "m"))
    _vex(it)
    passes(it.gate_input())


def test_the_scanners_own_word_for_the_component_counts(it: Vouched) -> None:
    _scan(it, ("image", "Package: dpkg\nInstalled Version: 1.18.25"), ("image", "Package: zlib\nInstalled Version: 1"))
    _vex(it, DPKG)
    (finding,) = refused(it.gate_input(), "vulnerabilities", "exploitable")
    assert "zlib@1 in image" in finding.found


def test_a_scan_that_does_not_say_where_is_not_excused_by_vex_of_a_component(it: Vouched) -> None:
    _scan(it, ("image", "m"))
    _vex(it, DPKG)
    refused(it.gate_input(), "vulnerabilities", "exploitable")


def test_a_statement_about_the_component_goes_before_one_about_the_whole_artifact(it: Vouched) -> None:
    whole = {
        "vulnerability": {"name": "CVE-2026-1000"},
        "products": [{"@id": PRODUCT}],
        "status": "under_investigation",
        "timestamp": "2026-11-21T07:00:00Z",
    }
    _scan(it, ("dpkg", "m"))
    _vex(it, DPKG, statements=[whole])
    passes(it.gate_input())
    _scan(it, ("zlib", "m"))
    refused(it.gate_input(), "vulnerabilities", "exploitable")


@pytest.mark.parametrize(
    ("component", "found", "where", "same"),
    [
        (DPKG, DPKG, "", True),
        (DPKG, "pkg:deb/debian/dpkg@1.18.25?arch=amd64", "", True),
        (DPKG, "pkg:deb/debian/dpkg@1.19", "", False),
        (DPKG, "pkg:deb/ubuntu/dpkg@1.18.25", "", False),
        (DPKG, "pkg:npm/dpkg@1.18.25", "", False),
        ("pkg:deb/debian/dpkg", "pkg:deb/debian/dpkg@1.19", "", True),
        (DPKG, "dpkg@1.18.25", "", True),
        (DPKG, "dpkg@1.19", "", False),
        (DPKG, "dpkg-dev@1.18.25", "", False),
        ("pkg:npm/%40acme/ui@2.0.1", "@acme/ui@2.0.1", "", True),
        ("pkg:npm/%40acme/ui@2.0.1", "ui@2.0.1", "", False),
        ("pkg:golang/github.com/acme/lib@v1.0.0", "github.com/acme/lib@v1.0.0", "", True),
        ("pkg:maven/org.acme/lib@1", "org.acme:lib@1", "", True),
        ("pkg:maven/org.acme/lib@1", "lib@1", "", True),
        ("pkg:maven/org.acme/lib@1", "com.other:lib@1", "", False),
        ("pkg:pypi/my-lib@1", "my_lib@1", "", True),
        (DPKG, "", "dpkg", True),
        (DPKG, "", "usr/share/doc/dpkg/copyright:3", True),
        (DPKG, "", "var/lib/dpkg/status", False),
        (DPKG, "", "app/vendor/dpkg", False),
        ("pkg:generic/zlib@1", "", "app/vendor/zlib:1", True),
        ("pkg:generic/zlib@1", "", "app/vendor/zlib-ng", False),
        ("pkg:generic/zlib@1", "", "usr/lib/zlib", False),
        (DPKG, "", "", False),
        ("https://example.com/parts/7", "", "https://example.com/parts/7", True),
        ("pkg:", "", "app", False),
    ],
)
def test_two_identifiers_are_the_same_part_only_when_nothing_they_say_differs(
    component: str, found: str, where: str, same: bool
) -> None:
    assert covers(component, Vulnerability(id="CVE-1", severity="high", component=found, where=where)) is same
