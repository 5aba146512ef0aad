"""The links of the documents lead somewhere, and README's commands exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from slipway.cli.main import COMMANDS

ROOT = Path(__file__).parents[3]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "releases").rglob("*.md")])
LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)\s]+))?\)")


def headings(text: str) -> set[str]:
    """The anchors of a document, as forges make them from headings, and those that are written out."""
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    made = {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}
    return made | set(re.findall(r'<a id="([^"]+)">', text))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_to_a_file_and_a_heading_that_are_there(document: Path) -> None:
    for target, anchor in LINK.findall(document.read_text()):
        if "://" in target:
            continue
        path = (document.parent / target).resolve() if target else document
        assert path.exists(), f"{document.name}: {target}"
        if anchor and path.suffix == ".md":
            assert anchor in headings(path.read_text()), f"{document.name}: {target}#{anchor}"


def test_the_commands_that_readme_shows_exist() -> None:
    shown = re.findall(r"\bslipway ([a-z-]+)", (ROOT / "README.md").read_text())
    assert {"init", "example", "gates", "attest", "sandbox"} <= set(shown)
    assert set(shown) <= set(COMMANDS)
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z-]+)", (ROOT / "README.md").read_text())) <= targets


def test_the_architecture_names_every_room() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    rooms = [path.name for path in ROOT.iterdir() if (path / "__init__.py").is_file()]
    inner = [path.name for path in (ROOT / "slipway").iterdir() if (path / "__init__.py").is_file()]
    assert {"components", "policies", "slipway", "sandbox"} <= set(rooms)
    for name in [*(room for room in rooms if room != "slipway"), *(f"slipway/{room}" for room in inner)]:
        assert f"`{name}/`" in text, name
