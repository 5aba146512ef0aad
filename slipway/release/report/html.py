"""A report as one HTML file: no script, no request to any network, readable on a phone and in print. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import singledispatch
from html import escape
from itertools import groupby

from slipway.release.findings import plain
from slipway.release.report.document import Block, Document, Facts, Items, Marks, Plot, Table, Text
from slipway.release.report.style import PALETTE, PLOTS, STACKED
from slipway.release.report.svg import as_svg

LONGEST = 2000
STYLE = """
*{box-sizing:border-box}
body{font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;color:var(--ink);
background:var(--paper);margin:0 auto;max-width:60rem;padding:1rem;overflow-wrap:anywhere}
h1{font-size:1.5rem;margin:.2rem 0}h2{font-size:1.15rem;margin:2rem 0 .5rem;border-bottom:2px solid var(--line)}
.ending{display:inline-block;padding:.1rem .6rem;border-radius:1rem;font-weight:600;
font-size:.95rem;vertical-align:middle;color:var(--on);background:var(--warn)}
.committed .ending{background:var(--good)}.aborted .ending,.refused .ending{background:var(--bad)}
.headline{font-size:1.1rem;font-weight:600}
dl{display:grid;grid-template-columns:minmax(7rem,11rem) 1fr;gap:.15rem 1rem;margin:.6rem 0}
dt{color:var(--soft)}dd{margin:0}
.wide{overflow-x:auto;margin:.6rem 0}
table{border-collapse:collapse;width:100%;font-size:.9rem}
th,td{text-align:left;vertical-align:top;padding:.25rem .6rem .25rem 0;border-bottom:1px solid var(--line);
overflow-wrap:normal;min-width:3.5rem}
th{color:var(--soft);font-weight:600}
.marks{display:flex;flex-wrap:wrap;gap:.3rem;margin:.6rem 0;padding:0;list-style:none}
.marks li{border:1px solid var(--line);border-radius:.3rem;padding:0 .4rem;font-size:.85rem}
.marks .good::before{content:"\\2713\\00a0";color:var(--good)}.marks .bad{border-color:var(--bad)}
.marks .bad::before{content:"!\\00a0";color:var(--bad);font-weight:700}
footer{margin-top:2rem;color:var(--soft);font-size:.8rem}
@media(min-width:34.01rem){tbody td:first-child{white-space:nowrap}}
@media(max-width:34rem){body{padding:.7rem}dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:.4rem}
tr{padding:.4rem 0;border-bottom:1px solid var(--line)}}
@media print{html{font-size:11px}body{max-width:none;font-size:11px}
h2{break-after:avoid;margin-top:1rem}.wide{overflow:visible}
tr{break-inside:avoid}
.plots{grid-template-columns:1fr 1fr}
.ending{border:1px solid var(--ink);color:var(--ink)!important;background:none!important}}
"""

NARROW = f"@media screen and (max-width:34rem){{{STACKED}}}"


def as_html(document: Document) -> str:
    """The whole file."""
    parts = "".join(
        f"<section><h2>{_safe(section.title)}</h2>{_blocks(section.blocks)}</section>" for section in document.sections
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{_safe(document.title)}: {_safe(document.ending)}</title>"
        f"<style>{PALETTE}{PLOTS}{STYLE}{NARROW}</style></head>"
        f'<body class="{_class(document.ending)}"><header><h1>{_safe(document.title)} '
        f'<span class="ending">{_safe(document.ending)}</span></h1>'
        f'<p class="headline">{_safe(document.headline)}</p></header>'
        f"<section>{_blocks(document.lead)}</section>{parts}<footer>{_safe(document.foot)}</footer></body></html>\n"
    )


def _class(ending: str) -> str:
    """The words of an ending as one name: "committed, rolled back" is not "committed"."""
    return "-".join(re.findall(r"[a-z]+", ending))


def _blocks(blocks: Iterable[Block]) -> str:
    """Plots that follow each other stand side by side where there is room."""
    made = []
    for plots, run in groupby(blocks, lambda block: isinstance(block, Plot)):
        rendered = "".join(map(_render, run))
        made.append(f'<div class="plots">{rendered}</div>' if plots else rendered)
    return "".join(made)


@singledispatch
def _render(block: object) -> str:
    raise TypeError(f"no block: {block!r}")


@_render.register
def _(block: Text) -> str:
    return f"<p>{_safe(block.text)}</p>"


@_render.register
def _(block: Facts) -> str:
    return f"<dl>{''.join(f'<dt>{_safe(name)}</dt><dd>{_safe(value)}</dd>' for name, value in block.rows)}</dl>"


@_render.register
def _(block: Table) -> str:
    if not block.rows:
        return f"<p>{_safe(block.head[0])}: {_safe(block.empty)}.</p>"
    head = "".join(f'<th role="columnheader" scope="col">{_safe(cell)}</th>' for cell in block.head)
    rows = "".join(f'<tr role="row">{_cells(block.head, row)}</tr>' for row in block.rows)
    return (
        f'<div class="wide"><table role="table"><thead role="rowgroup"><tr role="row">{head}</tr></thead>'
        f'<tbody role="rowgroup">{rows}</tbody></table></div>'
    )


def _cells(head: Sequence[str], row: Sequence[str]) -> str:
    pairs = zip(head, row, strict=True)
    return "".join(f'<td role="cell" data-label="{_safe(name)}"><div>{_safe(cell)}</div></td>' for name, cell in pairs)


@_render.register
def _(block: Items) -> str:
    if not block.items:
        return f"<p>{_safe(block.empty[:1].upper() + block.empty[1:])}.</p>"
    return f"<ul>{''.join(f'<li>{_safe(item)}</li>' for item in block.items)}</ul>"


@_render.register
def _(block: Marks) -> str:
    marks = "".join(f'<li class="{_safe(kind)}">{_safe(text)}</li>' for text, kind in block.marks)
    return f'<ul class="marks">{marks}</ul>'


@_render.register
def _(block: Plot) -> str:
    return as_svg(block)


def _safe(text: str) -> str:
    """What a manifest or a journal says is text and nothing else."""
    return escape(plain(text, LONGEST))
