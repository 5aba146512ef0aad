from __future__ import annotations

from release.sql.isolate import classified


def test_a_script_is_classified_in_a_process_of_its_own() -> None:
    script = classified("alter table orders drop column total; -- é")
    assert [operation.what for operation in script.operations] == ["drop column public.orders.total"]


def test_an_expression_that_crashes_the_parser_ends_the_child_and_not_the_gate() -> None:
    script = classified("select " + "1+" * 200_000 + "1")
    assert script.problem is not None
    assert script.operations == ()


def test_a_script_with_a_lone_surrogate_is_a_problem() -> None:
    assert classified("select '\ud800'").problem is not None
