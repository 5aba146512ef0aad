from __future__ import annotations

import pytest

from slipway.release.evidence import cobertura
from tests.unit.slipway.release.evidence.support import data, refused


def _report(rate: str, lines: str) -> bytes:
    body = (
        f'<packages><package><classes><class filename="a"><lines>{lines}</lines></class></classes></package></packages>'
    )
    return f'<coverage line-rate="{rate}">{body}</coverage>'.encode()


def test_lines_and_branches_are_counted() -> None:
    facts = cobertura.parse(data("cobertura-coveragepy.xml"))
    assert (facts.lines, facts.lines_covered, facts.branches, facts.branches_covered) == (8, 7, 4, 3)


def test_lines_of_methods_and_of_nested_classes_count_once_and_an_external_dtd_is_not_loaded() -> None:
    facts = cobertura.parse(data("cobertura-jvm.xml"))
    assert (facts.lines, facts.lines_covered) == (2, 1)


def test_a_header_that_promises_more_than_the_lines_is_refused() -> None:
    refused(
        "mismatch", lambda: cobertura.parse(_report("0.95", '<line number="1" hits="0"/><line number="2" hits="1"/>'))
    )


def test_a_report_without_lines_is_refused() -> None:
    refused("empty", lambda: cobertura.parse(_report("1.0", "")))
    refused("empty", lambda: cobertura.parse(b'<coverage line-rate="1.0"/>'))


@pytest.mark.parametrize(
    "line", ['<line hits="1"/>', '<line number="1"/>', '<line number="1" hits="-1"/>', '<line number="1" hits="NaN"/>']
)
def test_a_line_without_number_or_hits_is_refused(line: str) -> None:
    refused("malformed", lambda: cobertura.parse(_report("1", line)))


@pytest.mark.parametrize("rate", ["inf", "2", "-0.1", "all"])
def test_a_rate_that_is_no_share_is_refused(rate: str) -> None:
    refused("malformed", lambda: cobertura.parse(_report(rate, '<line number="1" hits="1"/>')))


def test_more_covered_branches_than_branches_are_refused() -> None:
    line = '<line number="1" hits="1" condition-coverage="150% (3/2)"/>'
    refused("malformed", lambda: cobertura.parse(_report("1", line)))


def test_another_root_is_refused() -> None:
    refused("malformed", lambda: cobertura.parse(b"<report/>"))


def test_a_report_without_a_line_is_empty_whatever_its_rate() -> None:
    refused("empty", lambda: cobertura.parse(b'<coverage line-rate="NaN"/>'))


def test_hits_beyond_twelve_digits_are_counts() -> None:
    line = '<line number="1" hits="1234567890123"/>'
    body = f'<class filename="a"><lines>{line}</lines></class>'
    text = f"<coverage><packages><package><classes>{body}</classes></package></packages></coverage>"
    assert cobertura.parse(text.encode()).lines_covered == 1
