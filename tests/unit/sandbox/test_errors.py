from __future__ import annotations

from pathlib import Path

from sandbox.errors import SandboxError, log_tail


def test_an_error_names_the_part_the_log_and_the_remedy() -> None:
    error = SandboxError("etcd", "ended while starting", "free the port", ["bind: address in use"])
    assert error.render().splitlines() == [
        "etcd: ended while starting",
        "  | bind: address in use",
        "remedy: free the port",
    ]


def test_the_tail_of_a_long_log_is_its_last_lines(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("".join(f"line {number}\n" for number in range(10_000)))
    assert log_tail(log, 2) == ("line 9998", "line 9999")


def test_a_missing_log_has_no_tail(tmp_path: Path) -> None:
    assert log_tail(tmp_path / "absent") == ()
