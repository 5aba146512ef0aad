"""Rules of the tree that the import contracts cannot express."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ("bench", "components", "policies", "sandbox", "slipway")
SOURCES = sorted([*ROOT.glob("*.py"), *(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))])


@functools.cache
def names(path: Path) -> frozenset[str]:
    """Dotted names that a file imports or reads, such as `pulumi.Config` and `pulumi.automation.Stack`."""
    return frozenset(_names(path))


def _names(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Attribute):
            yield ast.unparse(node)


def users(prefix: str) -> set[str]:
    """The files that use a name, or anything in it."""
    return {
        str(path.relative_to(ROOT))
        for path in SOURCES
        if any(name == prefix or name.startswith(f"{prefix}.") for name in names(path))
    }


def test_only_settings_reads_the_configuration_of_the_stack() -> None:
    assert users("pulumi.Config") | users("pulumi.runtime.config") | users("pulumi.runtime.get_config_env") == {
        "slipway/settings.py"
    }


def test_only_the_engine_of_the_command_line_starts_pulumi() -> None:
    starters = ("LocalWorkspace", "PulumiCommand", "Stack", "create_or_select_stack", "create_stack", "select_stack")
    assert set().union(*(users(f"pulumi.automation.{name}") for name in starters)) <= {"slipway/cli/engine.py"}


def in_the_engine(prefix: str) -> set[str]:
    """The files of the engine that use a name."""
    return {path for path in users(prefix) if path.startswith("slipway/")}


def test_each_kind_of_file_has_one_reader() -> None:
    assert in_the_engine("yaml.safe_load") == {"slipway/release/project_files.py"}
    text_that_is_no_file_yet = {"slipway/cli/init_files.py", "slipway/cli/adopt.py"}
    parsers = {"slipway/release/declared.py", *text_that_is_no_file_yet}
    assert in_the_engine("slipway.release.manifest.load.parse") == parsers
    by_a_path_that_a_person_names = {"slipway/cli/attest_io.py"}
    assert in_the_engine("slipway.release.manifest.load.load") == by_a_path_that_a_person_names
    assert in_the_engine("slipway.release.records.journal.read_head") == {"slipway/rollout/record.py"}


def test_findings_of_gates_are_made_in_one_place() -> None:
    rooms = (ROOT / "slipway" / "release", ROOT / "policies")
    makers = {
        str(path.relative_to(ROOT))
        for path in SOURCES
        if any(path.is_relative_to(room) for room in rooms) and "Finding" in calls(path)
    }
    assert makers == {"slipway/release/findings.py"}


def calls(path: Path) -> set[str]:
    """The names that a file calls."""
    return {ast.unparse(node.func) for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)}


def test_the_engine_needs_no_folder_of_the_program_but_to_test_policies_and_to_construct_components() -> None:
    inside = {path for folder in ("components", "policies") for path in users(folder) if path.startswith("slipway/")}
    assert inside == {"slipway/cli/policy.py", "slipway/plugin/construct.py"}


def test_the_program_stays_short() -> None:
    assert len((ROOT / "__main__.py").read_text().splitlines()) < 60


UNCLEAR_SUBJECTS = re.compile(r"\b(whoever|somebody|nobody|everybody)\b", re.IGNORECASE)
"""They hide who acts: write operator, user, process, another writer, or say it in the passive."""


def test_the_prose_of_the_code_names_who_acts() -> None:
    rooms = [ROOT / room for room in ("components", "policies", "slipway")]
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in SOURCES
        if any(path.is_relative_to(room) for room in rooms)
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if UNCLEAR_SUBJECTS.search(line)
    ]
    assert found == []
