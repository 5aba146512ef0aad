"""Small pieces of HTML, each safe whatever the text in it says. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from typing import NewType

from slipway.release.findings import plain

LONGEST = 600

Html = NewType("Html", str)
"""Markup that was made here."""


def safe(text: object) -> Html:
    """What a journal, a manifest or a cluster says is text and nothing else."""
    return Html(escape(plain(str(text), LONGEST), quote=True))


def joined(*parts: str) -> Html:
    """Several pieces."""
    return Html("".join(parts))


def moment(at: float, *, day: bool = False) -> Html:
    """A time in UTC; the page's script adds how long ago that was."""
    utc = datetime.fromtimestamp(at, UTC)
    text = utc.strftime("%Y-%m-%d %H:%M UTC" if day else "%H:%M:%S UTC")
    return Html(f'<time datetime="{utc.isoformat(timespec="seconds")}">{text}</time>')


def pill(text: str, kind: str) -> Html:
    """A word with a colour and a sign: `good`, `bad`, `warn` or `plain`."""
    return Html(f'<span class="pill {safe(kind)}">{safe(text)}</span>')


def meter(evidence: float, threshold: float) -> Html:
    """Evidence against its threshold as a bar with its numbers. Logarithmic, as evidence multiplies: full is the
    threshold."""
    if threshold <= 1:
        return Html("not tested")
    part = math.log(max(1.0, evidence)) / math.log(threshold)
    width = 100 * min(1.0, part)
    kind = "bad" if part >= 1 else "warn" if part >= 0.5 else "calm"
    return Html(
        f'<svg class="meter" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="empty" width="100" height="8"/><rect class="{kind}" width="{width:.1f}" height="8"/></svg>'
        f"<span>{evidence:.3g} of {threshold:.3g}</span>"
    )


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell; a `head` names its row."""

    html: str
    head: bool = False


def table(caption: str, columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> Html:
    """A table that becomes a list of cards on a narrow screen, and stays a table for screen readers."""
    head = "".join(f'<th role="columnheader" scope="col">{safe(name)}</th>' for name in columns)
    body = "".join(f'<tr role="row">{_cells(columns, row)}</tr>' for row in rows)
    return Html(
        f'<table role="table"><caption class="hidden">{safe(caption)}</caption>'
        f'<thead role="rowgroup"><tr role="row">{head}</tr></thead><tbody role="rowgroup">{body}</tbody></table>'
    )


def _cells(columns: Sequence[str], row: Sequence[Cell]) -> str:
    made = []
    for name, cell in zip(columns, row, strict=True):
        if cell.head:
            made.append(f'<th role="rowheader" scope="row" data-label="{safe(name)}">{cell.html}</th>')
        else:
            made.append(f'<td role="cell" data-label="{safe(name)}"><div>{cell.html}</div></td>')
    return "".join(made)
