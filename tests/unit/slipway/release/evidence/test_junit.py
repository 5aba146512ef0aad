from __future__ import annotations

import pytest

from slipway.release.evidence import junit
from slipway.release.evidence.limits import MOST_XML_DEPTH
from tests.unit.slipway.release.evidence.support import data, refused

SUREFIRE = (
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation='
    '"https://maven.apache.org/surefire/maven-surefire-plugin/xsd/surefire-test-report.xsd" name="x.OkTest"'
)


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


def _counts(text: str | bytes) -> tuple[int, int, int, int, int]:
    facts = junit.parse(text.encode() if isinstance(text, str) else text)
    assert facts.cases == facts.passed + facts.failed + facts.errors + facts.skipped
    return facts.passed, facts.failed, facts.errors, facts.skipped, facts.flaky


@pytest.mark.parametrize(
    ("fixture", "counts"),
    [
        ("junit-ctest-disabled.xml", (1, 0, 0, 2, 0)),
        ("junit-surefire-rerun.xml", (3, 0, 0, 1, 2)),
        ("junit-surefire-nested.xml", (3, 0, 0, 0, 0)),
        ("junit-mocha-pending.xml", (2, 0, 0, 1, 0)),
        ("junit-pytest-subtests.xml", (2, 0, 0, 0, 0)),
        ("junit-gotestsum-rerun.xml", (2, 0, 0, 0, 1)),
        ("junit-lying-header.xml", (0, 2, 0, 0, 0)),
    ],
)
def test_the_habits_of_common_tools_are_known(fixture: str, counts: tuple[int, ...]) -> None:
    assert _counts(data(fixture)) == counts


@pytest.mark.parametrize("header", ['tests="2" failures="1"', 'tests="2" errors="1"', 'failures="1" errors="0"'])
def test_a_header_that_is_worse_than_its_cases_is_refused(header: str) -> None:
    text = f'<testsuite {header}><testcase name="a"/><testcase name="b"/></testsuite>'
    error = refused("mismatch", lambda: junit.parse(text.encode()), "declares 1 failures and errors")
    assert "exit code" in error.remedy


@pytest.mark.parametrize("tool", ['name="pytest"', SUREFIRE, 'name="Mocha Tests"', 'name="example/s"'])
def test_no_tool_is_known_so_well_that_a_worse_header_passes(tool: str) -> None:
    text = f'<testsuite {tool} tests="2" failures="1"><testcase name="TestA" time="1"/></testsuite>'
    refused("mismatch", lambda: junit.parse(text.encode()))


def test_cases_that_are_worse_than_their_header_decide() -> None:
    assert _counts('<testsuite tests="1" failures="0"><testcase name="a"><failure/></testcase></testsuite>')[1] == 1


def test_cases_that_only_a_header_counts_were_not_run() -> None:
    text = (
        '<testsuites tests="4"><testsuite tests="4"><testcase name="a"/><testcase name="b"/></testsuite></testsuites>'
    )
    assert _counts(text) == (2, 0, 0, 2, 0)
    assert junit.parse(text.encode()).unlisted == 2


def test_a_root_that_counts_more_than_its_suites_adds_the_difference_once() -> None:
    inner = '<testsuite tests="2"><testcase name="a"/></testsuite>'
    assert _counts(f'<testsuites tests="3">{inner}</testsuites>') == (1, 0, 0, 2, 0)


def test_cases_that_a_header_calls_skipped_and_nothing_marks_are_no_passes() -> None:
    cases = '<testcase name="a" time="1"/><testcase name="b" time="1"/>'
    assert _counts(f'<testsuite tests="2" skipped="1">{cases}</testsuite>') == (1, 0, 0, 1, 0)
    assert _counts(f'<testsuite tests="2" disabled="1">{cases}</testsuite>') == (1, 0, 0, 1, 0)


def test_a_todo_that_a_header_does_not_count_is_no_pass() -> None:
    cases = '<testcase name="real" time="0"/><testcase name="todo" time="0"/>'
    text = f'<testsuites tests="1"><testsuite tests="1" skipped="0">{cases}</testsuite></testsuites>'
    assert _counts(text) == (1, 0, 0, 1, 0)


