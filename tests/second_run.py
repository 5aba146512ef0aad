"""pytest, and what failed once more, alone.

Thousands of tests share a machine, and those of tests/integration also a cluster and a gateway, three at a time: now
and then one of them fails because of what ran beside it. Such a test must be mended, but it must not hide whether
everything else holds. So up to `MOST` tests that failed are run a second time, one after the other with nothing beside
them. Those that pass then are named at the end and added to out/second_run.txt; with more failures, or one that fails
again, the run has failed.

python -m tests.second_run PYTEST-ARGUMENTS
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

MOST = 6
"""Tests that may be run again. Where the gateway that they share had no processor for seconds, each of the three that
ran has failed; more than two such moments are no accident."""
CACHE = Path("out/pytest")
"""A cache of its own, so that `pytest --last-failed` of a developer means the developer's last run."""
REPORT = Path("out/second_run.txt")
_ALONE = ("-n", "0", "-o", "addopts=", "-v", "--strict-markers")


def main(arguments: Sequence[str]) -> int:
    """The exit code of the first run, or of the second where there is one."""
    code = _run(["--cache-clear", *arguments])
    failed = _failed() if code == pytest.ExitCode.TESTS_FAILED else []
    if not 0 < len(failed) <= MOST:
        return code
    _say(f"{len(failed)} failed and are run again, alone")
    code = _run([*_ALONE, *failed])
    if code == pytest.ExitCode.OK:
        _say("\n  ".join(["PASSED ONLY WHEN RUN AGAIN, ALONE, mend them:", *failed]))
        with REPORT.open("a") as report:
            report.writelines(f"{one}\n" for one in failed)
    return code


def _say(text: str) -> None:
    sys.stdout.write(f"\n{text}\n")
    sys.stdout.flush()


def _run(arguments: Sequence[str]) -> int:
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-o", f"cache_dir={CACHE}", *arguments], check=False
    ).returncode


def _failed() -> list[str]:
    """The tests that failed in the last run. A file that cannot be collected is among them by its name."""
    found = CACHE / "v" / "cache" / "lastfailed"
    return sorted(json.loads(found.read_text())) if found.exists() else []


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
