from __future__ import annotations

from pathlib import Path

import pytest

from slipway.release.sql.isolate import classify_isolated


def test_a_script_is_classified_in_a_process_of_its_own() -> None:
    script = classify_isolated("alter table orders drop column total; -- é")
    assert [operation.what for operation in script.operations] == ["drop column orders.total"]


def test_an_expression_that_crashes_the_parser_ends_the_child_and_not_the_gate() -> None:
    script = classify_isolated("select " + "1+" * 200_000 + "1")
    assert script.problem is not None
    assert script.operations == ()


def test_a_script_with_a_lone_surrogate_is_a_problem() -> None:
    assert classify_isolated("select '\ud800'").problem is not None


def test_modules_of_the_folder_that_is_judged_are_not_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "slipway" / "release").mkdir(parents=True)
    for forged in ("slipway/release/__init__.py", "postgast.py", "json.py"):
        (tmp_path / forged).write_text("raise SystemExit('forged')")
    monkeypatch.chdir(tmp_path)
    script = classify_isolated("drop table orders -- beside forged modules")
    assert script.problem is None
    assert [operation.effect for operation in script.operations] == ["contract"]


def test_an_expression_that_is_nested_too_deeply_for_the_parsers_messages_is_a_problem() -> None:
    script = classify_isolated("select " + "'a' || " * 300 + "'b'")
    assert "nested too deeply" in (script.problem or "")