def test_beyond_a_header_only_what_took_time_counts_as_run() -> None:
    cases = '<testcase name="a" time="0.1"/><testcase name="b" time="0.000"/><testcase name="c"/>'
    assert _counts(f'<testsuite tests="1">{cases}</testsuite>') == (1, 0, 0, 2, 0)
    assert _counts(f'<testsuite {SUREFIRE} tests="1">{cases}</testsuite>') == (3, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("case", "counts"),
    [
        ('<testcase name="a" failure="x"><skipped type="todo"/><failure/></testcase>', (0, 0, 0, 1, 0)),
        ('<testcase name="a"><skipped type="todo"/></testcase>', (0, 0, 0, 1, 0)),
        ('<testcase name="a"><todo/></testcase>', (0, 0, 0, 1, 0)),
        ('<testcase name="a" failure="assertion"/>', (0, 1, 0, 0, 0)),
    ],
    ids=str,
)
def test_a_todo_is_never_a_pass_and_its_failure_is_expected(case: str, counts: tuple[int, ...]) -> None:
    assert _counts(f"<testsuites>{case}</testsuites>") == counts


@pytest.mark.parametrize("name", ["status", "result", "outcome", "state"])
@pytest.mark.parametrize(
    ("word", "counts"),
    [
        ("run", (1, 0, 0, 0, 0)),
        ("Passed", (1, 0, 0, 0, 0)),
        ("0", (1, 0, 0, 0, 0)),
        ("", (1, 0, 0, 0, 0)),
        ("failed", (0, 1, 0, 0, 0)),
        ("Timed Out", (0, 1, 0, 0, 0)),
        ("TIMEOUT", (0, 1, 0, 0, 0)),
        ("crashed", (0, 1, 0, 0, 0)),
        ("Error", (0, 1, 0, 0, 0)),
        ("skipped", (0, 0, 0, 1, 0)),
        ("Not Run", (0, 0, 0, 1, 0)),
        ("pending", (0, 0, 0, 1, 0)),
        ("Inconclusive", (0, 0, 0, 1, 0)),
        ("blocked", (0, 0, 0, 1, 0)),
        ("a word of tomorrow", (0, 0, 0, 1, 0)),
        ("失敗", (0, 0, 0, 1, 0)),
    ],
)
def test_a_state_that_stands_in_an_attribute_counts(name: str, word: str, counts: tuple[int, ...]) -> None:
    assert _counts(f'<testsuite><testcase name="a" {name}="{word}"/></testsuite>') == counts


@pytest.mark.parametrize(
    ("attribute", "counts"),
    [
        ('success="False"', (0, 0, 0, 1, 0)),
        ('executed="false"', (0, 0, 0, 1, 0)),
        ('executed="True"', (1, 0, 0, 0, 0)),
        ('skipped="true"', (0, 0, 0, 1, 0)),
        ('disabled="false"', (1, 0, 0, 0, 0)),
        ('error="boom"', (0, 1, 0, 0, 0)),
        ('failed="0"', (1, 0, 0, 0, 0)),
    ],
)
def test_yes_and_no_in_attributes_count(attribute: str, counts: tuple[int, ...]) -> None:
    assert _counts(f'<testsuite><testcase name="a" {attribute}/></testsuite>') == counts


@pytest.mark.parametrize("message", ["Unable to find executable", "Fixture dependency failed"])
def test_what_ctest_fails_and_calls_skipped_is_an_error(message: str) -> None:
    case = f'<testcase name="a" status="notrun"><skipped message="{message}"/></testcase>'
    assert _counts(f'<testsuite tests="1" failures="0" skipped="1">{case}</testsuite>') == (0, 0, 1, 0, 0)
    assert _counts('<testsuite><testcase name="a" status="notrun"><skipped/></testcase></testsuite>')[3] == 1


# -- attempts ------------------------------------------------------------------------------------------------------


def _case(name: str, *children: str, seconds: float = 0.1) -> str:
    return f'<testcase classname="c" name="{name}" time="{seconds}">{"".join(children)}</testcase>'


FAILED = '<failure message="Failed"/>'


def test_attempts_of_pytest_are_one_test_and_the_worst_of_them_counts() -> None:
    cases = _case("a") + _case("b") * 3 + _case("c") * 2 + _case("c", "<failure/>")
    text = f'<testsuite name="pytest" tests="3" failures="1">{cases}</testsuite>'
    assert _counts(text) == (2, 1, 0, 0, 1)
    assert junit.parse(text.encode()).failing == ("c::c",)


