from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.release.errors import ClusterError
from slipway.rollout.metrics.exposition import rows_of

PAGE = """\
# HELP requests_total Requests.
# TYPE requests_total counter
requests_total{service="a",code="200"} 12
requests_total{service="b \\"quoted\\", with \\\\ and }",code="500",} 3.5e1 1764190000000
requests_total_created{service="a"} 1
uptime{} 3117
other 4
"""


def test_only_what_is_wanted_is_read_with_its_labels_and_the_name_of_the_proxy() -> None:
    found = rows_of(PAGE, {"requests_total", "uptime"}, "envoy-0", 50.0)
    assert [(one["metric"], one["values"]) for one in found] == [
        ({"__name__": "requests_total", "service": "a", "code": "200", "pod": "envoy-0"}, [[50.0, "12"]]),
        (
            {"__name__": "requests_total", "service": 'b "quoted", with \\ and }', "code": "500", "pod": "envoy-0"},
            [[50.0, "3.5e1"]],
        ),
        ({"__name__": "uptime", "pod": "envoy-0"}, [[50.0, "3117"]]),
    ]


@pytest.mark.parametrize("line", ['up{a="b} 1', "up", "up one", "up{a=b} 1", 'up{a="b"} 1 2 3'])
def test_a_wanted_line_that_cannot_be_read_is_an_error_and_another_one_is_not(line: str) -> None:
    with pytest.raises(ClusterError, match="envoy-0: its statistics hold a line that cannot be read"):
        rows_of(line, {"up"}, "envoy-0", 1.0)
    assert rows_of(line, {"down"}, "envoy-0", 1.0) == []


@given(st.text())
def test_whatever_a_page_holds_it_is_read_or_refused(text: str) -> None:
    try:
        rows_of(text, {"up"}, "envoy-0", 1.0)
    except ClusterError:
        return


@given(st.text(st.characters(exclude_characters="\r\n\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029", codec="utf-8")))
def test_any_label_survives(value: str) -> None:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    (row,) = rows_of(f'up{{a="{escaped}"}} 1', {"up"}, "p", 1.0)
    assert row["metric"]["a"] == value
