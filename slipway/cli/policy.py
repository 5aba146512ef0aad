"""`slipway policy`: the rules of the pack, and their tests from fixtures."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as Xml

import click

from slipway.cli.options import show, with_json
from slipway.release.errors import SlipwayError

if TYPE_CHECKING:
    from policies.harness import Outcome


@click.group()
def policy() -> None:
    """The rules of the policy pack."""


@policy.command(name="list")
@with_json
def list_rules(as_json: bool) -> None:
    """Every rule: its name, severity, the rows of the framework, what it asks for, and the types that it reads."""
    from policies.gates import RULES

    if as_json:
        show(
            {
                "rules": [
                    {
                        "name": rule.gate.name,
                        "title": rule.gate.title,
                        "severity": rule.gate.severity,
                        "rows": list(rule.gate.rows),
                        "remedy": rule.gate.remedy,
                        "url": rule.gate.url,
                        "types": list(rule.types),
                    }
                    for rule in RULES.values()
                ]
            }
        )
        return
    for rule in RULES.values():
        click.echo(f"{rule.gate.name:20}{rule.gate.severity:10}{', '.join(rule.gate.rows):12}{rule.gate.title}")


@policy.command()
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--format", "form", type=click.Choice(["text", "json", "junit"]), default="text", show_default=True)
@click.option("-v", "--verbose", is_flag=True, help="Show cases that pass, and what the rules said.")
def test(paths: tuple[Path, ...], form: str, verbose: bool) -> None:
    """Run fixtures: files, or folders of *.yaml; policies/fixtures when left out. Exit code 1 unless all pass."""
    from policies.harness import run

    outcomes: list[Outcome] = []
    unusable: dict[str, str] = {}
    for file in _files(paths or (Path("policies/fixtures"),)):
        try:
            outcomes += run(file)
        except SlipwayError as error:
            unusable[str(file)] = str(error)
    passed = all(outcome.passed for outcome in outcomes) and not unusable
    if form == "json":
        errors = list(unusable.values())
        show({"ok": passed and bool(outcomes), "cases": [_values(outcome) for outcome in outcomes], "errors": errors})
    else:
        click.echo(_junit(outcomes, unusable) if form == "junit" else _text(outcomes, verbose=verbose))
    for said in unusable.values():
        click.echo(f"error: {said}", err=True)
    if not outcomes and not unusable:
        raise click.ClickException("no fixtures found: write *.yaml files with rule and cases")
    sys.exit(0 if passed else 1)


def _files(paths: Sequence[Path]) -> list[Path]:
    return [file for path in paths for file in (sorted(path.glob("*.yaml")) if path.is_dir() else [path])]


def _text(outcomes: Sequence[Outcome], *, verbose: bool) -> str:
    lines = []
    for one in outcomes:
        if one.passed and not verbose:
            continue
        lines.append(f"{'ok    ' if one.passed else 'FAILED'} {one.rule}: {one.name}")
        if not one.passed:
            lines.append(f"       {one.file}: expected {_codes(one.expected)}, found {_codes(one.found)}")
        lines += [f"       {message}" for message in one.messages]
    failed = sum(not one.passed for one in outcomes)
    rules = len({one.rule for one in outcomes})
    return "\n".join([*lines, f"{len(outcomes)} cases of {rules} rules, {failed} failed"])


def _codes(codes: Sequence[str]) -> str:
    return ", ".join(codes) or "nothing"


def _values(one: Outcome) -> dict[str, object]:
    return {
        "file": one.file,
        "rule": one.rule,
        "name": one.name,
        "passed": one.passed,
        "expected": list(one.expected),
        "found": list(one.found),
        "messages": list(one.messages),
    }


def _junit(outcomes: Sequence[Outcome], unusable: Mapping[str, str]) -> str:
    failed = [one for one in outcomes if not one.passed]
    counts = {"tests": len(outcomes) + len(unusable), "failures": len(failed), "errors": len(unusable)}
    suite = Xml.Element("testsuite", {"name": "policies"} | {name: str(count) for name, count in counts.items()})
    for one in outcomes:
        gate_input = Xml.SubElement(suite, "testcase", classname=one.rule, name=one.name)
        if not one.passed:
            said = f"expected {_codes(one.expected)}, found {_codes(one.found)}"
            Xml.SubElement(gate_input, "failure", message=said).text = json.dumps(list(one.messages), indent=1)
    for file, said in unusable.items():
        gate_input = Xml.SubElement(suite, "testcase", classname="fixtures", name=file)
        Xml.SubElement(gate_input, "error", message="the fixture cannot be used").text = said
    Xml.indent(suite)
    return Xml.tostring(suite, encoding="unicode", xml_declaration=True)