def test_a_test_of_pytest_that_failed_and_whose_end_broke_is_one_test() -> None:
    cases = _case("a", "<failure/>") + _case("a", "<error/>")
    assert _counts(f'<testsuite name="pytest" tests="2" failures="1" errors="1">{cases}</testsuite>') == (0, 0, 1, 0, 0)


def test_subtests_of_pytest_are_counted_with_their_case_and_skipped_ones_by_themselves() -> None:
    text = '<testsuite name="pytest" tests="{}" failures="{}" skipped="{}">{}</testsuite>'
    assert _counts(text.format(7, 0, 0, _case("a"))) == (1, 0, 0, 0, 0)
    assert _counts(text.format(7, 0, 2, _case("a"))) == (1, 0, 0, 2, 0)
    assert _counts(text.format(7, 2, 0, _case("a", "<failure/>", "<failure/>"))) == (0, 1, 0, 0, 0)
    refused("mismatch", lambda: junit.parse(text.format(7, 2, 0, _case("a", "<failure/>")).encode()))


def test_attempts_of_go_are_one_test_that_is_flaky_when_it_passed_at_last() -> None:
    cases = _case("TestA", FAILED) * 2 + _case("TestA") + _case("TestB") + _case("TestC", FAILED) * 2
    text = f'<testsuite name="c" tests="6" failures="4">{cases}</testsuite>'
    assert _counts(text) == (2, 1, 0, 0, 1)


def test_a_subtest_of_go_that_is_run_again_brings_its_parent_and_siblings() -> None:
    cases = _case("TestA", FAILED) + _case("TestA/x", FAILED) + _case("TestA/y") + _case("TestA") * 2
    cases += _case("TestA/x") + _case("TestA/y")
    assert _counts(f'<testsuite name="c" tests="7" failures="2">{cases}</testsuite>') == (3, 0, 0, 0, 2)


def test_go_tests_that_are_counted_twice_are_not_attempts() -> None:
    cases = _case("TestA") * 2 + _case("TestB", FAILED) + _case("TestB")
    text = f'<testsuite name="c" tests="4" failures="1">{cases}</testsuite>'
    assert _counts(text) == (3, 1, 0, 0, 0)


@pytest.mark.parametrize(
    "cases",
    [
        _case("works") + _case("works", FAILED),
        _case("TestA") + _case("TestA", '<failure message="expected 1"/>'),
        _case("TestA") + _case("TestA", FAILED) + _case("other"),
    ],
)
def test_tests_that_are_called_alike_do_not_excuse_each_other(cases: str) -> None:
    facts = junit.parse(f'<testsuite name="c" failures="1">{cases}</testsuite>'.encode())
    assert (facts.failed, facts.flaky) == (1, 0)
    assert facts.repeated == facts.failing
    assert len(facts.repeated) == 1


def test_the_same_test_in_two_suites_is_two_tests() -> None:
    suites = f"<testsuite>{_case('TestA', FAILED)}</testsuite><testsuite>{_case('TestA')}</testsuite>"
    assert _counts(f"<testsuites>{suites}</testsuites>") == (1, 1, 0, 0, 0)


@pytest.mark.parametrize(
    ("bad", "counts"), [('failures="0"', (2, 0, 0, 0, 1)), ('failures="1"', (1, 1, 0, 0, 0)), ("", (1, 1, 0, 0, 0))]
)
def test_attempts_are_joined_where_the_header_counts_names_and_excused_where_it_says_so(
    bad: str, counts: tuple[int, ...]
) -> None:
    cases = _case("a", "<failure/>") + _case("a") + _case("b")
    assert _counts(f'<testsuite tests="2" {bad}>{cases}</testsuite>') == counts


def test_a_file_of_surefire_without_a_case_is_an_answer_and_of_others_it_is_not() -> None:
    assert _counts(f'<testsuite {SUREFIRE} tests="0" failures="0"/>') == (0, 0, 0, 0, 0)
    refused("empty", lambda: junit.parse(b'<testsuite name="pytest" tests="0"/>'))
    assert _counts(f'<testsuite {SUREFIRE} tests="2"/>') == (0, 0, 0, 2, 0)


def test_a_header_may_count_nested_suites_or_leave_them_out() -> None:
    inner = '<testsuite name="i" tests="1"><testcase name="b"/></testsuite>'
    for declared in (1, 2):
        text = f'<testsuite tests="{declared}"><testcase name="a"/>{inner}</testsuite>'
        assert _counts(text) == (2, 0, 0, 0, 0)


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
