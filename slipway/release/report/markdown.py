"""A report as Markdown. A plot becomes a line of bars. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import singledispatch

from slipway.release.findings import plain
from slipway.release.report.document import (
    Block,
    Curve,
    Document,
    Facts,
    Items,
    Marks,
    Plot,
    Table,
    Text,
    show_value,
)
from slipway.release.report.words import sparkline

WIDTH = 40
"""Bars of one plot at most."""
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|#])")
LONGEST = 2000


def as_markdown(document: Document) -> str:
    """For a pull request, a ticket or a wiki."""
    lines = [f"# {_safe(document.title)}: {_safe(document.ending)}", "", f"**{_safe(document.headline)}**", ""]
    lines += _blocks(document.lead)
    for section in document.sections:
        lines += [f"## {_safe(section.title)}", "", *_blocks(section.blocks)]
    lines += ["---", _safe(document.foot)]
    return "\n".join(lines) + "\n"


def _blocks(blocks: Iterable[Block]) -> Iterator[str]:
    for block in blocks:
        yield from _render(block)
        yield ""


@singledispatch
def _render(block: object) -> Iterator[str]:
    raise TypeError(f"no block: {block!r}")


@_render.register
def _(block: Text) -> Iterator[str]:
    yield _safe(block.text)


@_render.register
def _(block: Facts) -> Iterator[str]:
    for name, value in block.rows:
        yield f"- **{_safe(name)}**: {_safe(value)}"


@_render.register
def _(block: Table) -> Iterator[str]:
    if not block.rows:
        yield _safe(f"{block.head[0]}: {block.empty}.")
        return
    yield _row(block.head)
    yield _row(["---"] * len(block.head), safe=False)
    for row in block.rows:
        yield _row(row)


@_render.register
def _(block: Items) -> Iterator[str]:
    if not block.items:
        yield _safe(f"{block.empty[:1].upper()}{block.empty[1:]}.")
    for item in block.items:
        yield f"- {_safe(item)}"


@_render.register
def _(block: Marks) -> Iterator[str]:
    signs = {"good": "✓", "bad": "✗"}
    yield ", ".join(f"{signs.get(kind, '·')} {_safe(text)}" for text, kind in block.marks) or "No gates."


@_render.register
def _(block: Plot) -> Iterator[str]:
    yield f"{_safe(block.title)}:"
    yield ""
    top = max((value for curve in block.curves for value in curve.values if value is not None), default=0.0)
    for curve in block.curves:
        yield f"- `{sparkline(curve.values, top, WIDTH)}` {_safe(curve.name)}, {_span(curve, block.unit)}"


def _span(curve: Curve, unit: str) -> str:
    known = [value for value in curve.values if value is not None]
    return f"{show_value(min(known), unit)} to {show_value(max(known), unit)}" if known else "nothing measured"


def _row(cells: Iterable[str], *, safe: bool = True) -> str:
    return f"| {' | '.join(_safe(cell) if safe else cell for cell in cells)} |"


def _safe(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", plain(text, LONGEST))
