from __future__ import annotations

import pytest

from release.evidence import junit
from release.evidence.limits import MOST_XML_DEPTH
from tests.unit.release.evidence.support import data, refused


@pytest.mark.parametrize(
    ("fixture", "counts"),
    [
        ("junit-pytest.xml", (6, 5, 0, 0, 1, 0)),
        ("junit-surefire.xml", (3, 2, 1, 0, 0, 1)),
        ("junit-gtest.xml", (3, 2, 0, 0, 1, 0)),
        ("junit-gotestsum.xml", (3, 2, 1, 0, 0, 0)),
    ],
)
def test_the_output_of_common_runners_is_counted_case_by_case(fixture: str, counts: tuple[int, ...]) -> None:
    facts = junit.parse(data(fixture))
    assert (facts.cases, facts.passed, facts.failed, facts.errors, facts.skipped, facts.flaky) == counts


def test_the_names_of_failing_cases_are_kept() -> None:
    assert junit.parse(data("junit-gotestsum.xml")).failing == ("example/pay::TestCapture/twice",)


def test_a_header_that_declares_no_tests_above_two_failures_is_refused() -> None:
    refused("mismatch", lambda: junit.parse(data("junit-lying-header.xml")), "declares 0 tests", "2")


@pytest.mark.parametrize("header", ['tests="3"', 'tests="2" failures="1"', 'tests="2" errors="1"'])
def test_a_header_that_disagrees_with_its_cases_is_refused(header: str) -> None:
    text = f'<testsuite {header}><testcase name="a"/><testcase name="b"/></testsuite>'
    refused("mismatch", lambda: junit.parse(text.encode()))


def test_a_header_may_count_nested_suites_or_leave_them_out() -> None:
    inner = '<testsuite name="i" tests="1"><testcase name="b"/></testsuite>'
    for declared in (1, 2):
        text = f'<testsuite tests="{declared}"><testcase name="a"/>{inner}</testsuite>'
        assert junit.parse(text.encode()).cases == 2


@pytest.mark.parametrize("text", ["<testsuites/>", '<testsuites tests="0"><testsuite tests="0"/></testsuites>'])
def test_a_report_without_a_single_case_is_refused(text: str) -> None:
    refused("empty", lambda: junit.parse(text.encode()))


def test_a_file_without_a_byte_is_refused() -> None:
    refused("empty", lambda: junit.parse(b"  \n"))


def test_a_failure_outside_of_any_case_counts() -> None:
    text = '<testsuite name="s"><error message="could not start"/><testcase name="a"/></testsuite>'
    assert junit.parse(text.encode()).errors == 1


def test_a_case_that_only_says_failed_in_its_status_counts_as_failed() -> None:
    assert junit.parse(b'<testsuite><testcase name="a" status="failed"/></testsuite>').failed == 1


def test_a_case_that_failed_and_was_skipped_counts_as_failed() -> None:
    facts = junit.parse(b'<testsuite><testcase name="a"><skipped/><failure/></testcase></testsuite>')
    assert (facts.failed, facts.skipped) == (1, 0)


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE t [<!ENTITY a "x"><!ENTITY b "&a;&a;&a;">]><testsuite><testcase name="&b;"/></testsuite>',
        '<!DOCTYPE t [<!ENTITY x SYSTEM "file:///etc/group">]><testsuite><testcase>&x;</testcase></testsuite>',
        '<!DOCTYPE t [<!ATTLIST testcase status CDATA "passed">]><testsuite><testcase name="a"/></testsuite>',
        '<!DOCTYPE t [<!ENTITY % p SYSTEM "http://127.0.0.1:9/p">%p;]><testsuite><testcase name="a"/></testsuite>',
    ],
    ids=["bomb", "file", "default attributes", "parameter entity"],
)
def test_a_document_type_with_declarations_is_refused(text: str) -> None:
    refused("malformed", lambda: junit.parse(text.encode()))


@pytest.mark.parametrize(
    "content",
    [
        b"<testsuite><testcase></testsuite>",
        b"<testsuite><testcase name='a'/>",
        b"{}",
        b"\x00\x01\x02",
        b'<?xml version="1.0" encoding="no-such"?><testsuite><testcase/></testsuite>',
        '<testsuite><testcase name="é"/></testsuite>'.encode("latin-1"),
        b"<html><body/></html>",
        b'<testsuite tests="many"><testcase/></testsuite>',
        b'<testsuite tests="-1"><testcase/></testsuite>',
        b"<testsuite><testcase><testcase/></testcase></testsuite>",
    ],
)
def test_what_is_not_junit_xml_is_refused(content: bytes) -> None:
    refused("malformed", lambda: junit.parse(content))


def test_utf_16_is_read_when_the_file_says_so() -> None:
    text = '<?xml version="1.0" encoding="utf-16"?><testsuite><testcase name="a"/></testsuite>'
    assert junit.parse(text.encode("utf-16")).cases == 1


def test_nesting_is_bounded() -> None:
    deep = "<testsuite>" * (MOST_XML_DEPTH + 1) + "</testsuite>" * (MOST_XML_DEPTH + 1)
    refused("malformed", lambda: junit.parse(deep.encode()), "deep")


def test_names_that_would_move_the_cursor_are_made_harmless() -> None:
    facts = junit.parse(b'<testsuite><testcase name="a&#x9b;2J&#x202e;b"><failure/></testcase></testsuite>')
    assert facts.failing[0].isprintable()
